import { join } from 'node:path';
import { installed } from './cache.ts';
import { runCommand } from './commands.ts';

/**
 * Builds a program from the source of a Go module. Returns its path.
 * @param path path of its package; the last part is the program's name
 * @param version a tag such as `v1.8.0`
 */
export async function installGo(path: string, version: string): Promise<string> {
  const name = path.split('/').at(-1)!;
  const folder = await installed(`${name}-${version}`, async (partial) => {
    await runCommand({
      program: 'go',
      parameters: ['install', `${path}@${version}`],
      remedy: 'install Go',
      folder: partial,
      variables: { GOBIN: partial },
    });
  });
  return join(folder, name);
}
