import { settingsPath } from '../archive/layout.ts';
import { type ArchiveSettings, checkSettings, formatArchiveFile, parseArchiveFile } from '../archive/settings.ts';
import { UserError } from '../errors.ts';
import { firstOf } from '../format.ts';
import type { Archive, OpenObject } from '../io/ports.ts';

const settingsBytesMax = 1024 * 1024;
const attemptsMax = 5;

/**
 * The id of an archive that was prepared, after its `_archive.json` was compared with the run's settings. A new archive gets
 * one, and added columns are noted in it.
 * @throws UserError when the settings differ, the archive cannot be written, or it has lost its `_archive.json`
 */
export async function openArchive(archive: Archive, settings: ArchiveSettings, newId: () => string): Promise<string> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const found = await readFile(archive, settings);
    if (found !== undefined && !found.addsColumns) return found.id;
    const id = found?.id ?? newId();
    const { outcome } = await archive.publish(settingsPath, { text: formatArchiveFile(id, settings) }, found?.version);
    if (outcome === 'committed') return id;
  }
  throw new UserError(
    `The archive ${archive.url} cannot be set up: its ${settingsPath} could not be written ${attemptsMax} times; see that it can be, then run again.`,
  );
}

/** As {@link openArchive}, but writes nothing; undefined where there is no archive yet. */
export async function findArchive(archive: Archive, settings: ArchiveSettings): Promise<string | undefined> {
  return (await readFile(archive, settings))?.id;
}

async function readFile(archive: Archive, settings: ArchiveSettings) {
  const object = (await archive.open(settingsPath)) ?? (await unlessNew(archive));
  if (object === undefined) return undefined;
  try {
    if (object.size > settingsBytesMax)
      throw new UserError(`The ${settingsPath} of ${archive.url} is larger than 1 MiB: it is not an archive's.`);
    const text = Buffer.from(await object.read(0, object.size)).toString('utf8');
    const file = parseArchiveFile(text, archive.url);
    return { id: file.id, version: object.version, addsColumns: checkSettings(file, settings, archive.url) };
  } finally {
    await object.close();
  }
}

/** Undefined where an archive may be made. Where slots lie already, a second one would hold their messages again. */
async function unlessNew(archive: Archive): Promise<OpenObject | undefined> {
  const paths = (await archive.list()).map(({ path }) => path);
  if (paths.length === 0) return undefined;
  // Another run may have made the archive meanwhile, and written to it.
  const object = await archive.open(settingsPath);
  if (object !== undefined) return object;
  throw new UserError(
    `The archive ${archive.url} holds ${firstOf(paths, 'object')}, but no ${settingsPath}: restore that file, or name another place.`,
  );
}
