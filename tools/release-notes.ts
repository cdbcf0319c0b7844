import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Prints what the changelog says of the version that a tag names, `v1.2.3`; fails where that is not the source's version. */
const root = join(import.meta.dirname, '..');
const tag = process.argv[2] ?? '';
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const section = changelog.split(/^## /m).find((text) => text.startsWith(`${version}\n`));

if (tag !== `v${version}`)
  fail(`The tag is ${JSON.stringify(tag)}, but package.json says ${version}: tag the commit as v${version}.`);
if (section === undefined) fail(`CHANGELOG.md has no section "## ${version}": write what is new in it.`);
console.log(section.slice(version.length).trim());

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
