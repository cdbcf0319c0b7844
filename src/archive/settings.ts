import { UserError } from '../errors.ts';
import { formatPointer } from '../messages/json/pointer.ts';
import type { MessageShape } from '../messages/message.ts';
import type { Layout } from '../windows/slot.ts';
import { layoutVersion } from './layout.ts';
import type { Format } from './schema.ts';

/** Every input that shapes what an archive holds. A run that differs from the archive is refused. */
export interface ArchiveSettings {
  readonly layout: Layout;
  readonly format: Format;
  readonly shape: MessageShape;
}

/** `_archive.json`: the archive's id and its settings, each under the name of its input. */
export interface ArchiveFile {
  readonly id: string;
  readonly layout: string;
  readonly settings: Readonly<Record<string, string | readonly string[]>>;
}

/** Settings that older versions did not write, and what they did by them. */
const unwritten: ArchiveFile['settings'] = { 'message-time-format': '', 'message-time-zone': 'UTC' };
/** RFC 9562, version 4: what `crypto.randomUUID` makes. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const idCharactersShown = 50;

/** The settings as they stand in `_archive.json`. */
function describeSettings({ layout, format, shape }: ArchiveSettings): ArchiveFile['settings'] {
  return {
    'window-days': String(layout.windowDays),
    'partition-by': layout.partitionBy,
    format,
    columns: shape.columns.map(({ name, pointer, type }) => `${name}: ${formatPointer(pointer)} ${type}`),
    'closed-statuses': [...shape.closedStatuses].sort(),
    'message-id': formatPointer(shape.id),
    'message-timestamp': formatPointer(shape.timestamp),
    'message-time-format': shape.timeFormat ?? '',
    'message-time-zone': shape.timeZone ?? 'UTC',
    'message-alerts': formatPointer(shape.alerts),
    'alert-id': formatPointer(shape.alertId),
    'alert-status': formatPointer(shape.alertStatus),
  };
}

/** The text of `_archive.json`. */
export function formatArchiveFile(id: string, settings: ArchiveSettings): string {
  const file: ArchiveFile = { id, layout: layoutVersion, settings: describeSettings(settings) };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * The id is a UUID, as every run gives it. It names the archive's items in the staging and marks its issue, so that one that
 * somebody chose could name another archive's, or end the mark.
 * @throws UserError when the text is no `_archive.json` of this layout
 */
export function parseArchiveFile(text: string, url: string): ArchiveFile {
  const refuse = (why: string) => new UserError(`The archive ${url} cannot be used: its _archive.json ${why}.`);
  let file: ArchiveFile;
  try {
    file = JSON.parse(text) as ArchiveFile;
  } catch {
    throw refuse('is not JSON; restore it from a backup, or name another archive');
  }
  if (typeof file?.id !== 'string' || typeof file.settings !== 'object' || file.settings === null) {
    throw refuse('has no id or no settings; restore it from a backup, or name another archive');
  }
  if (file.layout !== layoutVersion) {
    throw refuse(
      `has layout ${JSON.stringify(file.layout)}, this version writes layout ${layoutVersion}; use the version that wrote it`,
    );
  }
  if (uuid.test(file.id)) return file;
  throw refuse(
    `has the id ${JSON.stringify(file.id.slice(0, idCharactersShown))}, which is not a UUID; restore it from a backup, or name another archive`,
  );
}

/**
 * Compares a run's settings with the archive's.
 * @returns whether the run adds columns, so that `_archive.json` is to be written again
 * @throws UserError naming the input and both values, when they differ otherwise
 */
export function checkSettings(file: ArchiveFile, settings: ArchiveSettings, url: string): boolean {
  const wanted = describeSettings(settings);
  let addsColumns = false;
  for (const [name, value] of Object.entries(wanted)) {
    const kept = file.settings[name] ?? unwritten[name];
    if (JSON.stringify(kept) === JSON.stringify(value)) continue;
    if (name === 'columns' && Array.isArray(kept) && startsWith(value as string[], kept as string[])) {
      addsColumns = true;
      continue;
    }
    const hint =
      name === 'columns'
        ? 'columns may be added after those, never changed or removed; set it back, or name another archive'
        : 'set it to that value, or name another archive';
    throw new UserError(
      `The input \`${name}\` is ${show(value)}, but the archive ${url} was made with ${show(kept)}: ${hint}.`,
    );
  }
  return addsColumns;
}

function startsWith(list: readonly string[], start: readonly string[]): boolean {
  return start.every((item, n) => list[n] === item);
}

function show(value: unknown): string {
  return Array.isArray(value)
    ? value.length === 0
      ? 'none'
      : value.map((item) => `"${item}"`).join(', ')
    : `"${String(value)}"`;
}
