import { isLive } from '../src/plan/settled.ts';
import { type Layout, slotAt } from '../src/windows/slot.ts';
import type { SourceTruth } from './source-process.ts';

/** The source at the time of one run, and the slots that the run read. */
export interface Observation {
  /** The run's `as-of`, in ms since 1970. */
  readonly at: number;
  /** Ids of the slots that the plan read in full. */
  readonly read: ReadonlySet<string>;
  /** The source's messages at that instant. */
  readonly truth: readonly SourceTruth[];
}

/** A row of the archive. */
export interface Row {
  readonly id: string;
  readonly sha: string;
  /** True if `sha` is the hash of the row's payload. */
  readonly holds: boolean;
}

/** A message that the archive must hold. */
interface Expected {
  /** Hashes of its closed versions, one per observation. */
  readonly shas: Set<string>;
  /** Hash of its current version, if that is closed. */
  newest: string | undefined;
}

/** The expected content of the archive. */
export interface Expectation {
  readonly expected: ReadonlyMap<string, Expected>;
  /** Closed messages in settled slots that had no alert when the slot was read: a later scrub finds them. */
  readonly unnoticed: number;
}

/** The archive compared with the source: lists of ids. In a correct archive all but `older` are empty. */
export interface Comparison {
  readonly messages: number;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly twice: readonly string[];
  /** Rows whose payload does not match `payload_sha256`. */
  readonly damaged: readonly string[];
  /** Rows whose payload is none of the closed versions observed at the source. */
  readonly foreign: readonly string[];
  /** Rows with an earlier closed version than the source's: re-opened, or amended after the slot settled. */
  readonly older: readonly string[];
}

/** Progress of a message from one observation to the next. */
interface Progress {
  seen: boolean;
  pending: boolean;
}

/**
 * Returns what the archive must hold after a series of runs. A run archives a closed message if it reads the message's slot
 * in full, or if the message was pending. A slot is read in full while it is live, once more to settle it, when the source
 * has a message there that it did not have before, and whenever a plan says so.
 * @param observations in chronological order
 */
export function expectation(observations: readonly Observation[], layout: Layout, recentDays: number): Expectation {
  const expected = new Map<string, Expected>();
  const progress = new Map<string, Progress>();
  observations.forEach((observation, n) => {
    for (const message of observation.truth) {
      const { id, timestamp, state, sha256 } = message;
      if (id === null || state === 'invalid' || timestamp >= observation.at * 1_000) continue;
      const known = progress.get(id) ?? { seen: false, pending: false };
      progress.set(id, known);
      const isRead = !known.seen || isReadInFull(timestamp, observation, observations[n - 1], layout, recentDays);
      if (!isRead && !known.pending) continue;
      known.seen = true;
      known.pending = state === 'open';
      if (state === 'closed') addTo(expected, id).shas.add(sha256);
    }
  });
  const last = observations.at(-1);
  return { expected: withNewest(expected, last), unnoticed: unnoticed(expected, last) };
}

function isReadInFull(
  us: number,
  observation: Observation,
  before: Observation | undefined,
  layout: Layout,
  recentDays: number,
): boolean {
  const slot = slotAt(Math.floor(us / 1_000), layout);
  return (
    before === undefined ||
    isLive(slot, observation.at, recentDays) ||
    isLive(slot, before.at, recentDays) ||
    observation.read.has(slot.id)
  );
}

function addTo(expected: Map<string, Expected>, id: string): Expected {
  const one = expected.get(id) ?? { shas: new Set<string>(), newest: undefined };
  expected.set(id, one);
  return one;
}

function withNewest(
  expected: ReadonlyMap<string, Expected>,
  last: Observation | undefined,
): ReadonlyMap<string, Expected> {
  for (const { id, state, sha256 } of last?.truth ?? []) {
    const one = id === null ? undefined : expected.get(id);
    if (one !== undefined && state === 'closed') one.newest = sha256;
  }
  return expected;
}

function unnoticed(expected: ReadonlyMap<string, Expected>, last: Observation | undefined): number {
  return (last?.truth ?? []).filter(({ id, state }) => state === 'closed' && id !== null && !expected.has(id)).length;
}

/** Compares the rows of an archive with its expected content. */
export function compare({ expected }: Expectation, rows: readonly Row[]): Comparison {
  const counts = new Map<string, number>();
  for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1);
  const idsOf = (wanted: (row: Row, one: Expected | undefined) => boolean) =>
    rows.filter((row) => wanted(row, expected.get(row.id))).map(({ id }) => id);
  return {
    messages: expected.size,
    missing: [...expected.keys()].filter((id) => !counts.has(id)),
    extra: [...counts.keys()].filter((id) => !expected.has(id)),
    twice: [...counts].filter(([, count]) => count > 1).map(([id]) => id),
    damaged: idsOf(({ holds }) => !holds),
    foreign: idsOf(({ sha }, one) => one !== undefined && !one.shas.has(sha)),
    older: idsOf(({ sha }, one) => one?.shas.has(sha) === true && one.newest !== sha),
  };
}

/** True if the archive has exactly the expected content. */
export function isSame({ missing, extra, twice, damaged, foreign }: Comparison): boolean {
  return [missing, extra, twice, damaged, foreign].every((ids) => ids.length === 0);
}
