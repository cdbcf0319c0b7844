import type { Comparison } from '../archive/comparison.ts';
import type { LedgerRecord, SourceCount } from '../archive/ledger.ts';
import type { SourceName } from '../messages/message.ts';
import { covers, type Instant, type Interval, intersection, latest } from '../windows/interval.ts';
import { type Layout, type Slot, slotAt, slotById, slotsIn, widen } from '../windows/slot.ts';
import { isLive, isSettled } from './settled.ts';

/** All that the plan depends on. */
export interface Facts {
  /** Ms since 1970. */
  readonly now: number;
  /** What the user asks for; taken as widened to whole slots. */
  readonly range: Interval;
  readonly layout: Layout;
  readonly recentDays: number;
  /** How many windows are read again though nothing calls for it. */
  readonly scrubWindows: number;
  /** Whether every slot of the range is read, whatever the ledger says. */
  readonly refresh: boolean;
  /** Which source is asked for a live slot, and which for any other. */
  readonly sources: { readonly live: SourceName; readonly settled: SourceName };
  /** By slot id. */
  readonly ledger: ReadonlyMap<string, LedgerRecord>;
  /** The number of staged messages by slot id. */
  readonly staged: ReadonlyMap<string, number>;
  /** The version of the slot's object by slot id, from one listing of the archive. */
  readonly versions: ReadonlyMap<string, string>;
  /** What `sources.settled` now says that it holds, by slot id: the audit of the {@link auditable} slots. */
  readonly counts?: ReadonlyMap<string, SourceCount>;
  /** The ids of slots that the source refused to count: it would refuse to be read too, so they are not scrubbed. */
  readonly uncounted?: ReadonlySet<string>;
}

/** Why a settled slot is read though its own state does not call for it. */
export type Reread = 'refresh' | 'audit' | 'scrub';

/**
 * Why a slot is treated as it is. Where several hold, the first in this order is given:
 * - `live`: it is live;
 * - `failed`: the last attempt to read it failed;
 * - `new`: it was never read;
 * - `unsettled`: it was last read while still live;
 * - `left`: an earlier plan had it read as a whole, and no leg got to it;
 * - `seam`: a reading of another slot has since met a message of it that it does not have;
 * - `object missing`: the ledger knows of an object that the listing lacks (the merge then refuses the slot);
 * - `object changed`: the listing has another version of its object than the ledger, or one that the ledger lacks;
 * - `refresh`: the user asks for it;
 * - `audit`: its source now counts otherwise than when it was read;
 * - `scrub`: its window is among those that were read longest ago;
 * - `staged`: it is settled, and messages of it wait;
 * - `settled`: nothing is to be done.
 */
export type Reason = (typeof reasons)[number];

/** In the order of their precedence. */
export const reasons = [
  'live',
  'failed',
  'new',
  'unsettled',
  'deferred',
  'seam',
  'object missing',
  'object changed',
  'refresh',
  'audit',
  'scrub',
  'staged',
  'settled',
] as const;

/** What is done with a slot: it is read as a whole, only its staged messages are looked at again, or nothing. */
export type Action = 'read' | 're-check' | 'none';

/** The decision on one slot. */
export interface PlannedSlot {
  readonly slot: Slot;
  readonly action: Action;
  readonly reason: Reason;
  /** The source to ask. */
  readonly source: SourceName;
  /** How many messages of the slot are staged. */
  readonly staged: number;
  /** When it was last tried to bring the slot up to date, with or without success; absent where it never was. */
  readonly triedAt?: Instant;
}

/** The plan as the report is given it: what was to be done, and when that was decided. */
export interface PlanOutput {
  readonly planned_at: Instant;
  /** Slot id, what is done with it, and why; slots with nothing to do are left out. */
  readonly slots: readonly (readonly [string, Exclude<Action, 'none'>, Reason])[];
  /** Absent where there was nothing to compare. */
  readonly comparison?: Comparison | undefined;
}

/**
 * Decides on every slot of the range and every slot with staged messages, in time order. Slots that start at `now` or
 * later are left out: nothing of them can be read yet. Refresh, audit and scrub concern the slots of the range only.
 * @throws UserError where messages are staged under the id of a slot that is not one of this layout.
 */
export function decide(facts: Facts): PlannedSlot[] {
  const range = widen(facts.range, facts.layout);
  const recheck = (slot: Slot): Reread | undefined => {
    if (!covers(range, slot)) return undefined;
    if (facts.refresh) return 'refresh';
    return countsOtherwise(slot, facts) ? 'audit' : undefined;
  };
  const scrubbed = windowsReadLongestAgo(
    decideSlots(facts, recheck).filter(({ slot }) => covers(range, slot)),
    facts,
  );
  return decideSlots(
    facts,
    (slot) => recheck(slot) ?? (scrubbed.has(slot.window) && covers(range, slot) ? 'scrub' : undefined),
  );
}

