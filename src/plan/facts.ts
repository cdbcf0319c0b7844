import { slotOfPath } from '../archive/layout.ts';
import type { DamagedItem, SourceCount } from '../archive/ledger.ts';
import type { Context, Sources } from '../context.ts';
import { counted, number } from '../format.ts';
import { type ListedObject, type Log, RequestRefused, type Source, Unavailable } from '../io/ports.ts';
import { failureOf } from '../optional-work.ts';
import type { Interval } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { widen } from '../windows/slot.ts';
import { damagedSlots } from './damaged.ts';
import { auditable, type Facts } from './decide.ts';

/** Status codes that mean a wrong URL or wrong credentials: every request will fail. */
export const misconfigured: ReadonlySet<number> = new Set([401, 403, 404]);
/** After so many refused slots, older ones are not requested. */
const refusalsMax = 3;

/** The user's inputs to a plan. */
export interface Scope {
  readonly range: Interval;
  readonly refresh: boolean;
  readonly scrubWindows: number;
  /** The number of days over which two sources are compared. Default: 0. */
  readonly overlapDays?: number;
}

/** The facts of a plan, the listing of the archive they were taken from, and damaged items of the staging. */
export interface Gathered {
  readonly facts: Facts;
  readonly objects: readonly ListedObject[];
  readonly damaged: readonly DamagedItem[];
}

/** Gathers the facts with one query of the staging and one listing of the archive. */
export async function gatherFacts(context: Context, sources: Sources, scope: Scope): Promise<Gathered> {
  const [state, objects] = await Promise.all([context.staging.state(), context.archive.list()]);
  const staged = new Map<string, number>();
  for (const { slot } of state.staged) staged.set(slot, (staged.get(slot) ?? 0) + 1);
  const versions = objects.flatMap(({ path, version }) => {
    const slot = slotOfPath(path, context.settings);
    return slot === undefined ? [] : [[slot.id, version] as const];
  });
  const facts = {
    ...scope,
    now: context.now(),
    layout: context.settings.layout,
    recentDays: context.recentDays,
    sources: { live: sources.live.name, settled: sources.settled.name },
    ledger: new Map(state.ledger.map((record) => [record.slot, record])),
    staged,
    damaged: damagedSlots(state.damaged, context.settings.layout),
    versions: new Map(versions),
  };
  return { facts, objects, damaged: state.damaged ?? [] };
}

/**
 * The facts with the source's current counts of settled slots. Slots that the source refuses to count are reported in one
 * warning, and are neither audited nor scrubbed.
 */
export async function audited(facts: Facts, sources: Sources, log: Log): Promise<Facts> {
  const slots = auditable(facts);
  const counts = new Map<string, SourceCount>();
  const refused = await countSlots(sources.settled, slots, counts);
  if (refused !== undefined) log.warning(`${refused.message} ${refusedText(refused.slots.length, slots.length)}`);
  return { ...facts, counts, uncounted: new Set(refused?.slots.map(({ id }) => id)) };
}

interface Refused {
  readonly slots: readonly Slot[];
  readonly message: string;
}

/**
 * Counts all slots at once. If that is refused, counts them one by one, the latest first, since a source may keep only the
 * last year.
 */
async function countSlots(
  source: Source,
  slots: readonly Slot[],
  counts: Map<string, SourceCount>,
): Promise<Refused | undefined> {
  const count = async (some: readonly Slot[]) => {
    const found = await source.count(some);
    some.forEach((slot, n) => {
      const slotCount = found[n];
      if (slotCount !== undefined) counts.set(slot.id, slotCount);
    });
  };
  const failure = await failureOf(() => count(slots));
  if (failure === undefined) return undefined;
  // Reading would fail too.
  if (failure instanceof RequestRefused && misconfigured.has(failure.status)) throw failure;
  // An unavailable source has refused nothing: reading the scrubbed slots will show whether it is up again.
  if (failure instanceof Unavailable) return { slots: [], message: failure.message };
  const refused: Slot[] = [];
  for (const slot of slots.toReversed()) {
    const isRefused = refused.length >= refusalsMax || (await failureOf(() => count([slot]))) !== undefined;
    if (isRefused) refused.push(slot);
  }
  return { slots: refused, message: failure.message };
}

function refusedText(refused: number, all: number): string {
  if (refused === 0) return 'The audit of settled slots was skipped.';
  return `The audit skipped ${number(refused)} of ${counted(all, 'settled slot')}, since the source refused to count them.`;
}

/** The range widened to whole slots, up to now: a message outside of it is in no slot. */
export function pastOf({ range, layout, now }: Facts): Interval {
  const { start, end } = widen(range, layout);
  return { start, end: Math.min(end, now) };
}
