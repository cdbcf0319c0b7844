import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DemoFailure } from './failure.ts';

/** Paths of the demo's files, relative to the current folder. */
export const places = {
  folder: 'demo-archive',
  archive: join('demo-archive', 'archive'),
  staging: join('demo-archive', 'staging.sqlite'),
  runner: join('demo-archive', 'runner'),
  verify: join('demo-archive', 'verify.env'),
} as const;

const ours = /^(archive|runner|verify\.env|staging\.sqlite(-wal|-shm|-journal)?)$/;

/**
 * Creates the demo's folder, or empties the folder of an earlier demo.
 * @throws DemoFailure if it contains anything else
 */
export async function prepareFolder(): Promise<void> {
  const entries = await readdir(places.folder).catch(() => []);
  const hasSettings = existsSync(join(places.archive, '_archive.json'));
  const unexpected = entries.find((entry) => !isOurs(entry, hasSettings));
  if (unexpected !== undefined) {
    throw new DemoFailure(
      `The folder ${places.folder} contains ${unexpected}, which the demo did not create. Move it away, or run the demo elsewhere.`,
    );
  }
  await rm(places.folder, { recursive: true, force: true });
  await mkdir(places.runner, { recursive: true });
}

/** Writes the inputs of the command `verify` to a file for `node --env-file`. */
export async function writeVerifyInputs(inputs: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries({ ...inputs, command: 'verify' }).map(
    ([name, value]) => `INPUT_${name.toUpperCase()}="${value}"\n`,
  );
  await writeFile(places.verify, lines.join(''));
}

/**
 * True if the demo created this entry of its folder; `archive` only counts if it holds an archive's settings.
 * @param hasSettings true if `archive/_archive.json` exists
 */
export function isOurs(entry: string, hasSettings: boolean): boolean {
  return ours.test(entry) && (entry !== 'archive' || hasSettings);
}
