import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeSchema } from '../src/archive/schema.ts';
import { declaredDefaults } from './support/declared.ts';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** The text from a heading to the first paragraph after its table. */
function section(heading: string): string {
  const start = readme.indexOf(heading);
  return readme.slice(start, readme.indexOf('\nOutputs:', start));
}

const athenaTypes: Readonly<Record<string, string>> = {
  string: 'string',
  timestamp: 'timestamp',
  int32: 'int',
  list: 'array<struct<alert_id: string, status: string>>',
};

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

test("Athena's table has the writer's columns", () => {
  const ddl = /CREATE EXTERNAL TABLE messages \(\n([\s\S]*?)\n\)/.exec(readme)![1]!;
  const columns = ddl
    .split('\n')
    .filter((line) => !line.includes('--'))
    .map((line) => line.trim().replace(/,$/, '').replaceAll('`', ''));
  const expected = describeSchema({ columns: [] })
    .split(', ')
    .map((column) => column.split(' ') as [string, string])
    .map(([name, type]) => `${name} ${athenaTypes[type]}`);
  expect(columns).toEqual(expected);
});
