import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readmeFrom, referenceFrom, workflowFrom } from './action-docs.ts';

/** Copies descriptions from action.yml to README.md, docs/inputs.md and archive.yml; with `--check`, fails if one differs. */
const root = join(import.meta.dirname, '..');
const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const action = readFileSync(join(root, 'action.yml'), 'utf8');

const outdated = (
  [
    ['README.md', readmeFrom],
    ['docs/inputs.md', referenceFrom],
    ['.github/workflows/archive.yml', workflowFrom],
  ] as const
).filter(([file, generate]) => {
  const path = join(root, file);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const after = generate(action, before);
  if (!check && after !== before) writeFileSync(path, after);
  return after !== before;
});

if (check && outdated.length > 0) {
  const files = outdated.map(([file]) => file).join(', ');
  console.error(`Not generated from this action.yml: ${files}. Run \`npm run docs\` and commit the result.`);
  process.exitCode = 1;
}
