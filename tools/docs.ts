import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readmeFrom, workflowFrom } from './action-docs.ts';

/** Copies descriptions from action.yml to README.md and archive.yml; with `--check`, fails if either differs. */
const root = join(import.meta.dirname, '..');
const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const action = readFileSync(join(root, 'action.yml'), 'utf8');

const outdated = (
  [
    ['README.md', readmeFrom],
    ['.github/workflows/archive.yml', workflowFrom],
  ] as const
).filter(([file, generate]) => {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const after = generate(action, before);
  if (!check && after !== before) writeFileSync(path, after);
  return after !== before;
});

if (check && outdated.length > 0) {
  const files = outdated.map(([file]) => file).join(' and ');
  console.error(`${files} differ from action.yml: run \`npm run docs\` and commit the result.`);
  process.exitCode = 1;
}
