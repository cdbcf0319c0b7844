import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, sep } from 'node:path';

/**
 * Makes a folder and those that it lies in. A recursive `mkdir` never returns where a folder takes no other, as in `/proc`.
 * @param mode of the folder itself, if it is made
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  unlessThere(() => mkdirSync(path, { mode }));
}

/** Makes an empty file that its owner alone may read; one that is there stays as it is. */
export function makePrivateFile(path: string): void {
  if (existsSync(path)) return;
  unlessThere(() => closeSync(openSync(path, 'wx', 0o600)));
}

/** Another process may have made it meanwhile. */
function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Makes nothing. @throws what the system says, where a folder may not be written, or is not there and may not be made */
export function accessFolder(path: string): void {
  // After a separator, a file is none.
  if (existsSync(path)) accessSync(`${path}${sep}`, constants.W_OK);
  else accessFolder(dirname(path));
}
