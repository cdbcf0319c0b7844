import type { Comparison } from '../archive/comparison.ts';
import type { LedgerRecord, SourceCount } from '../archive/ledger.ts';
import type { SourceName } from '../messages/message.ts';
import { covers, type Instant, type Interval, intersection, latest } from '../windows/interval.ts';
import { type Layout, type Slot, slotAt, slotById, slotsIn, widen } from '../windows/slot.ts';
import { isLive, isSettled } from './settled.ts';

/** Everything a plan depends on. */
export interface Facts {
  /** Ms since 1970. */
  readonly now: number;
  /** The range given by the user; it is widened to whole slots. */
  readonly range: Interval;
  readonly layout: Layout;
  readonly recentDays: number;
  /** How many of the windows read longest ago are re-read as a precaution. */
  readonly scrubWindows: number;
  /** True to read every slot of the range, whatever the ledger says. */
  readonly refresh: boolean;
  /** The source of live slots, and that of all others. */
  readonly sources: { readonly live: SourceName; readonly settled: SourceName };
  /** By slot id. */
  readonly ledger: ReadonlyMap<string, LedgerRecord>;
  /** Pending messages by slot id. */
  readonly staged: ReadonlyMap<string, number>;
  /** Ids of slots whose record or pending messages are damaged. */
  readonly damaged?: ReadonlySet<string>;
  /** Versions of the slots' objects by slot id, from one listing of the archive. */
  readonly versions: ReadonlyMap<string, string>;
  /** Current counts of `sources.settled` by slot id, for the {@link auditable} slots. */
  readonly counts?: ReadonlyMap<string, SourceCount>;
  /** Ids of slots that the source refused to count. They are not scrubbed: the source would refuse to return them too. */
  readonly uncounted?: ReadonlySet<string>;
}

/** Why a slot is re-read although its own state does not require it. */
export type Reread = 'refresh' | 'audit' | 'scrub';

/**
 * Why a slot is handled as it is. If several reasons apply, the first in this order is given:
 * - `live`: its alerts may still change;
 * - `failed`: the last attempt to process it failed;
 * - `damaged`: its ledger record or a pending message of it is damaged;
 * - `new`: it was never read;
 * - `no-longer-live`: it was live when it was last read, and is not any more;
 * - `deferred`: an earlier run planned to read it and did not get to it;
 * - `missed-message`: a later read of another slot returned a message of this slot that it lacks;
 * - `object-missing`: the ledger has an object that the archive lacks (processing the slot then fails);
 * - `object-changed`: the archive's object has another version than in the ledger, or the ledger has none;
 * - `refresh`: the user requested it;
 * - `audit`: the source's counts differ from those when it was read;
 * - `scrub`: its window is among those read longest ago;
 * - `pending`: it is settled and has pending messages, which are re-checked;
 * - `up-to-date`: there is nothing to do.
 */
export type Reason = (typeof reasons)[number];

/** In order of precedence. */
export const reasons = [
  'live',
  'failed',
  'damaged',
  'new',
  'no-longer-live',
  'deferred',
  'missed-message',
  'object-missing',
  'object-changed',
  'refresh',
  'audit',
  'scrub',
  'pending',
  'up-to-date',
] as const;

/** The action planned for a slot: read all of it, re-check only its pending messages, or nothing. */
export type Action = 'read' | 're-check' | 'none';

/** The decision on one slot. */
export interface PlannedSlot {
  readonly slot: Slot;
  readonly action: Action;
  readonly reason: Reason;
  /** The source to read from. */
  readonly source: SourceName;
  /** The number of pending messages of the slot. */
  readonly staged: number;
  /** The last attempt to process the slot, successful or not; absent if there was none. */
  readonly triedAt?: Instant;
}

/** The plan as passed to the report: what to do, and when that was decided. */
export interface PlanOutput {
  readonly planned_at: Instant;
  /** Slot id, action and reason; slots with nothing to do are omitted. */
  readonly slots: readonly (readonly [string, Exclude<Action, 'none'>, Reason])[];
  /** Absent if there was nothing to compare. */
  readonly comparison?: Comparison | undefined;
}

/**
 * Decides on every slot of the range and every slot with pending messages or damage, in time order. Slots that start at `now` or
 * later are omitted. Refresh, audit and scrub apply to slots of the range only.
 * @throws UserError if messages are staged under the id of a slot that does not fit the layout
 */
export function decide(facts: Facts): PlannedSlot[] {
  const range = widen(facts.range, facts.layout);
  const reread = (slot: Slot): Reread | undefined => {
    if (!covers(range, slot)) return undefined;
    if (facts.refresh) return 'refresh';
    return hasOtherCounts(slot, facts) ? 'audit' : undefined;
  };
  const scrubbed = windowsReadLongestAgo(
    decideSlots(facts, reread).filter(({ slot }) => covers(range, slot)),
    facts,
  );
  return decideSlots(
    facts,
    (slot) => reread(slot) ?? (scrubbed.has(slot.window) && covers(range, slot) ? 'scrub' : undefined),
  );
}

/**
 * The slots to audit: settled slots of the range that are not read anyway, for which the ledger has a count by
 * `sources.settled`. Ignores `facts.counts`.
 */
