import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRecord, StagedMessage } from '../src/archive/ledger.ts';

/** The ledger file that `report` writes for auditors. */
export interface LedgerFile {
  readonly ledger: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
}

/** Totals over the ledger. */
export interface LedgerTotals {
  readonly messages: number;
  readonly objects: number;
  /** Messages in quarantine. */
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

/** Changes of the pending messages from one report to the next. */
export interface Moves {
  readonly archived: number;
  readonly stillPending: number;
  readonly newlyPending: number;
  /** Pending messages that are in the archive and were re-opened at the source. */
  readonly reopened: number;
}

export function movesBetween(before: LedgerFile, after: LedgerFile): Moves {
  const now = new Set(after.staged.map(({ message_id }) => message_id));
  const stillPending = before.staged.filter(({ message_id }) => now.has(message_id)).length;
  return {
    archived: before.staged.length - stillPending,
    stillPending,
    newlyPending: now.size - stillPending,
    reopened: after.staged.filter(({ reason }) => reason === 'reopened').length,
  };
}
