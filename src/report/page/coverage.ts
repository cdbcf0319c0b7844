import type { Counts, LedgerRecord } from '../../archive/ledger.ts';
import type { Format } from '../../archive/schema.ts';
import { isLive, isSettled } from '../../plan/settled.ts';
import type { Instant } from '../../windows/interval.ts';
import { type Layout, type Slot, slotById, slotsIn } from '../../windows/slot.ts';
import type { Missing, Survey } from '../survey.ts';

/** What a page tells of an archive beside its {@link Survey}. */
export interface Setting {
  readonly layout: Layout;
  readonly format: Format;
  readonly recentDays: number;
  /** When the plan was made; where there is none, when one was asked for. */
  readonly plannedAt: Instant;
}

/** How a slot stands; where several hold, the first in this order is given. */
export type State = 'failed' | 'incomplete' | 'live' | 'empty' | 'complete';

/** Why a slot is in its state, for people. */
export const whys = {
  failed: 'the last attempt to read it failed',
  time: 'time ran out before it was read',
  source: 'its source was not to be had for the slots before it',
  leg: 'the leg that was to read it ended before',
  new: 'it was never read',
  unsettled: 'it was last read while its alerts still moved',
  live: 'its alerts still move, every run reads it again',
  empty: 'the source holds no message of it',
  settled: 'read whole, after its alerts stopped moving',
} as const;
export type Why = keyof typeof whys;

const stateOfWhy: Readonly<Record<Why, State>> = {
  failed: 'failed',
  time: 'incomplete',
  source: 'incomplete',
  leg: 'incomplete',
  new: 'incomplete',
  unsettled: 'incomplete',
  live: 'live',
  empty: 'empty',
  settled: 'complete',
};

export interface SlotCoverage {
  readonly slot: Slot;
  readonly state: State;
  readonly why: Why;
  readonly record: LedgerRecord | undefined;
  /** Messages of the slot that wait for their alerts. */
  readonly waiting: number;
}

/** What the ledger's records come to. */
export interface Totals {
  /** Messages archived. */
  readonly rows: number;
  readonly objects: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly counts: Counts;
}

/**
 * Every slot of which something is known, in time order, and those between them that were never read; of years of which nothing is known,
 * none.
 */
export function slotsOf(survey: Survey, setting: Setting): SlotCoverage[] {
  const missing = new Map(survey.missing.map(({ slot, why }) => [slot.id, why]));
  const waiting = Map.groupBy(survey.staged, ({ slot }) => slot);
  const ids = new Set([...survey.slots.map(({ id }) => id), ...waiting.keys()]);
  return slotsAround([...ids], setting.layout).map((slot) => {
    const record = survey.ledger.get(slot.id);
    const why = whyOf(slot, record, missing.get(slot.id), setting);
    return { slot, state: stateOfWhy[why], why, record, waiting: waiting.get(slot.id)?.length ?? 0 };
  });
}

/** Sums over the ledger. */
export function totalsOf({ ledger }: Survey): Totals {
  const records = [...ledger.values()];
  const sum = (value: (record: LedgerRecord) => number | undefined) =>
    records.reduce((total, record) => total + (value(record) ?? 0), 0);
  return {
    rows: sum(({ rows }) => rows),
    objects: sum(({ rows }) => (rows > 0 ? 1 : 0)),
    bytesIn: sum(({ bytes_in }) => bytes_in),
    bytesOut: sum(({ bytes_out }) => bytes_out),
    counts: {
      read: sum(({ counts }) => counts?.read),
      closed: sum(({ counts }) => counts?.closed),
      open: sum(({ counts }) => counts?.open),
      unalerted: sum(({ counts }) => counts?.unalerted),
      invalid: sum(({ counts }) => counts?.invalid),
      duplicates: sum(({ counts }) => counts?.duplicates),
    },
  };
}

/** The UTC year of a slot. */
export function yearOf({ start }: Slot): number {
  return new Date(start).getUTCFullYear();
}

function slotsAround(ids: readonly string[], layout: Layout): Slot[] {
  const known = ids.map((id) => slotById(id, layout)).sort((a, b) => a.start - b.start);
  const first = known[0]?.start ?? 0;
  const end = known.at(-1)?.end ?? 0;
  return [...new Set(known.map(yearOf))].flatMap((year) =>
    slotsIn({ start: Math.max(first, startOf(year)), end: Math.min(end, startOf(year + 1)) }, layout),
  );
}

/** In ms since 1970. `Date.UTC` takes the years before 100 for those from 1900 on. */
function startOf(year: number): number {
  return new Date(0).setUTCFullYear(year);
}

function whyOf(
  slot: Slot,
  record: LedgerRecord | undefined,
  missing: Missing['why'] | undefined,
  setting: Setting,
): Why {
  if (record?.last_error !== undefined) return 'failed';
  if (missing !== undefined) return missing;
  if (record?.read_at === undefined) return 'new';
  // At the time of the plan: what stops being live while the run works is for the next run.
  const plannedAt = Date.parse(setting.plannedAt);
  if (isLive(slot, plannedAt, setting.recentDays)) return 'live';
  if (!isSettled(slot, record, plannedAt, setting.recentDays)) return 'unsettled';
  return record.counts?.read === 0 ? 'empty' : 'settled';
}
