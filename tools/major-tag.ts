import { execFileSync } from 'node:child_process';

/**
 * Prints `true` if the major tag must move to a release, or `false` if it already points at a later one. Reads the tags of the
 * current repository, which must have all of them. Usage: `node tools/major-tag.ts v1.2.3`
 */
interface Tag {
  readonly name: string;
  readonly commit: string;
}

const tag = process.argv[2] ?? '';
const version = versionOf(tag);
if (version === undefined) fail(`The tag ${JSON.stringify(tag)} does not have the form v1.2.3.`);
const major = `v${version[0]}`;
const tags = readTags();
const current = tags.find(({ name }) => name === major);
const there = tags
  .filter(({ name, commit }) => commit === current?.commit && versionOf(name)?.[0] === version[0])
  .map(({ name }) => versionOf(name)!)
  .sort(compare)
  .at(-1);

if (current !== undefined && there === undefined)
  fail(`The tag ${major} points at ${current.commit}, which has no release tag. Point it at a release first.`);
const isBackwards = there !== undefined && compare(there, version) > 0;
if (isBackwards) console.error(`${major} stays at v${there.join('.')}, which is later than ${tag}.`);
console.log(String(!isBackwards));

/** Returns every tag with its commit; annotated tags are resolved. */
function readTags(): Tag[] {
  const format = '%(refname:lstrip=2) %(objectname) %(*objectname)';
  const lines = execFileSync('git', ['for-each-ref', `--format=${format}`, 'refs/tags'], { encoding: 'utf8' });
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name, object, peeled] = line.split(' ');
      return { name: name!, commit: peeled || object! };
    });
}

function versionOf(name: string): number[] | undefined {
  const [, ...parts] = /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(name) ?? [];
  return parts.length === 0 ? undefined : parts.map(Number);
}

function compare(a: readonly number[], b: readonly number[]): number {
  return a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!;
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
