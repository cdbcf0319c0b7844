import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, finish } from './process.ts';

const venv = join(import.meta.dirname, '..', '.cache', 'venv');
const python = join(venv, 'bin', 'python');
const program = join(import.meta.dirname, 'today.py');

/** Whether there is a venv to run {@link today} with. */
export function hasVenv(): boolean {
  return existsSync(python);
}

export async function makeVenv(): Promise<void> {
  console.log('Making a venv with requests, pandas and pyarrow …');
  const environment = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
  await finish('python3', ['-m', 'venv', venv], environment);
  await finish(python, ['-m', 'pip', 'install', '--quiet', 'requests', 'pandas', 'pyarrow'], environment);
}

/**
 * Reads pages of a range as people do today, and writes one Parquet file.
 * @param url the message API, with what its query string carries
 * @param to the last day, included
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
