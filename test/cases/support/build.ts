import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the bundle that the cases run. */
    dist: string;
  }
}

/** Builds the action once, as it would be shipped now. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'message-archive-cases-'));
  const root = join(import.meta.dirname, '..', '..', '..');
  const dist = join(folder, 'dist');
  await promisify(execFile)(process.execPath, [join(root, 'tools', 'build.ts'), dist]);
  project.provide('dist', dist);
  return () => rm(folder, { recursive: true, force: true });
}
