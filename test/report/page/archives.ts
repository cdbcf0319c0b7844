import type { LedgerRecord, StagedMessage } from '../../../src/archive/ledger.ts';
import type { PlanOutput } from '../../../src/plan/decide.ts';
import { isLive } from '../../../src/plan/settled.ts';
import { type Setting, type SlotCoverage, slotsOf } from '../../../src/report/page/coverage.ts';
import { coveragePage } from '../../../src/report/page/page.ts';
import { type NoPlan, type Survey, survey } from '../../../src/report/survey.ts';
import { DAY_MS, instant } from '../../../src/windows/interval.ts';
import { type Layout, type Slot, slotsIn } from '../../../src/windows/slot.ts';

export const now = Date.parse('2026-01-15T03:17:00Z');
export const monthly: Layout = { windowDays: 60, partitionBy: 'month' };
export const daily: Layout = { windowDays: 60, partitionBy: 'day' };
const recentDays = 60;
export const runUrl = 'https://github.com/octo/archive/actions/runs/1234567890';

/** The slots of seven years until {@link now}. */
export function slotsOfYears(layout: Layout): Slot[] {
  return slotsIn({ start: Date.parse('2019-01-15'), end: now }, layout);
}

/** Returns the record of a slot that was read as planned, with changes. */
export function recordOf(slot: Slot, changes: Partial<LedgerRecord> = {}, open = 0): LedgerRecord {
  const days = (slot.end - slot.start) / DAY_MS;
  const read = (30 + ((slot.start / DAY_MS) % 23)) * days;
  const [unalerted, invalid] = [4 * days, days > 10 ? 1 : 0];
  const closed = read - open - unalerted - invalid;
  return {
    slot: slot.id,
    revision: 3,
    read_at: instant(isLive(slot, now, recentDays) ? now : slot.end + 61 * DAY_MS),
    source: isLive(slot, now, recentDays) ? 'api' : 'elasticsearch',
    counts: { read, closed, open, unalerted, invalid, duplicates: 0 },
    cases: { reopened: 0, amended: 0, removed: 0, removed_pending: 0, conflicting: 0 },
    outside: 0,
    source_count: { total: read, alerted: closed + open, closed },
    rows: closed,
    digest: 'd1'.repeat(32),
    version: '"0f343b0931126a20f133d67c2b018a3b"',
    bytes_in: read * 25_000,
    bytes_out: closed * 7_000,
    took_ms: 2_340,
    run_id: '1234567890',
    run_url: runUrl,
    ...changes,
  };
}

export function stagedOf(slot: Slot, id: string, changes: Partial<StagedMessage> = {}): StagedMessage {
  return {
    slot: slot.id,
    message_id: id,
    timestamp: String(BigInt(slot.start + 3_600_000) * 1000n),
    open_alerts: [`alert-of-${id}`],
    open_alert_count: 1,
    reason: 'open',
    first_seen: instant(slot.end),
    read_at: instant(now),
    checks: 4,
    ...changes,
  };
}

/** The arguments of a coverage page. */
export interface Archive {
  readonly survey: Survey;
  readonly setting: Setting;
}

interface Circumstances {
  readonly archive: string;
  readonly ledger: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
  readonly planned: PlanOutput['slots'];
  readonly plannedAt: number;
  readonly noPlan: NoPlan;
}

/** Returns a plan's entries that read these slots. */
export function planOf(slots: readonly Slot[]): PlanOutput['slots'] {
  return slots.map(({ id }) => [id, 'read', 'audit']);
}

/** Returns an archive whose slots were all read, without pending messages, with changes. */
export function completeArchive(layout: Layout, changes: Partial<Circumstances> = {}): Archive {
  const slots = slotsOfYears(layout);
  const { archive, ledger, staged, planned, plannedAt, noPlan } = {
    archive: 's3://company-archive/messages',
    ledger: slots.map((slot) => recordOf(slot)),
    staged: [],
    planned: planOf(slots.slice(-4)),
    plannedAt: now,
    noPlan: undefined,
    ...changes,
  };
  const setting = { layout, format: 'parquet', recentDays, plannedAt: instant(plannedAt) } as const;
  const plan = noPlan ?? { planned_at: setting.plannedAt, slots: planned };
  return {
    survey: survey({ archive, now, runUrl, layout, recentDays: setting.recentDays }, plan, { ledger, staged }),
    setting,
  };
}

export function coverageOf({ survey, setting }: Archive): SlotCoverage[] {
  return slotsOf(survey, setting);
}

export function pageOf({ survey, setting }: Archive): string {
  return coveragePage(survey, setting);
}

/** Returns an archive with everything that the coverage page can show. */
export function troubledArchive(layout: Layout, changes: Partial<Circumstances> = {}): Archive {
  const slots = slotsOfYears(layout);
  const at = (part: number) => slots[Math.floor(part * slots.length)]!;
  const [failed, alsoFailed, never, unsettled] = [at(0.3), at(0.55), at(0.4), at(0.9)];
  const [left, silent, empty, met] = [at(0.7), at(0.8), at(0.2), at(0.65)];
  const message =
    'The message API at https://surveillance.example.com was unavailable after 7 attempts (503). Check that the service is up, then re-run.';
  const last_error = { at: instant(now), code: 'source-unavailable', message, run_url: runUrl } as const;
  const none = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
  const before = { read_at: instant(now - DAY_MS) };
  const recordChanges = new Map<Slot, Partial<LedgerRecord>>([
    [failed, { last_error }],
    [alsoFailed, { last_error }],
    [unsettled, { read_at: instant(unsettled.end + 5 * DAY_MS) }],
    [left, { ...before, deferred: { at: instant(now), action: 'read', because: 'time', run_url: runUrl } }],
    [silent, { ...before, deferred: { at: instant(now), action: 'read', because: 'leg', run_url: runUrl } }],
    [empty, { counts: none, rows: 0, bytes_in: 0, bytes_out: 0 }],
    [met, { cases: { reopened: 2, amended: 1, removed: 1, removed_pending: 1, conflicting: 0 } }],
  ]);
  const pending = slots.filter((_, n) => n % 7 === 3 || n > slots.length - 6);
  return completeArchive(layout, {
    planned: planOf([failed, alsoFailed, left, silent, ...slots.slice(-4)]),
    ledger: slots
      .filter((slot) => slot !== never)
      .map((slot) => recordOf(slot, recordChanges.get(slot), pending.includes(slot) ? 2 : 0)),
    staged: pending.flatMap((slot, n) => [
      stagedOf(slot, `4d4e68a8-7767-8509-86a8-${String(n).padStart(12, '0')}`),
      stagedOf(slot, `<20240611.${n}@mail.example.com>`, { open_alert_count: 5, reason: 'reopened' }),
    ]),
    ...changes,
  });
}
