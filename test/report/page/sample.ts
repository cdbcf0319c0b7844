import type { Counts, LedgerRecord, StagedMessage } from '../../../src/archive/ledger.ts';
import { isLive } from '../../../src/plan/settled.ts';
import { DAY_MS, instant } from '../../../src/windows/interval.ts';
import type { Slot } from '../../../src/windows/slot.ts';
import {
  type Archive,
  completeArchive,
  monthly,
  now,
  planOf,
  recordOf,
  runUrl,
  slotsOfYears,
  stagedOf,
} from './archives.ts';

const recentDays = 60;
const failedMonth = '2023-06';
const removedMonth = '2022-03';
const reopenedMonths = ['2024-02', '2025-05'];

/** Returns a number from 0 to 1 that depends on the seed alone. */
function noise(seed: number): number {
  const value = Math.sin(seed * 127.1) * 43_758.5453;
  return value - Math.floor(value);
}

/** Returns a realistic archive of seven years: growing traffic, a summer low, one failed slot and a few cases. */
export function sampleArchive(): Archive {
  const slots = slotsOfYears(monthly);
  const pending = new Map(slots.map((slot, n) => [slot, pendingIn(slot, n)]));
  const monthOf = (slot: Slot) => instant(slot.start).slice(0, 7);
  const firstIn = (months: readonly string[]) =>
    new Set(months.map((month) => slots.find((slot) => monthOf(slot) === month)!));
  const [failed, removed, reopened] = [[failedMonth], [removedMonth], reopenedMonths].map(firstIn);
  const ledger = slots.map((slot, n) => {
    const open = pending.get(slot)!.length;
    const counts = countsOf(slot, n, open);
    const took_ms = 1_200 + Math.round(4_000 * noise(n + 0.5));
    const changes: Partial<LedgerRecord> = {
      counts,
      rows: counts.closed,
      bytes_in: counts.read * 24_600,
      bytes_out: counts.closed * 6_900,
      took_ms,
      source_count: { total: counts.read, alerted: counts.closed + open, closed: counts.closed },
    };
    const last_error = {
      at: instant(now),
      message: `The slot has shrunk: the source no longer returns 3 archived messages. Check the source, then re-run.`,
      code: 'slot-shrunk' as const,
      run_url: runUrl,
    };
    const cases = { reopened: 0, amended: 0, removed: 0, removed_pending: 0, conflicting: 0 };
    return recordOf(slot, {
      ...changes,
      ...(failed!.has(slot) && { last_error, read_at: instant(now - 7 * DAY_MS) }),
      ...(removed!.has(slot) && { cases: { ...cases, removed: 2 } }),
      ...(reopened!.has(slot) && { cases: { ...cases, reopened: 1 } }),
    });
  });
  const planned = slots.filter((slot) => isLive(slot, now, recentDays) || failed!.has(slot));
  return completeArchive(monthly, { ledger, staged: [...pending.values()].flat(), planned: planOf(planned) });
}

function countsOf(slot: Slot, n: number, open: number): Counts {
  const days = (Math.min(slot.end, now) - slot.start) / DAY_MS;
  const year = (slot.start - Date.parse('2019-01-01')) / (365 * DAY_MS);
  const season = 1 - 0.25 * Math.exp(-(((new Date(slot.start).getUTCMonth() - 7) / 1.5) ** 2));
  const read = Math.round(days * (45 + 11 * year) * season * (0.9 + 0.2 * noise(n)));
  const [unalerted, duplicates] = [Math.round(read * 0.04), n % 37 === 5 ? 2 : 0];
  return { read, closed: read - open - unalerted - duplicates, open, unalerted, invalid: 0, duplicates };
}

/** Few old messages are pending, and most of the live ones. */
function pendingIn(slot: Slot, n: number): StagedMessage[] {
  const isRecent = isLive(slot, now, recentDays);
  const count = isRecent ? 24 + Math.round(60 * noise(n + 0.25)) : n % 11 === 6 ? 1 + Math.round(2 * noise(n)) : 0;
  return Array.from({ length: count }, (_, k) => {
    const seed = n * 100 + k;
    const at = slot.start + noise(seed) * (Math.min(slot.end, now) - slot.start);
    const id = [noise(seed + 0.1), noise(seed + 0.2)]
      .map((part) => part.toString(16).slice(2, 10).padEnd(8, '0'))
      .join('-');
    return stagedOf(slot, id, {
      timestamp: String(BigInt(Math.round(at)) * 1000n),
      open_alerts: [`alert-${String(40_000 + seed)}`],
      first_seen: instant(Math.min(now, at + 2 * DAY_MS)),
      checks: Math.max(1, Math.round((now - at) / (7 * DAY_MS))),
    });
  });
}
