import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a checker in a folder. It prints what it finds, and is not content then. */
export async function findings(folder: string, program: string, ...parameters: readonly string[]): Promise<string> {
  // CI makes some of them print in colours.
  const env = { ...process.env, NO_COLOR: '1', CI: '' };
  const { stdout } = await promisify(execFile)(program, parameters, { cwd: folder, env }).catch((error) => error);
  return stdout;
}
