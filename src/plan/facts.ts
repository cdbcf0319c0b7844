import { slotOfPath } from '../archive/layout.ts';
import type { SourceCount } from '../archive/ledger.ts';
import { asideFrom } from '../auxiliary.ts';
import type { Context, Sources } from '../context.ts';
import { counted, number } from '../format.ts';
import { type ListedObject, type Log, RequestRefused, type Source, Unavailable } from '../io/ports.ts';
import type { Interval } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { widen } from '../windows/slot.ts';
import { auditable, type Facts } from './decide.ts';

/** Statuses by which a source says that its URL or its credentials are wrong, whatever it is asked for. */
export const misconfigured: ReadonlySet<number> = new Set([401, 403, 404]);
/** Slots whose count is refused before the older ones are not asked for any more. */
const refusalsMax = 3;

/** What the user asks to be looked at. */
export interface Scope {
  readonly range: Interval;
  readonly refresh: boolean;
  readonly scrubWindows: number;
  /** For how many days two sources are compared; absent: none. */
  readonly overlapDays?: number;
}

/** All that a plan depends on, and the listing that it was taken from. */
export interface Gathered {
  readonly facts: Facts;
  readonly objects: readonly ListedObject[];
}

/** Gathers them by one query of the state and one listing of the archive. */
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
    versions: new Map(versions),
  };
  return { facts, objects };
}

/**
 * The facts with what the source now says that it holds of the settled slots. A source that refuses to count is noted in one
 * warning: what it refuses is neither audited nor scrubbed, and the plan is made without it.
 */
export async function audited(facts: Facts, sources: Sources, log: Log): Promise<Facts> {
  const slots = auditable(facts);
  const counts = new Map<string, SourceCount>();
  const refused = await countEach(sources.settled, slots, counts);
  if (refused !== undefined) log.warning(`${refused.told} ${refusedText(refused.slots.length, slots.length)}`);
  return { ...facts, counts, uncounted: new Set(refused?.slots.map(({ id }) => id)) };
}

interface Refused {
  readonly slots: readonly Slot[];
  readonly told: string;
}

/** Counts all slots at once; where that is refused, one by one, the latest first, since a source may keep the last year only. */
async function countEach(
  source: Source,
  slots: readonly Slot[],
  counts: Map<string, SourceCount>,
): Promise<Refused | undefined> {
  const note = (counted: readonly Slot[], found: readonly (SourceCount | undefined)[]) =>
    counted.forEach((slot, n) => {
      const count = found[n];
      if (count !== undefined) counts.set(slot.id, count);
    });
  const failure = await asideFrom(async () => note(slots, await source.count(slots)));
  if (failure === undefined) return undefined;
  // A source that lets nobody in will not be read either.
  if (failure instanceof RequestRefused && misconfigured.has(failure.status)) throw failure;
  // A source that is down has refused nothing: the slots that are scrubbed will tell.
  if (failure instanceof Unavailable) return { slots: [], told: failure.message };
  const refused: Slot[] = [];
  for (const slot of slots.toReversed()) {
    const isOver = refused.length >= refusalsMax;
    const told = isOver ? failure : await asideFrom(async () => note([slot], await source.count([slot])));
    if (told !== undefined) refused.push(slot);
  }
  return { slots: refused, told: failure.message };
}

function refusedText(refused: number, all: number): string {
  if (refused === 0) return 'The settled slots were not compared with its counts; everything else goes on.';
  return `${number(refused)} of ${counted(all, 'settled slot')} could not be compared with the source's counts and stay as they are; everything else goes on.`;
}

/** The whole slots of the range, as far as they lie in the past: what they do not hold is in no slot. */
export function pastOf({ range, layout, now }: Facts): Interval {
  const { start, end } = widen(range, layout);
  return { start, end: Math.min(end, now) };
}
