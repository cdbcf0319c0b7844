import type { LedgerRecord } from '../archive/ledger.ts';
import { DAY_MS, type Interval } from '../windows/interval.ts';

/** True if alerts of the slot may still change: it ends less than `recentDays` before `now` (ms since 1970). */
export function isLive(slot: Interval, now: number, recentDays: number): boolean {
  return slot.end > now - recentDays * DAY_MS;
}

/** True if the slot is not live, and a full, proven read of it was made after it stopped being live. */
export function isSettled(
  slot: Interval,
  record: Pick<LedgerRecord, 'read_at' | 'unproven'> | undefined,
  now: number,
  recentDays: number,
): boolean {
  if (isLive(slot, now, recentDays) || record?.read_at === undefined || record.unproven) return false;
  return Date.parse(record.read_at) >= slot.end + recentDays * DAY_MS;
}
