import type { Deferred, LedgerRecord, StagedMessage } from '../../src/archive/ledger.ts';
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

/** The record of a slot that was read after the plan was made, but for what is told. */
export function recordOf(slot: Slot, changes: Partial<LedgerRecord> = {}): LedgerRecord {
  const read = { read_at: instant(now - 30_000), counts, cases: noCases, rows: 990, run_url: runUrl };
  return record(slot.id, { ...read, bytes_in: 30_000_000, bytes_out: 9_000_000, took_ms: 2_000, ...changes });
}

/** The record of a slot that was never read, but for what is told. */
export function bareRecord(slot: Slot, changes: Partial<LedgerRecord> = {}): LedgerRecord {
  return { slot: slot.id, revision: 1, outside: 0, rows: 0, bytes_in: 0, bytes_out: 0, took_ms: 0, ...changes };
}

export function failed(message: string, at = instant(now)): Partial<LedgerRecord> {
  return { last_error: { at, code: 'source-unavailable', message, run_url: runUrl } };
}

export function left(because: Deferred['because'], at = instant(now)): Partial<LedgerRecord> {
  return { deferred: { at, action: 'read', because, run_url: runUrl } };
}

/** A message of so many days ago that waits. */
export function stagedOf(id: string, ageDays: number, changes: Partial<StagedMessage> = {}): StagedMessage {
  const timestamp = String(BigInt(now - ageDays * DAY_MS) * 1000n);
  return stagedMessage({ slot: slots[0]!.id, message_id: id, timestamp, ...changes });
}

export function planOf(some: readonly Slot[], reason: Reason = 'new'): PlanOutput {
  return { planned_at: plannedAt, slots: some.map(({ id }) => [id, 'read', reason]) };
}

export interface Told {
  readonly records: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
  readonly plan: PlanOutput;
  readonly archive: string;
  readonly runUrl: string | undefined;
  readonly layout: Layout;
}

/** A survey of an archive whose slots were all planned and read, but for what is told. */
export function surveyOf(told: Partial<Told> = {}): Survey {
  const { records = slots.map((slot) => recordOf(slot)), staged = [], plan = planOf(slots) } = told;
  const place = { archive: 's3://bucket/messages', now, runUrl, layout, ...told };
  const { archive, runUrl: url, layout: laid } = place;
  return survey({ archive, now, runUrl: url, layout: laid, recentDays: 60 }, plan, { ledger: records, staged });
}

/** The records of all slots, of which some are changed, or absent where they are undefined. */
export function recordsWith(changes: Readonly<Record<number, Partial<LedgerRecord> | undefined>>): LedgerRecord[] {
  return slots.flatMap((slot, n) => {
    if (!(n in changes)) return [recordOf(slot)];
    return changes[n] === undefined ? [] : [recordOf(slot, changes[n])];
  });
}
