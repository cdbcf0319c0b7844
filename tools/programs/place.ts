import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A new folder, for what one service writes. */
export async function place(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
