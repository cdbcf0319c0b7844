import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Creates a folder for the files of one service. */
export async function place(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
