import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { declaredDefaults } from './support/declared.ts';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** The text from a heading to the first paragraph after its table. */
function section(heading: string): string {
  const start = readme.indexOf(heading);
  return readme.slice(start, readme.indexOf('\nOutputs:', start));
}

test('the table of inputs names every input with its default', () => {
  const rows = [...section('## Inputs').matchAll(/^\| `([a-z-]+)` \| (.*?) \| .+ \|$/gm)].map(([, name, value]) => [
    name,
    value,
  ]);
  const expected = Object.entries(declaredDefaults).map(([name, value]) => {
    const required = name === 'archive' || name === 'staging';
    return [name, required ? 'required' : value === '' ? '' : `\`${value}\``];
  });
  expect(rows).toEqual(expected);
});
