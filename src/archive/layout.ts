import { parseCompactInstant } from '../windows/interval.ts';
import { type Layout, type Slot, slotAt } from '../windows/slot.ts';
import type { Format } from './schema.ts';

/** The version of the archive layout, stored in `_archive.json` and in every object. */
export const layoutVersion = '1';

const extensions: Readonly<Record<Format, string>> = { parquet: 'parquet', jsonl: 'jsonl.gz' };
const objectName = /^(?:month|day)=[\d-]+\/messages-(\d{8}T\d{6}Z)-\d{8}T\d{6}Z\./;

export const settingsPath = '_archive.json';

/** The path of a slot's object: `month=2024-06/messages-20240601T000000Z-20240701T000000Z.parquet`. */
export function objectPath(slot: Slot, format: Format): string {
  return `${slot.partition}/messages-${slot.id}.${extensions[format]}`;
}

/** The slot whose object has this path; undefined if no run writes an object there. */
export function slotOfPath(path: string, { layout, format }: { layout: Layout; format: Format }): Slot | undefined {
  const start = parseCompactInstant(objectName.exec(path)?.[1] ?? '');
  if (start === undefined) return undefined;
  const slot = slotAt(start, layout);
  return objectPath(slot, format) === path ? slot : undefined;
}

/** True if the path is in the folder of a month or day, whose objects query engines read as part of the archive. */
export function isInPartition(path: string): boolean {
  return /^(?:month|day)=[^/]*\/./.test(path);
}

/** `_quarantine/20240601T000000Z-20240701T000000Z`. Its objects are named by their own SHA-256: `<sha256>.jsonl`. */
export function quarantineFolder(slotId: string): string {
  return `_quarantine/${slotId}`;
}

/** `_removed/20240601T000000Z-20240701T000000Z`. Its objects are named like those in quarantine. */
export function removedFolder(slotId: string): string {
  return `_removed/${slotId}`;
}

/** `_quarantine/no-slot/<sha256>.jsonl`, for messages that belong to no slot. The hash is that of the object. */
export function unplacedPath(shaHex: string): string {
  return `_quarantine/no-slot/${shaHex}.jsonl`;
}
