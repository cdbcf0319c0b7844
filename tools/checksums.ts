import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Returns the SHA-256 of every file below a folder, in the format of `sha256sum --check`. */
export async function checksumsOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const lines = files.sort().map(async (path) => {
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    return `${sha256}  ${relative(folder, path).replaceAll('\\', '/')}\n`;
  });
  return (await Promise.all(lines)).join('');
}
