import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, sep } from 'node:path';

/**
 * Creates a folder and its parents. A recursive `mkdir` never returns where folders cannot be created, such as in `/proc`.
 * @param mode of the folder itself, if it is created
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  unlessThere(() => mkdirSync(path, { mode }));
}

/** Creates an empty file that only its owner may read; keeps an existing file unchanged. */
export function makePrivateFile(path: string): void {
  if (existsSync(path)) return;
  unlessThere(() => closeSync(openSync(path, 'wx', 0o600)));
}

/** Ignores that another process has created the file or folder meanwhile. */
function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Checks that a folder can be written or created, and creates nothing.
 * @throws the system's error if not
 */
export function accessFolder(path: string): void {
  // With a trailing separator, a file fails.
  if (existsSync(path)) accessSync(`${path}${sep}`, constants.W_OK);
  else accessFolder(dirname(path));
}
