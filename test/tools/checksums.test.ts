import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { testFolder } from '../support/folders.ts';

const root = join(import.meta.dirname, '..', '..');
const [, documented] = /```sh\n(gh attestation[\s\S]*?)```/.exec(readFileSync(join(root, 'SECURITY.md'), 'utf8'))!;
const release = parse(readFileSync(join(root, '.github', 'workflows', 'release.yml'), 'utf8'));
const steps = release.jobs.release.steps as { name: string; run: string; with: Record<string, string> }[];
const ofTheRelease = steps.find(({ run }) => run?.includes('SHA256SUMS'))!.run;

let built = '';
beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), 'message-archive-sums-'));
  await promisify(execFile)(process.execPath, [join(root, 'tools', 'build.ts'), join(built, 'dist')]);
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

/** Runs a check as a reader does, where `gh` says that everything is as it should be, over a changed copy of `dist/`. */
async function check(script: string, change: (dist: string) => void = () => undefined): Promise<number | null> {
  const folder = await testFolder();
  cpSync(join(built, 'dist'), join(folder, 'dist'), { recursive: true });
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'gh'), '#!/bin/sh\n[ "$1 $2 $3" = "attestation verify dist/SHA256SUMS" ]\n', { mode: 0o755 });
  change(join(folder, 'dist'));
  const env = { PATH: `${bin}:${process.env.PATH}` };
  return spawnSync('bash', ['-e', '-c', script], { cwd: folder, env }).status;
}

describe.each([
  ['the check of SECURITY.md', () => documented!],
  ['the check of a release', () => ofTheRelease],
])('%s', (_, script) => {
  it('passes over what was built', async () => {
    expect(await check(script())).toBe(0);
  });

  it.each<[string, (dist: string) => void]>([
    ['a file that changed', (dist) => appendFileSync(join(dist, 'worker.js'), '\n')],
    ['a file in a folder that changed', (dist) => changeAChunk(dist)],
    ['a file that is missing', (dist) => rmSync(join(dist, 'licenses.txt'))],
    ['a file that was added', (dist) => writeFileSync(join(dist, 'chunks', 'more.js'), '')],
    ['a list of nothing', (dist) => writeFileSync(join(dist, 'SHA256SUMS'), '')],
  ])('finds %s', async (_, change) => {
    expect(await check(script(), change)).not.toBe(0);
  });
});

function changeAChunk(dist: string): void {
  const [chunk] = execFileSync('ls', [join(dist, 'chunks')], { encoding: 'utf8' }).split('\n');
  appendFileSync(join(dist, 'chunks', chunk!), ' ');
}

it('a release attests every file of dist/, after it looked at the list', () => {
  const names = steps.map(({ name }) => name);
  const attests = steps.findIndex((step) => step.with?.['subject-path'] === 'dist/**');
  expect(attests).toBeGreaterThan(names.indexOf('See that the list of files is whole'));
  expect(release.jobs.release.environment).toBe('release');
});

it('the licenses of the crates within the module are among those of what is bundled', () => {
  const text = readFileSync(join(built, 'dist', 'licenses.txt'), 'utf8');
  expect(text).toContain(readFileSync(join(root, 'tools', 'licenses', 'wasm-crates.txt'), 'utf8'));
  for (const name of ['undici', 'parquet-wasm', 'apache-arrow', 'workerpool']) expect(text).toContain(`${name} `);
});
