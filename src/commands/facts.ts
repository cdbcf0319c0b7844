import { slotOfPath } from '../archive/layout.ts';
import type { SourceCount } from '../archive/ledger.ts';
import type { ListedObject } from '../io/ports.ts';
import type { Interval } from '../windows/interval.ts';
import { auditable, type Facts } from '../windows/planner.ts';
import type { Parts, Sources } from './parts.ts';

/** What the user asks to be looked at. */
export interface Scope {
  readonly range: Interval;
  readonly refresh: boolean;
  readonly scrubWindows: number;
}

/** All that a plan depends on, and the listing that it was taken from. */
export interface Gathered {
  readonly facts: Facts;
  readonly objects: readonly ListedObject[];
}

/** Gathers them by one query of the state and one listing of the archive. */
export async function gatherFacts(parts: Parts, sources: Sources, scope: Scope): Promise<Gathered> {
  const [state, objects] = await Promise.all([parts.staging.state(), parts.archive.list()]);
  const staged = new Map<string, number>();
  for (const { slot } of state.staged) staged.set(slot, (staged.get(slot) ?? 0) + 1);
  const versions = objects.flatMap(({ path, version }) => {
    const slot = slotOfPath(path, parts.settings);
    return slot === undefined ? [] : [[slot.id, version] as const];
  });
  const facts = {
    ...scope,
    now: parts.now(),
    layout: parts.settings.layout,
    recentDays: parts.recentDays,
    sources: { live: sources.live.name, settled: sources.settled.name },
    ledger: new Map(state.ledger.map((record) => [record.slot, record])),
    staged,
    versions: new Map(versions),
  };
  return { facts, objects };
}

/** The facts with what the source now says that it holds of the settled slots. */
export async function audited(facts: Facts, sources: Sources): Promise<Facts> {
  const slots = auditable(facts);
  const found = await sources.settled.count(slots);
  const counts = new Map<string, SourceCount>();
  slots.forEach((slot, n) => {
    const count = found[n];
    if (count !== undefined) counts.set(slot.id, count);
  });
  return { ...facts, counts };
}
