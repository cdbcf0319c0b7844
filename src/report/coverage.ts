import type { Counts, LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import type { Format } from '../archive/schema.ts';
import type { Instant } from '../windows/interval.ts';
import { isLive, isSettled, type Layout, type Slot, slotById, slotsIn } from '../windows/slots.ts';

/** All that the coverage page tells. */
export interface CoverageFacts {
  /** The archive for people: `s3://bucket/prefix`. */
  readonly archive: string;
  readonly layout: Layout;
  readonly format: Format;
  readonly recentDays: number;
  readonly plannedAt: Instant;
  /** Ms since 1970. */
  readonly writtenAt: number;
  readonly isComplete: boolean;
  /** Why the run is red; none where it is not. */
  readonly problems: readonly string[];
  /** How each slot of the plan stands after the legs. */
  readonly planned: readonly { readonly slot: string; readonly status: 'done' | 'failed' | 'not read' }[];
  /** Slots without a message between slots that hold some. */
  readonly gaps: readonly Slot[];
  readonly ledger: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
}

/** How a slot stands; where several hold, the first in this order is given. */
export type State = 'failed' | 'incomplete' | 'live' | 'empty' | 'complete';

/** Why a slot is in its state, for people. */
export const whys = {
  failed: 'the last attempt to read it failed',
  new: 'it was never read',
  'not read': 'the last run was to read it and did not',
  unsettled: 'it was last read while its alerts still moved',
  live: 'its alerts still move, every run reads it again',
  empty: 'the source holds no message of it',
  settled: 'read whole, after its alerts stopped moving',
} as const;
export type Why = keyof typeof whys;

const stateOfWhy: Readonly<Record<Why, State>> = {
  failed: 'failed',
  new: 'incomplete',
  'not read': 'incomplete',
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
 * Every slot of the ledger and of the plan, in time order, and those between them that were never read; of years of which
 * nothing is known, none.
 */
export function slotsOf(facts: CoverageFacts): SlotCoverage[] {
  const ledger = new Map(facts.ledger.map((record) => [record.slot, record]));
  const left = new Set(facts.planned.filter(({ status }) => status === 'not read').map(({ slot }) => slot));
  const waiting = new Map<string, number>();
  for (const { slot } of facts.staged) waiting.set(slot, (waiting.get(slot) ?? 0) + 1);
  const known = new Set([...ledger.keys(), ...facts.planned.map(({ slot }) => slot)]);
  return slotsAround([...known], facts.layout).map((slot) => {
    const record = ledger.get(slot.id);
    const why = whyOf(slot, record, left.has(slot.id), facts);
    return { slot, state: stateOfWhy[why], why, record, waiting: waiting.get(slot.id) ?? 0 };
  });
}

/** Sums over the ledger. */
export function totalsOf(ledger: readonly LedgerRecord[]): Totals {
  const sum = (value: (record: LedgerRecord) => number | undefined) =>
    ledger.reduce((total, record) => total + (value(record) ?? 0), 0);
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

function whyOf(slot: Slot, record: LedgerRecord | undefined, isLeft: boolean, facts: CoverageFacts): Why {
  if (record?.last_error !== undefined) return 'failed';
  if (record?.read_at === undefined) return 'new';
  if (isLeft) return 'not read';
  // At the time of the plan: what stops being live while the run works is for the next run.
  const plannedAt = Date.parse(facts.plannedAt);
  if (isLive(slot, plannedAt, facts.recentDays)) return 'live';
  if (!isSettled(slot, record, plannedAt, facts.recentDays)) return 'unsettled';
  return record.counts?.read === 0 ? 'empty' : 'settled';
}
