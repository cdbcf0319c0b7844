import type { Counts, LedgerRecord } from '../../archive/ledger.ts';
import type { Format } from '../../archive/schema.ts';
import { isLive, isSettled } from '../../plan/settled.ts';
import type { Instant } from '../../windows/interval.ts';
import { type Layout, type Slot, slotById, slotsIn } from '../../windows/slot.ts';
import { type Shortfall, shortfallPhrases } from '../phrases.ts';
import type { Missing, Survey } from '../survey.ts';

/** The data of the coverage page besides the {@link Survey}. */
export interface Setting {
  readonly layout: Layout;
  readonly format: Format;
  readonly recentDays: number;
  /** When the plan was made, or if there is none, when the report was made. */
  readonly plannedAt: Instant;
}

/** State of a slot. If several apply, the first in this order is used. */
export type State = 'failed' | 'incomplete' | 'live' | 'empty' | 'complete';

export type Why = Shortfall | 'new' | 'unsettled' | 'live' | 'empty' | 'settled';

/** Why a slot is in its state, for people. */
export const whys: Readonly<Record<Why, string>> = {
  failed: shortfallPhrases.failed.slot,
  time: shortfallPhrases.time.slot,
  source: shortfallPhrases.source.slot,
  leg: shortfallPhrases.leg.slot,
  new: 'never read',
  unsettled: 'last read while its alerts could still change',
  live: 'its alerts may still change, so every run reads it',
  empty: 'the source has no messages in it',
  settled: 'read and verified, and its alerts are final',
};

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
  /** Pending messages of the slot. */
  readonly pending: number;
}

/** Sums over the ledger. */
export interface Totals {
  /** Archived messages. */
  readonly rows: number;
  readonly objects: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly counts: Counts;
}

/** Returns the known slots and the unread ones between them, in time order, except for years without a known slot. */
export function slotsOf(survey: Survey, setting: Setting): SlotCoverage[] {
  const missing = new Map(survey.missing.map(({ slot, why }) => [slot.id, why]));
  const pending = Map.groupBy(survey.staged, ({ slot }) => slot);
  const ids = new Set([...survey.slots.map(({ id }) => id), ...pending.keys()]);
  return slotsAround([...ids], setting.layout).map((slot) => {
    const record = survey.ledger.get(slot.id);
    const why = whyOf(slot, record, missing.get(slot.id), setting);
    return { slot, state: stateOfWhy[why], why, record, pending: pending.get(slot.id)?.length ?? 0 };
  });
}

/** Returns the sums over the ledger. */
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

/** Returns the UTC year in which a slot starts. */
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

/** Returns the start of a year in ms since 1970. `Date.UTC` maps years before 100 to 1900 and later. */
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
  // As of the plan: slots that become settled during the run are left to the next one.
  const plannedAt = Date.parse(setting.plannedAt);
  if (isLive(slot, plannedAt, setting.recentDays)) return 'live';
  if (!isSettled(slot, record, plannedAt, setting.recentDays)) return 'unsettled';
  return record.counts?.read === 0 ? 'empty' : 'settled';
}
