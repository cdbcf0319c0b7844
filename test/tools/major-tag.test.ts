import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testFolder } from '../support/folders.ts';

const script = join(import.meta.dirname, '..', '..', 'tools', 'major-tag.ts');

/** A repository with a commit for each list of tags, in their order; those that begin with `@` are annotated. */
async function repository(...commits: string[][]): Promise<string> {
  const folder = await testFolder();
  const git = (...parameters: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...parameters], { cwd: folder });
  git('init', '--quiet');
  for (const tags of commits) {
    git('commit', '--quiet', '--allow-empty', '-m', tags.join(' '));
    for (const tag of tags) {
      if (tag.startsWith('@')) git('tag', '-m', tag, tag.slice(1));
      else git('tag', tag);
    }
  }
  return folder;
}

function moves(cwd: string, tag: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, tag], { cwd, encoding: 'utf8' });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

it.each<[string, string[][], string]>([
  ['to the first release', [['v1.0.0']], 'v1.0.0'],
  ['to a later release', [['v1.0.0', 'v1'], ['v1.0.1']], 'v1.0.1'],
  ['to a later release, by number', [['v1.9.0', 'v1'], ['v1.10.0']], 'v1.10.0'],
  ['to a later release, from an annotated tag', [['@v1.9.0', '@v1'], ['@v1.10.0']], 'v1.10.0'],
  ['where it is already', [['v1.0.0', 'v1']], 'v1.0.0'],
  ['past a later tag that was never released', [['v1.1.0', 'v1'], ['v1.3.0'], ['v1.2.0']], 'v1.2.0'],
  ['of another major version', [['v1.9.0', 'v1'], ['v2.0.0']], 'v2.0.0'],
])('the major tag moves %s', async (_, commits, tag) => {
  expect(moves(await repository(...commits), tag)).toEqual({ status: 0, stdout: 'true', stderr: '' });
});

it.each<[string, string[][], string, string]>([
  ['a patch of an earlier minor version', [['v1.3.0', 'v1'], ['v1.2.4']], 'v1.2.4', 'v1.3.0'],
  ['an earlier release that is published again', [['v1.2.0'], ['v1.10.0', '@v1']], 'v1.2.0', 'v1.10.0'],
])('the major tag never moves backwards, to %s', async (_, commits, tag, later) => {
  expect(moves(await repository(...commits), tag)).toEqual({
    status: 0,
    stdout: 'false',
    stderr: `v1 stays at ${later}, which is later than ${tag}.`,
  });
});

it('a major tag that points at no release is not moved', async () => {
  const { status, stdout, stderr } = moves(await repository(['v1.0.0'], ['v1'], ['v1.1.0']), 'v1.1.0');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(
    /^The tag v1 points at [0-9a-f]{40}, which no release tag names: point it at a release first\.$/,
  );
});

it.each(['', 'v1', '1.2.3', 'v1.2.3-rc.1', 'v01.2.3', 'v1.2.3\nv9.9.9'])('the tag %j is refused', async (tag) => {
  expect(moves(await repository(['v1.0.0']), tag)).toMatchObject({ status: 1, stdout: '' });
});
