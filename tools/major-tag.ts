import { execFileSync } from 'node:child_process';

export interface Tag {
  readonly name: string;
  readonly commit: string;
}

/**
 * Decides whether the major tag of a release, such as `v1`, moves to it. It stays if it already points at a later release.
 * @param tags all tags of the repository
 * @param tag the release's tag, such as `v1.2.3`
 * @throws Error if the tag is not a release's, or the major tag points at no release
 */
export function moveOf(tags: readonly Tag[], tag: string): { readonly moves: boolean; readonly reason?: string } {
  const version = versionOf(tag);
  if (version === undefined) throw new Error(`The tag ${JSON.stringify(tag)} does not have the form v1.2.3.`);
  const major = `v${version[0]}`;
  const current = tags.find(({ name }) => name === major);
  if (current === undefined) return { moves: true };
  const latest = tags
    .filter(({ name, commit }) => commit === current.commit && versionOf(name)?.[0] === version[0])
    .map(({ name }) => versionOf(name)!)
    .sort(compare)
    .at(-1);
  if (latest === undefined)
    throw new Error(
      `The tag ${major} points at ${current.commit}, which has no release tag. Point it at a release first.`,
    );
  if (compare(latest, version) <= 0) return { moves: true };
  return { moves: false, reason: `${major} stays at v${latest.join('.')}, which is later than ${tag}.` };
}

/** Returns every tag of the current repository with its commit; annotated tags are resolved. */
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

/** Prints `true` or `false` for the tag given as argument. The current repository must have all tags. */
function main(): void {
  try {
    const { moves, reason } = moveOf(readTags(), process.argv[2] ?? '');
    if (reason !== undefined) console.error(reason);
    console.log(String(moves));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

if (import.meta.main) main();