/**
 * The slots whose counts the audit asks `sources.settled` for: settled ones of the range that are not read anyway, and
 * of which the ledger has that source's own count. `facts.counts` is not looked at.
 */
export function auditable(facts: Facts): Slot[] {
  const range = widen(facts.range, facts.layout);
  return decideSlots(facts, () => (facts.refresh ? 'refresh' : undefined))
    .filter(({ slot, action }) => action !== 'read' && covers(range, slot) && countThen(slot, facts) !== undefined)
    .map(({ slot }) => slot);
}

/**
 * Decides on the same slots as {@link decide} and in the same way, except that `recheck` alone says which settled slots
 * are to be read nevertheless; `facts.refresh`, `facts.counts` and `facts.scrubWindows` are not looked at.
 */
export function decideSlots(facts: Facts, recheck: (slot: Slot) => Reread | undefined): PlannedSlot[] {
  const seams = seamsOf(facts);
  return slotsInQuestion(facts).map((slot) => {
    const live = isLive(slot, facts.now, facts.recentDays);
    const staged = facts.staged.get(slot.id) ?? 0;
    const record = facts.ledger.get(slot.id);
    const triedAt = latest(record?.read_at, record?.rechecked_at, record?.last_error?.at);
    const source = live ? facts.sources.live : facts.sources.settled;
    const decision = { slot, source, staged, ...(triedAt !== undefined && { triedAt }) };
    const reason = live ? 'live' : (defectOf(slot, facts, seams) ?? recheck(slot));
    if (reason !== undefined) return { ...decision, action: 'read', reason };
    if (staged > 0) return { ...decision, action: 're-check', reason: 'staged' };
    return { ...decision, action: 'none', reason: 'settled' };
  });
}

function slotsInQuestion(facts: Facts): Slot[] {
  const past = intersection(widen(facts.range, facts.layout), { start: Number.NEGATIVE_INFINITY, end: facts.now });
  const slots = new Map((past ? slotsIn(past, facts.layout) : []).map((slot) => [slot.id, slot]));
  for (const [id, staged] of facts.staged) {
    if (staged === 0 || slots.has(id)) continue;
    const slot = slotById(id, facts.layout);
    if (slot.start < facts.now) slots.set(id, slot);
  }
  return [...slots.values()].sort((a, b) => a.start - b.start);
}

/** Why a slot that is not live does not count as proven. */
function defectOf(slot: Slot, facts: Facts, seams: ReadonlyMap<string, Instant>): Reason | undefined {
  const record = facts.ledger.get(slot.id);
  if (record?.last_error) return 'failed';
  if (record?.read_at === undefined) return 'new';
  if (!isSettled(slot, record, facts.now, facts.recentDays)) return 'unsettled';
  if (record.deferred?.action === 'read') return 'deferred';
  if ((seams.get(slot.id) ?? '') > record.read_at) return 'seam';
  const listed = facts.versions.get(slot.id);
  if (listed === undefined) return record.rows > 0 || record.version !== undefined ? 'object missing' : undefined;
  return listed === record.version ? undefined : 'object changed';
}

/** When readings of other slots last met a message of a slot that it does not have, by its id. */
function seamsOf({ ledger, layout }: Facts): ReadonlyMap<string, Instant> {
  const seams = new Map<string, Instant>();
  for (const { unowned } of ledger.values()) {
    for (const { timestamp, seen_at } of unowned?.messages ?? []) {
      const { id } = slotAt(Number(BigInt(timestamp) / 1000n), layout);
      seams.set(id, latest(seams.get(id), seen_at)!);
    }
  }
  return seams;
}

/** What the source that would be asked said when the slot was last read. */
function countThen(slot: Slot, facts: Facts): SourceCount | undefined {
  const record = facts.ledger.get(slot.id);
  return record?.source === facts.sources.settled ? record.source_count : undefined;
}

function countsOtherwise(slot: Slot, facts: Facts): boolean {
  const then = countThen(slot, facts);
  const now = facts.counts?.get(slot.id);
  if (!then || !now) return false;
  return (['total', 'alerted', 'closed', 'to_end', 'to_last_day'] as const).some(
    (field) => then[field] !== undefined && now[field] !== undefined && then[field] !== now[field],
  );
}

/** The ids of the windows to scrub, of which no slot is read anyway. The sort is stable: ties stay in time order. */
function windowsReadLongestAgo(planned: readonly PlannedSlot[], facts: Facts): Set<string> {
  const readAt = ({ slot }: PlannedSlot) => Date.parse(facts.ledger.get(slot.id)?.read_at ?? '');
  const idle = [...Map.groupBy(planned, ({ slot }) => slot.window)]
    .filter(([, slots]) => slots.every(({ action, slot }) => action !== 'read' && !facts.uncounted?.has(slot.id)))
    .map(([window, slots]) => ({ window, readAt: Math.min(...slots.map(readAt)) }))
    .sort((a, b) => a.readAt - b.readAt);
  return new Set(idle.slice(0, facts.scrubWindows).map(({ window }) => window));
}
