import { hash } from 'node:crypto';
import type { InvalidMessage } from './findings.ts';
import type { InvalidFacts, LedgerRecord } from './ledger.ts';

/** Reasons that a record keeps, the most frequent first. */
const reasonsMax = 5;
/** Hashes that a record keeps, the smallest first: up to so many, what several slots met is told apart exactly. */
const marksMax = 256;
/** 48 bits in hex. */
const markCharacters = 12;
const markSpan = 2 ** 48;

/** What the ledger keeps of the invalid messages of one reading, each given once; undefined where there are none. */
export function invalidFacts(
  invalid: readonly Pick<InvalidMessage, 'sha' | 'reason' | 'id'>[],
): InvalidFacts | undefined {
  if (invalid.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const { reason } of invalid) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const marks = invalid.map(({ sha }) => sha.slice(0, markCharacters)).sort();
  const ids = invalid.flatMap(({ id }) => (id === undefined ? [] : [invalidIdMark(id)])).sort();
  return {
    reasons: byFrequency(counts).slice(0, reasonsMax),
    marks: marks.slice(0, marksMax),
    ...(ids.length > 0 && { ids: ids.slice(0, marksMax) }),
  };
}

/** By what the ledger names the id of an invalid message. */
export function invalidIdMark(id: string): string {
  return hash('sha256', id).slice(0, markCharacters);
}

/** How many different invalid messages the slots of these records met, by their bytes. */
export interface DistinctInvalid {
  readonly count: number;
  /** False where it is estimated, within some 6 %. */
  readonly isExact: boolean;
}

/**
 * Counts an invalid message once that several slots met: one without a timestamp is kept by each slot whose reading met it.
 * Exact where no slot met more than 256; else estimated from the smallest hashes, which are evenly spread.
 */
export function distinctInvalid(records: Iterable<Pick<LedgerRecord, 'counts' | 'invalid'>>): DistinctInvalid {
  const marks = new Set<string>();
  let unmarked = 0;
  let isExact = true;
  for (const { counts, invalid } of records) {
    if (invalid === undefined) unmarked += counts?.invalid ?? 0;
    else if (invalid.marks.length === marksMax) isExact = false;
    for (const mark of invalid?.marks ?? []) marks.add(mark);
  }
  if (isExact) return { count: unmarked + marks.size, isExact };
  const last = [...marks].sort()[marksMax - 1]!;
  const estimate = Math.round(((marksMax - 1) * markSpan) / Number.parseInt(last, 16));
  return { count: unmarked + estimate, isExact };
}

/** The most frequent reasons of all records, with their counts. */
export function invalidReasons(records: Iterable<Pick<LedgerRecord, 'invalid'>>): InvalidFacts['reasons'] {
  const counts = new Map<string, number>();
  for (const { invalid } of records)
    for (const { reason, count } of invalid?.reasons ?? []) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return byFrequency(counts).slice(0, reasonsMax);
}

function byFrequency(counts: ReadonlyMap<string, number>): InvalidFacts['reasons'] {
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}
