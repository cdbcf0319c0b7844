import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const { INPUT_REPOSITORY: repository = '', INPUT_REF: ref, INPUT_PATH: path = '.' } = process.env;
/** If this variable names a folder that does not exist yet, a leg fails before it starts, as with a lost runner. */
const { STAND_IN_LOST_LEG: lost, GITHUB_JOB: job } = process.env;
if (lost && job === 'export' && !existsSync(lost)) {
  mkdirSync(lost);
  process.exit(1);
}
const folders: Record<string, string> = JSON.parse(process.env.STAND_IN_REPOSITORIES ?? '{}');
const folder = folders[repository];

if (folder === undefined) {
  console.log(`::error::Not found: the repository ${repository}.`);
  process.exit(1);
}
const target = join(process.env.GITHUB_WORKSPACE ?? '.', path);
execFileSync('git', ['clone', '--quiet', '--shared', folder, target]);
if (ref) execFileSync('git', ['-C', target, 'checkout', '--quiet', ref], { stdio: ['ignore', 'ignore', 'inherit'] });
console.log(`Checked out ${repository} at ${ref || 'its newest commit'} into ${path}.`);
