import { settingsPath } from '../archive/layout.ts';
import { type ArchiveSettings, checkSettings, formatArchiveFile, parseArchiveFile } from '../archive/settings.ts';
import { UserError } from '../errors.ts';
import { firstOf } from '../format.ts';
import type { Archive, OpenObject } from '../io/ports.ts';

const settingsBytesMax = 1024 * 1024;
const attemptsMax = 5;

/**
 * Compares the `_archive.json` of a prepared archive with the run's settings, and returns the archive's id. Creates the file for
 * a new archive, and updates it when columns are added.
 * @throws UserError if the settings differ, the file cannot be written, or is missing although there are objects
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
    'archive-unavailable',
    `The archive ${archive.url} could not be set up: all ${attemptsMax} attempts to write its ${settingsPath} failed. Check that it is writable, then re-run.`,
  );
}

/** As {@link openArchive}, but writes nothing; undefined if there is no archive yet. */
export async function findArchive(archive: Archive, settings: ArchiveSettings): Promise<string | undefined> {
  return (await readFile(archive, settings))?.id;
}

async function readFile(archive: Archive, settings: ArchiveSettings) {
  const object = (await archive.open(settingsPath)) ?? (await openUnlessNew(archive));
  if (object === undefined) return undefined;
  try {
    if (object.size > settingsBytesMax)
      throw new UserError(
        'archive-invalid',
        `The ${settingsPath} of ${archive.url} is larger than 1 MiB. Restore the file that the action wrote.`,
      );
    const text = Buffer.from(await object.read(0, object.size)).toString('utf8');
    const file = parseArchiveFile(text, archive.url);
    return { id: file.id, version: object.version, addsColumns: checkSettings(file, settings, archive.url) };
  } finally {
    await object.close();
  }
}

/** Undefined if an archive may be created. Among existing objects, a second archive would duplicate their messages. */
async function openUnlessNew(archive: Archive): Promise<OpenObject | undefined> {
  const paths = (await archive.list()).map(({ path }) => path);
  if (paths.length === 0) return undefined;
  // Another run may have created the archive in the meantime.
  const object = await archive.open(settingsPath);
  if (object !== undefined) return object;
  throw new UserError(
    'archive-invalid',
    `The archive ${archive.url} holds ${firstOf(paths, 'object')}, but no ${settingsPath}. Restore that file, or choose another location.`,
  );
}
