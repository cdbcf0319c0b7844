import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a checker in a folder. It prints what it finds, and is not content then. */
export async function findings(folder: string, program: string, ...parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, parameters, { cwd: folder }).catch((error) => error);
  return stdout;
}
