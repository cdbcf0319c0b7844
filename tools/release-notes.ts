import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Prints the changelog's section for a tag such as `v1.2.3`. Fails if the tag differs from the version in package.json. */
const root = join(import.meta.dirname, '..');
const tag = process.argv[2] ?? '';
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const section = changelog.split(/^## /m).find((text) => text.startsWith(`${version}\n`));

if (tag !== `v${version}`)
  fail(
    `The tag is ${JSON.stringify(tag)}, but the version in package.json is ${version}. Tag the commit as v${version}.`,
  );
if (section === undefined) fail(`CHANGELOG.md has no section "## ${version}". Add it.`);
console.log(section.slice(version.length).trim());

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
