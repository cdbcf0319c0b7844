import type { Deferred, LedgerRecord, StagedMessage } from '../../src/archive/ledger.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { PlanOutput, Reason } from '../../src/plan/decide.ts';
import { type Survey, survey } from '../../src/report/survey.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { type Layout, type Slot, slotsIn } from '../../src/windows/slot.ts';
import { stagedMessage } from '../support/ledger.ts';
import { range } from '../windows/arbitraries.ts';
import { record } from '../windows/facts.ts';

export const now = Date.parse('2025-01-10T03:17:00Z');
const plannedAt = instant(now - 60_000);
export const before = instant(now - 60_001);
export const runUrl = 'https://github.com/acme/messages/actions/runs/7';
export const layout: Layout = { windowDays: 60, partitionBy: 'month' };

/** Three windows of three slots each. */
export const slots = slotsIn(range('2024-01-18', '2024-07-16'), layout);

export const noCases = { reopened: 0, amended: 0, removed: 0, removed_pending: 0, conflicting: 0 };
const counts = { read: 1000, closed: 990, open: 7, unalerted: 2, invalid: 1, duplicates: 0 };

/** Returns the record of a slot that was read after the plan was made, with changes. */
export function recordOf(slot: Slot, changes: Partial<LedgerRecord> = {}): LedgerRecord {
  const read = { read_at: instant(now - 30_000), counts, cases: noCases, rows: 990, run_url: runUrl };
  return record(slot.id, { ...read, bytes_in: 30_000_000, bytes_out: 9_000_000, took_ms: 2_000, ...changes });
}

/** Returns the record of a slot that was never read, with changes. */
export function bareRecord(slot: Slot, changes: Partial<LedgerRecord> = {}): LedgerRecord {
  return { slot: slot.id, revision: 1, outside: 0, rows: 0, bytes_in: 0, bytes_out: 0, took_ms: 0, ...changes };
}

export function failed(
  message: string,
  at = instant(now),
  code: ErrorCode = 'source-unavailable',
): Partial<LedgerRecord> {
  const last_error = { at, code, message, run_url: runUrl };
  return { last_error };
}

export function left(because: Deferred['because'], at = instant(now)): Partial<LedgerRecord> {
  return { deferred: { at, action: 'read', because, run_url: runUrl } };
}

/** Returns a pending message of a given age. */
export function stagedOf(id: string, ageDays: number, changes: Partial<StagedMessage> = {}): StagedMessage {
  const timestamp = String(BigInt(now - ageDays * DAY_MS) * 1000n);
  return stagedMessage({ slot: slots[0]!.id, message_id: id, timestamp, ...changes });
}

export function planOf(some: readonly Slot[], reason: Reason = 'new'): PlanOutput {
  return { planned_at: plannedAt, slots: some.map(({ id }) => [id, 'read', reason]) };
}

export interface Circumstances {
  readonly records: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
  readonly plan: PlanOutput;
  readonly archive: string;
  readonly runUrl: string | undefined;
  readonly layout: Layout;
}

/** Returns the survey of an archive whose slots were all planned and read, with changes. */
export function surveyOf(changes: Partial<Circumstances> = {}): Survey {
  const { records = slots.map((slot) => recordOf(slot)), staged = [], plan = planOf(slots) } = changes;
  const circumstances = { archive: 's3://bucket/messages', now, runUrl, layout, ...changes };
  const { archive, runUrl: url, layout: laid } = circumstances;
  return survey({ archive, now, runUrl: url, layout: laid, recentDays: 60 }, plan, { ledger: records, staged });
}

/** Returns the records of all slots, some of them changed, or absent if undefined. */
export function recordsWith(changes: Readonly<Record<number, Partial<LedgerRecord> | undefined>>): LedgerRecord[] {
  return slots.flatMap((slot, n) => {
    if (!(n in changes)) return [recordOf(slot)];
    return changes[n] === undefined ? [] : [recordOf(slot, changes[n])];
  });
}
