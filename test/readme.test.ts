import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked, type Tokens } from 'marked';
import { describe, expect, it, test } from 'vitest';
import { readmeFrom, referenceFrom, workflowFrom } from '../tools/action-docs.ts';
import { declaredDefaults } from './support/declared.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const action = read('action.yml');
const workflow = read('.github/workflows/archive.yml');
const reference = read('docs/inputs.md');

const linesMax = 230;
const firstScreenLines = 40;

/** The cells of the table below a heading, a row each, as Markdown. */
function tableBelow(heading: string): string[][] {
  const tokens = marked.lexer(readme);
  const start = tokens.findIndex((token) => token.type === 'heading' && token.text === heading);
  const table = tokens.slice(start).find((token) => token.type === 'table') as Tokens.Table;
  return table.rows.map((row) => row.map(({ text }) => text));
}

describe('README.md', () => {
  it('is short, and shows how to use the action on its first screen', () => {
    const lines = readme.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(linesMax);
    expect(lines.findIndex((line) => line.includes('uses:'))).toBeLessThan(firstScreenLines);
  });

  it('names every input, required inputs first', () => {
    const rows = tableBelow('Inputs');
    expect(rows.slice(1, 3).map((cells) => cells.slice(0, 2))).toEqual([
      ['`archive`', 'required'],
      ['`staging`', 'required'],
    ]);
    const named = rows.flatMap(([name, , description]) => (name!.startsWith('`') ? [name!] : description!.split(', ')));
    expect(new Set(named.map((name) => name.replaceAll('`', '')).filter((name) => name !== ''))).toEqual(
      new Set(Object.keys(declaredDefaults)),
    );
  });

  it('lists every output', () => {
    const declared = [...action.slice(action.indexOf('\noutputs:')).matchAll(/^ {2}([a-z-]+):$/gm)];
    expect(tableBelow('Outputs').map(([name]) => name)).toEqual(declared.map(([, name]) => `\`${name}\``));
  });
});

describe('docs/inputs.md', () => {
  it('describes every input with its default', () => {
    const rows = [...reference.matchAll(/^\| `([a-z-]+)` \| (.*?) \| .{10,} \|$/gm)];
    const listed = new Map(rows.map(([, name, standard]) => [name!, standard!]));
    expect(new Set(listed.keys())).toEqual(new Set(Object.keys(declaredDefaults)));
    for (const [name, value] of Object.entries(declaredDefaults))
      if (value !== '' && name !== 'github-token') expect(listed.get(name), name).toBe(`\`${value}\``);
  });
});

describe('npm run docs', () => {
  it('has nothing to change', () => {
    expect(readmeFrom(action, readme)).toBe(readme);
    expect(referenceFrom(action)).toBe(reference);
    expect(workflowFrom(action, workflow)).toBe(workflow);
  });

  it('copies a changed description to README.md and archive.yml', () => {
    const changed = action.replace('Number of concurrent requests:', "Pages that 'fly' at once:");
    expect(readmeFrom(changed.replaceAll("'fly'", "''fly''"), readme)).toContain(
      "| Pages that 'fly' at once: 1 to 64. |",
    );
    expect(workflowFrom(changed.replaceAll("'fly'", "''fly''"), workflow)).toContain(
      "description: 'Pages that ''fly'' at once: 1 to 64. Default: `5`.'",
    );
  });

  it('names no values for a flag that a workflow declares as boolean', () => {
    expect(workflow).toContain(
      `'Print the plan and write nothing, for \`plan\`, \`export\` and \`run\`. Default: \`false\`.'`,
    );
  });

  test.each([
    ['README.md without markers', () => readmeFrom(action, readme.replace('<!-- end of inputs -->', '')), 'markers'],
    ['archive.yml without markers', () => workflowFrom(action, workflow.replaceAll('# Generated', '#')), 'markers'],
    [
      'archive.yml with an input that action.yml lacks',
      () => workflowFrom(action, workflow.replaceAll('      api-total:', '      api-sum:')),
      'api-sum',
    ],
  ])('refuses %s', (_, generate, named) => {
    expect(generate).toThrow(named);
  });
});
