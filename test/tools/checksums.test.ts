import { execFile, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checksumsOf } from '../../tools/checksums.ts';
import { testFolder } from '../support/folders.ts';

const root = join(import.meta.dirname, '..', '..');
const [, documented] = /```sh\n(gh attestation[\s\S]*?)```/.exec(readFileSync(join(root, 'SECURITY.md'), 'utf8'))!;
const release = parse(readFileSync(join(root, '.github', 'workflows', 'release.yml'), 'utf8'));
const steps = release.jobs.release.steps as { run: string; with: Record<string, string> }[];
const ofTheRelease = steps.find(({ run }) => run?.includes('SHA256SUMS'))!.run;

let built = '';
beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), 'message-archive-sums-'));
  await promisify(execFile)(process.execPath, [join(root, 'tools', 'build.ts'), join(built, 'dist')]);
  writeGh(built);
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

/** Installs a `gh` below a folder that verifies every attestation. */
function writeGh(folder: string): void {
  mkdirSync(join(folder, 'bin'));
  const text = '#!/bin/sh\n[ "$1 $2 $3" = "attestation verify dist/SHA256SUMS" ]\n';
  writeFileSync(join(folder, 'bin', 'gh'), text, { mode: 0o755 });
}

/** Runs a check of `dist/` below a folder, and returns its exit code. */
function check(script: string, folder: string): number | null {
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  return spawnSync('bash', ['-e', '-c', script], { cwd: folder, env }).status;
}

/** Creates a small `dist/` with its list of checksums. */
async function smallDist(): Promise<string> {
  const folder = await testFolder();
  const dist = join(folder, 'dist');
  mkdirSync(join(dist, 'chunks'), { recursive: true });
  for (const name of ['worker.js', 'licenses.txt', 'chunks/a.js']) writeFileSync(join(dist, name), name);
  writeFileSync(join(dist, 'SHA256SUMS'), await checksumsOf(dist));
  writeGh(folder);
  return folder;
}

describe.each([
  ['the check in SECURITY.md', () => documented!],
  ['the check of a release', () => ofTheRelease],
])('%s', (_, script) => {
  it('passes for a fresh build and for a small one', async () => {
    expect(check(script(), built)).toBe(0);
    expect(check(script(), await smallDist())).toBe(0);
  });

  it.each<[string, (dist: string) => void]>([
    ['a changed file', (dist) => appendFileSync(join(dist, 'worker.js'), '\n')],
    ['a changed file in a folder', (dist) => appendFileSync(join(dist, 'chunks', 'a.js'), ' ')],
    ['a missing file', (dist) => rmSync(join(dist, 'licenses.txt'))],
    ['an additional file', (dist) => writeFileSync(join(dist, 'chunks', 'more.js'), '')],
    ['an empty list', (dist) => writeFileSync(join(dist, 'SHA256SUMS'), '')],
  ])('detects %s', async (_, change) => {
    const folder = await smallDist();
    change(join(folder, 'dist'));
    expect(check(script(), folder)).not.toBe(0);
  });
});

it('a release attests every file of dist/ after checking the list', () => {
  const checks = steps.findIndex(({ run }) => run === ofTheRelease);
  const attests = steps.findIndex((step) => step.with?.['subject-path'] === 'dist/**');
  expect(attests).toBeGreaterThan(checks);
  expect(release.jobs.release.environment).toBe('release');
});

it('licenses.txt includes the licenses of the crates in the WebAssembly module and of bundled packages', () => {
  const text = readFileSync(join(built, 'dist', 'licenses.txt'), 'utf8');
  expect(text).toContain(readFileSync(join(root, 'tools', 'licenses', 'wasm-crates.txt'), 'utf8'));
  for (const name of ['undici', 'parquet-wasm', 'apache-arrow', 'workerpool']) expect(text).toContain(`${name} `);
});
