import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DemoFailure } from './failure.ts';

/** Where the demo leaves what it makes; relative to the current folder. */
export const places = {
  folder: 'demo-archive',
  archive: join('demo-archive', 'archive'),
  staging: join('demo-archive', 'staging.sqlite'),
  runner: join('demo-archive', 'runner'),
  verify: join('demo-archive', 'verify.env'),
} as const;

const ours = /^(archive|runner|verify\.env|staging\.sqlite(-wal|-shm|-journal)?)$/;

/**
 * Makes the demo's folder, emptied of what an earlier demo left.
 * @throws DemoFailure where it holds anything else
 */
export async function prepareFolder(): Promise<void> {
  const entries = await readdir(places.folder).catch(() => []);
  const hasSettings = existsSync(join(places.archive, '_archive.json'));
  const stranger = entries.find((entry) => !isOurs(entry, hasSettings));
  if (stranger !== undefined) {
    throw new DemoFailure(
      `The folder ${places.folder} holds ${stranger}, which the demo did not make: move it away, or start the demo elsewhere.`,
    );
  }
  await rm(places.folder, { recursive: true, force: true });
  await mkdir(places.runner, { recursive: true });
}

/** Leaves the inputs of the command `verify` as a file of variables, for `node --env-file`. */
export async function writeVerifyInputs(inputs: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries({ ...inputs, command: 'verify' }).map(
    ([name, value]) => `INPUT_${name.toUpperCase()}="${value}"\n`,
  );
  await writeFile(places.verify, lines.join(''));
}

/**
 * Whether an entry of the folder is one that the demo makes; an archive is one only where it has its settings.
 * @param hasSettings whether `archive/_archive.json` exists
 */
export function isOurs(entry: string, hasSettings: boolean): boolean {
  return ours.test(entry) && (entry !== 'archive' || hasSettings);
}
