import type { Slot } from '../windows/slots.ts';
import type { Format } from './schema.ts';

/** The version of the archive's layout, kept in `_archive.json` and in every object. */
export const layoutVersion = '1';

const extensions: Readonly<Record<Format, string>> = { parquet: 'parquet', jsonl: 'jsonl.gz' };
/** A name in the folder of the time at which its slot starts. */
const objectName =
  /^(?:month=(\d{4})-(\d{2})|day=(\d{4})-(\d{2})-(\d{2}))\/messages-(\1\2\3\4\5\d*T\d{6}Z-\d{8}T\d{6}Z)\.(parquet|jsonl\.gz)$/;

export const settingsPath = '_archive.json';

/** `month=2024-06/messages-20240601T000000Z-20240701T000000Z.parquet`: the object's name is its slot. */
export function objectPath(slot: Slot, format: Format): string {
  return `${slot.partition}/messages-${slot.id}.${extensions[format]}`;
}

/** The id of the slot whose object lies at this path, or undefined where the path is none that {@link objectPath} gives. */
export function slotIdOfPath(path: string, format: Format): string | undefined {
  const [id, extension] = objectName.exec(path)?.slice(-2) ?? [];
  return extension === extensions[format] ? id : undefined;
}

/** Whether an object lies in the folder of a month or a day, where readers take it for part of the archive. */
export function isInPartition(path: string): boolean {
  return /^(?:month|day)=[^/]*\/./.test(path);
}

/** `_quarantine/20240601T000000Z-20240701T000000Z/<sha256>.jsonl`. */
export function quarantinePath(slot: Slot, shaHex: string): string {
  return `_quarantine/${slot.id}/${shaHex}.jsonl`;
}
