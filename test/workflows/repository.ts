import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '..', '..');
const person = ['-c', 'user.name=A Person', '-c', 'user.email=person@example.com'];

/** Repository of the action, as `owner/name`, and the tag that callers use. */
export const actionRepository = 'acme/message-archive';
export const actionTag = 'v1';

/** Creates a repository from this checkout in a folder: the files as they are now, with `dist/` built from them. */
export async function makeActionRepository(folder: string): Promise<string> {
  const { stdout } = await git(checkout, 'ls-files', '--cached', '--others', '--exclude-standard', '-z');
  const files = stdout.split('\0').filter((path) => path !== '' && !path.startsWith('dist/'));
  for (const path of files) await cp(join(checkout, path), join(folder, path)).catch(ignoreAbsent);
  await run(process.execPath, [join(checkout, 'tools', 'build.ts'), join(folder, 'dist')]);
  await commit(folder, actionRepository);
  await git(folder, 'tag', actionTag);
  return folder;
}

/** Creates a repository with files, by path. */
export async function makeRepository(
  folder: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await commit(folder, name);
  return folder;
}

async function commit(folder: string, name: string): Promise<void> {
  await git(folder, 'init', '--quiet', '--initial-branch', 'main');
  await git(folder, 'add', '--all');
  await git(folder, ...person, 'commit', '--quiet', '--message', 'All');
  await git(folder, 'remote', 'add', 'origin', `https://github.com/${name}.git`);
}

function git(folder: string, ...parameters: string[]) {
  return run('git', ['-C', folder, ...parameters], { maxBuffer: 2 ** 24 });
}

/** Git still lists files that were deleted since the last commit. */
function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
