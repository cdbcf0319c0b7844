import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, sep } from 'node:path';

/** Makes a folder and those that it lies in. A recursive `mkdir` never returns where a folder takes no other, as in `/proc`. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Makes nothing. @throws what the system says, where a folder may not be written, or is not there and may not be made */
export function accessFolder(path: string): void {
  // After a separator, a file is none.
  if (existsSync(path)) accessSync(`${path}${sep}`, constants.W_OK);
  else accessFolder(dirname(path));
}