export function auditable(facts: Facts): Slot[] {
  const range = widen(facts.range, facts.layout);
  return decideSlots(facts, () => (facts.refresh ? 'refresh' : undefined))
    .filter(({ slot, action }) => action !== 'read' && covers(range, slot) && lastCount(slot, facts) !== undefined)
    .map(({ slot }) => slot);
}

/**
 * Decides as {@link decide} does, except that `reread` alone says which settled slots to re-read: ignores
 * `facts.refresh`, `facts.counts` and `facts.scrubWindows`.
 */
export function decideSlots(facts: Facts, reread: (slot: Slot) => Reread | undefined): PlannedSlot[] {
  const missedAt = missedMessages(facts);
  return candidateSlots(facts).map((slot) => {
    const live = isLive(slot, facts.now, facts.recentDays);
    const staged = facts.staged.get(slot.id) ?? 0;
    const record = facts.ledger.get(slot.id);
    const triedAt = latest(record?.read_at, record?.rechecked_at, record?.last_error?.at);
    const source = live ? facts.sources.live : facts.sources.settled;
    const decision = { slot, source, staged, ...(triedAt !== undefined && { triedAt }) };
    const reason = live ? 'live' : (reasonToRead(slot, facts, missedAt) ?? reread(slot));
    if (reason !== undefined) return { ...decision, action: 'read', reason };
    if (staged > 0) return { ...decision, action: 're-check', reason: 'pending' };
    return { ...decision, action: 'none', reason: 'up-to-date' };
  });
}

function candidateSlots(facts: Facts): Slot[] {
  const past = intersection(widen(facts.range, facts.layout), { start: Number.NEGATIVE_INFINITY, end: facts.now });
  const slots = new Map((past ? slotsIn(past, facts.layout) : []).map((slot) => [slot.id, slot]));
  const staged = [...facts.staged].flatMap(([id, count]) => (count === 0 ? [] : [id]));
  for (const id of [...staged, ...(facts.damaged ?? [])]) {
    if (slots.has(id)) continue;
    const slot = slotById(id, facts.layout);
    if (slot.start < facts.now) slots.set(id, slot);
  }
  return [...slots.values()].sort((a, b) => a.start - b.start);
}

/** Why the state of a slot that is not live requires a read; undefined if it does not. */
function reasonToRead(slot: Slot, facts: Facts, missedAt: ReadonlyMap<string, Instant>): Reason | undefined {
  const record = facts.ledger.get(slot.id);
  if (record?.last_error) return 'failed';
  if (facts.damaged?.has(slot.id)) return 'damaged';
  if (record?.read_at === undefined) return 'new';
  if (!isSettled(slot, record, facts.now, facts.recentDays)) return 'no-longer-live';
  if (record.deferred?.action === 'read') return 'deferred';
  if ((missedAt.get(slot.id) ?? '') > record.read_at) return 'missed-message';
  const listed = facts.versions.get(slot.id);
  if (listed === undefined) return record.rows > 0 || record.version !== undefined ? 'object-missing' : undefined;
  return listed === record.version ? undefined : 'object-changed';
}

/** By slot id: when a read of another slot last returned a message of that slot that it lacks. */
function missedMessages({ ledger, layout }: Facts): ReadonlyMap<string, Instant> {
  const missedAt = new Map<string, Instant>();
  for (const { unowned } of ledger.values()) {
    for (const { timestamp, seen_at } of unowned?.messages ?? []) {
      const { id } = slotAt(Number(BigInt(timestamp) / 1000n), layout);
      missedAt.set(id, latest(missedAt.get(id), seen_at)!);
    }
  }
  return missedAt;
}

/** The source's counts when the slot was last read; undefined if it was read from another source. */
function lastCount(slot: Slot, facts: Facts): SourceCount | undefined {
  const record = facts.ledger.get(slot.id);
  return record?.source === facts.sources.settled ? record.source_count : undefined;
}

function hasOtherCounts(slot: Slot, facts: Facts): boolean {
  const then = lastCount(slot, facts);
  const now = facts.counts?.get(slot.id);
  if (!then || !now) return false;
  return (['total', 'alerted', 'closed', 'to_end', 'to_last_day'] as const).some(
    (field) => then[field] !== undefined && now[field] !== undefined && then[field] !== now[field],
  );
}

/** Ids of the windows to scrub: no slot of theirs is read anyway. The sort is stable: ties stay in time order. */
function windowsReadLongestAgo(planned: readonly PlannedSlot[], facts: Facts): Set<string> {
  const readAt = ({ slot }: PlannedSlot) => Date.parse(facts.ledger.get(slot.id)?.read_at ?? '');
  const idle = [...Map.groupBy(planned, ({ slot }) => slot.window)]
    .filter(([, slots]) => slots.every(({ action, slot }) => action !== 'read' && !facts.uncounted?.has(slot.id)))
    .map(([window, slots]) => ({ window, readAt: Math.min(...slots.map(readAt)) }))
    .sort((a, b) => a.readAt - b.readAt);
  return new Set(idle.slice(0, facts.scrubWindows).map(({ window }) => window));
}
