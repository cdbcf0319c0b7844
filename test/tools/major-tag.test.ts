import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { moveOf, type Tag } from '../../tools/major-tag.ts';
import { testFolder } from '../support/folders.ts';

const script = join(import.meta.dirname, '..', '..', 'tools', 'major-tag.ts');

/** The tags of a repository whose commits have these names. */
function tagsOf(commits: readonly (readonly string[])[]): Tag[] {
  return commits.flatMap((names, commit) => names.map((name) => ({ name, commit: `commit-${commit}` })));
}

it.each<[string, string[][], string]>([
  ['to the first release', [['v1.0.0']], 'v1.0.0'],
  ['to a later release', [['v1.0.0', 'v1'], ['v1.0.1']], 'v1.0.1'],
  ['to a later release, compared by number', [['v1.9.0', 'v1'], ['v1.10.0']], 'v1.10.0'],
  ['to the release where it already is', [['v1.0.0', 'v1']], 'v1.0.0'],
  ['to a release before a tag that was never released', [['v1.1.0', 'v1'], ['v1.3.0'], ['v1.2.0']], 'v1.2.0'],
  ['to the first release of a new major version', [['v1.9.0', 'v1'], ['v2.0.0']], 'v2.0.0'],
])('the major tag moves %s', (_, commits, tag) => {
  expect(moveOf(tagsOf(commits), tag)).toEqual({ moves: true });
});

it.each<[string, string[][], string, string]>([
  ['a patch of an earlier minor version', [['v1.3.0', 'v1'], ['v1.2.4']], 'v1.2.4', 'v1.3.0'],
  ['an earlier release that is published again', [['v1.2.0'], ['v1.10.0', 'v1']], 'v1.2.0', 'v1.10.0'],
])('the major tag never moves back to %s', (_, commits, tag, later) => {
  const reason = `v1 stays at ${later}, which is later than ${tag}.`;
  expect(moveOf(tagsOf(commits), tag)).toEqual({ moves: false, reason });
});

it('a major tag that points at no release is an error', () => {
  expect(() => moveOf(tagsOf([['v1.0.0'], ['v1'], ['v1.1.0']]), 'v1.1.0')).toThrow('points at commit-1');
});

it.each(['', 'v1', '1.2.3', 'v1.2.3-rc.1', 'v01.2.3', 'v1.2.3\nv9.9.9'])('the tag %j is rejected', (tag) => {
  expect(() => moveOf(tagsOf([['v1.0.0']]), tag)).toThrow('does not have the form v1.2.3');
});

it('the script reads lightweight and annotated tags from Git', async () => {
  const cwd = await testFolder();
  const git = (...parameters: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...parameters], { cwd });
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '-m', 'first');
  git('tag', '-m', 'annotated', 'v1.9.0');
  git('tag', '-m', 'annotated', 'v1');
  git('commit', '--quiet', '--allow-empty', '-m', 'second');
  git('tag', 'v1.10.0');
  git('tag', 'v1.2.0');
  const run = (tag: string) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, tag], { cwd, encoding: 'utf8' });
    return [status, stdout, stderr];
  };
  expect(run('v1.10.0')).toEqual([0, 'true\n', '']);
  expect(run('v1.2.0')).toEqual([0, 'false\n', 'v1 stays at v1.9.0, which is later than v1.2.0.\n']);
  expect(run('v1')).toEqual([1, '', 'The tag "v1" does not have the form v1.2.3.\n']);
});
