import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { duration } from '../../src/format.ts';
import { say } from './progress.ts';

/** Holds the programs that the suites of tests need, a folder for each and its version. */
const cache = join(import.meta.dirname, '..', '..', '.cache', 'programs');

/**
 * The folder of what is installed. Where it is not yet, `install` fills a folder beside it, which gets the final name when it
 * is complete: an install that was cut is made again, and two at a time do not disturb each other.
 */
export async function installed(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  await removeRemains(name);
  const partial = join(cache, `${name}.partial-${process.pid}`);
  await mkdir(partial);
  const startedMs = performance.now();
  say(`${name}: installing, once, into .cache/programs`);
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

/** Removes what installs left that were killed. */
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
