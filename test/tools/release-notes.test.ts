import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function notes(tag: string) {
  return spawnSync(process.execPath, [join(root, 'tools', 'release-notes.ts'), tag], { encoding: 'utf8' });
}

test('the release notes are the section of the changelog', () => {
  const { status, stdout } = notes(`v${version}`);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^- \S/);
  expect(stdout).not.toContain('## ');
  expect(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).toContain(`## ${version}\n\n${stdout.trim()}`);
});

test('a tag that differs from the version is rejected', () => {
  expect(notes('v0.0.1')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: `The tag is "v0.0.1", but the version in package.json is ${version}. Tag the commit as v${version}.\n`,
  });
});
