import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRecord, StagedMessage } from '../src/archive/ledger.ts';

/** What `report` leaves in the archive for auditors. */
export interface LedgerFile {
  readonly ledger: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
}

/** What stands in the ledger file, in numbers. */
export interface LedgerTotals {
  readonly messages: number;
  readonly objects: number;
  /** Kept in quarantine. */
  readonly invalid: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Reads `_report/ledger.json` of an archive. */
export async function readLedger(archive: string): Promise<LedgerFile> {
  return JSON.parse(await readFile(join(archive, '_report', 'ledger.json'), 'utf8'));
}

export function totalsOf({ ledger }: LedgerFile): LedgerTotals {
  const sum = (value: (record: LedgerRecord) => number) => ledger.reduce((total, record) => total + value(record), 0);
  return {
    messages: sum(({ rows }) => rows),
    objects: sum(({ rows }) => (rows > 0 ? 1 : 0)),
    invalid: sum(({ counts }) => counts?.invalid ?? 0),
    bytesIn: sum(({ bytes_in }) => bytes_in),
    bytesOut: sum(({ bytes_out }) => bytes_out),
  };
}

/** What became of the messages that waited, from one report to the next. */
export interface Moves {
  /** Their last alert was closed. */
  readonly joined: number;
  readonly stillWaiting: number;
  readonly newlyWaiting: number;
  /** Of those that wait: archived, and opened again at the source. */
  readonly reopened: number;
}

export function movesBetween(before: LedgerFile, after: LedgerFile): Moves {
  const now = new Set(after.staged.map(({ message_id }) => message_id));
  const stillWaiting = before.staged.filter(({ message_id }) => now.has(message_id)).length;
  return {
    joined: before.staged.length - stillWaiting,
    stillWaiting,
    newlyWaiting: now.size - stillWaiting,
    reopened: after.staged.filter(({ reason }) => reason === 'reopened').length,
  };
}
