import { isLive } from '../src/plan/settled.ts';
import { type Layout, slotAt } from '../src/windows/slot.ts';
import type { SourceTruth } from './source-process.ts';

/** What a run of the action looked at. */
export interface Look {
  /** The instant that it took for now, in ms since 1970. */
  readonly at: number;
  /** The ids of the slots that its plan had read whole. */
  readonly read: ReadonlySet<string>;
  /** What the source showed at that instant. */
  readonly truth: readonly SourceTruth[];
}

/** A row of the archive. */
export interface Row {
  readonly id: string;
  readonly sha: string;
  /** Whether that is the hash of the row's payload. */
  readonly holds: boolean;
}

/** A message that the archive has to hold. */
interface Owed {
  /** Of the text with which it was closed at one of the looks. */
  readonly shas: Set<string>;
  /** Of the text that the source shows now, where it is closed now. */
  newest: string | undefined;
}

/** What is to be found in the archive. */
export interface Expectation {
  readonly owed: ReadonlyMap<string, Owed>;
  /** Messages that are closed now, but are in a settled slot and had no alert when it was read: left to the scrub. */
  readonly unnoticed: number;
}

/** How the archive and the source compare: lists of ids, all empty but `older` where the archive is what it promises. */
export interface Comparison {
  readonly messages: number;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly twice: readonly string[];
  /** Rows whose payload is not what `payload_sha256` says. */
  readonly damaged: readonly string[];
  /** Rows with a payload that the source never gave for a closed message at a look. */
  readonly foreign: readonly string[];
  /** Rows with an earlier closed version than the source's: re-opened, or amended after their slot settled. */
  readonly older: readonly string[];
}

/** How far a message has come, look by look. */
interface Progress {
  seen: boolean;
  waiting: boolean;
}

/**
 * What the design promises after a series of looks: a message is archived when it is closed at a look that reads its slot
 * whole, or finds it waiting. A slot is read whole while it is live, once more to settle it, and when the source has come
 * to hold a message that it did not hold before; whatever else a plan chose to read counts too.
 * @param looks in the order of time
 */
export function expectation(looks: readonly Look[], layout: Layout, recentDays: number): Expectation {
  const owed = new Map<string, Owed>();
  const progress = new Map<string, Progress>();
  looks.forEach((look, n) => {
    for (const message of look.truth) {
      const { id, timestamp, state, sha256 } = message;
      if (id === null || state === 'invalid' || timestamp >= look.at * 1_000) continue;
      const known = progress.get(id) ?? { seen: false, waiting: false };
      progress.set(id, known);
      const isRead = !known.seen || isReadWhole(timestamp, look, looks[n - 1], layout, recentDays);
      if (!isRead && !known.waiting) continue;
      known.seen = true;
      known.waiting = state === 'open';
      if (state === 'closed') addTo(owed, id).shas.add(sha256);
    }
  });
  return { owed: withNewest(owed, looks.at(-1)), unnoticed: unnoticed(owed, looks.at(-1)) };
}

function isReadWhole(us: number, look: Look, before: Look | undefined, layout: Layout, recentDays: number): boolean {
  const slot = slotAt(Math.floor(us / 1_000), layout);
  return (
    before === undefined ||
    isLive(slot, look.at, recentDays) ||
    isLive(slot, before.at, recentDays) ||
    look.read.has(slot.id)
  );
}

function addTo(owed: Map<string, Owed>, id: string): Owed {
  const one = owed.get(id) ?? { shas: new Set<string>(), newest: undefined };
  owed.set(id, one);
  return one;
}

function withNewest(owed: ReadonlyMap<string, Owed>, last: Look | undefined): ReadonlyMap<string, Owed> {
  for (const { id, state, sha256 } of last?.truth ?? []) {
    const one = id === null ? undefined : owed.get(id);
    if (one !== undefined && state === 'closed') one.newest = sha256;
  }
  return owed;
}

function unnoticed(owed: ReadonlyMap<string, Owed>, last: Look | undefined): number {
  return (last?.truth ?? []).filter(({ id, state }) => state === 'closed' && id !== null && !owed.has(id)).length;
}

/** Holds the rows of an archive against what it has to hold. */
export function compare({ owed }: Expectation, rows: readonly Row[]): Comparison {
  const counts = new Map<string, number>();
  for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1);
  const idsOf = (wanted: (row: Row, one: Owed | undefined) => boolean) =>
    rows.filter((row) => wanted(row, owed.get(row.id))).map(({ id }) => id);
  return {
    messages: owed.size,
    missing: [...owed.keys()].filter((id) => !counts.has(id)),
    extra: [...counts.keys()].filter((id) => !owed.has(id)),
    twice: [...counts].filter(([, count]) => count > 1).map(([id]) => id),
    damaged: idsOf(({ holds }) => !holds),
    foreign: idsOf(({ sha }, one) => one !== undefined && !one.shas.has(sha)),
    older: idsOf(({ sha }, one) => one?.shas.has(sha) === true && one.newest !== sha),
  };
}

/** Whether the archive is what it promises. */
export function isSame({ missing, extra, twice, damaged, foreign }: Comparison): boolean {
  return [missing, extra, twice, damaged, foreign].every((ids) => ids.length === 0);
}
