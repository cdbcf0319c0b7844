import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, finish } from './process.ts';

const venv = join(import.meta.dirname, '..', '.cache', 'venv');
const python = join(venv, 'bin', 'python');
const program = join(import.meta.dirname, 'today.py');

/** True if the virtual environment for {@link today} exists. */
export function hasVenv(): boolean {
  return existsSync(python);
}

export async function makeVenv(): Promise<void> {
  console.log('Installing requests, pandas and pyarrow into a virtual environment …');
  const environment = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
  await finish('python3', ['-m', 'venv', venv], environment);
  await finish(python, ['-m', 'pip', 'install', '--quiet', 'requests', 'pandas', 'pyarrow'], environment);
}

/**
 * Reads the pages of a range with a typical Python script, which writes one Parquet file.
 * @param url URL of the message API, with its query string
 * @param to the last day, inclusive
 */
export function today(
  url: string,
  token: string,
  from: string,
  to: string,
  pages: number,
  file: string,
): Promise<Finished> {
  return finish(python, [program, url, token, from, to, String(pages), file], {});
}
