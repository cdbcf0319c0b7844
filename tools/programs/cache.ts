import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { duration } from '../../src/format.ts';
import { say } from './progress.ts';

/** The programs that the test suites need: one folder per program and version. */
const cache = join(import.meta.dirname, '..', '..', '.cache', 'programs');

/**
 * Returns the folder of a program. If it is not installed, `install` fills a temporary folder, which is renamed when it is
 * complete: interrupted installs are repeated, and concurrent installs do not interfere.
 */
export async function installed(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  await removeRemains(name);
  const partial = join(cache, `${name}.partial-${process.pid}`);
  await mkdir(partial);
  const startedMs = performance.now();
  say(`${name}: installing into .cache/programs (once)`);
  try {
    await install(partial);
    say(`${name}: installed in ${duration(performance.now() - startedMs)}`);
    await rename(partial, folder).catch(async (error) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Removes the temporary folders of killed installs. */
async function removeRemains(name: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const [, pid] = entry.split(`${name}.partial-`);
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(cache, entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
