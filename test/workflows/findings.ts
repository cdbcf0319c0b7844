import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a checker in a folder and returns its output, also if it exits with an error because of findings. */
export async function findings(folder: string, program: string, ...parameters: readonly string[]): Promise<string> {
  // Some print in color on CI.
  const env = { ...process.env, NO_COLOR: '1', CI: '' };
  const { stdout } = await promisify(execFile)(program, parameters, { cwd: folder, env }).catch((error) => error);
  return stdout;
}
