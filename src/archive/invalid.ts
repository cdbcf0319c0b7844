import { hash } from 'node:crypto';
import type { InvalidFacts, LedgerRecord } from './ledger.ts';

/** Reasons that a record keeps, the most frequent first. */
const reasonsMax = 5;
/** Hashes that a record keeps, the smallest first: up to so many, what several slots met is told apart exactly. */
const marksMax = 256;
/** 48 bits in hex. */
const markCharacters = 12;

/** What the ledger keeps of the invalid messages of one reading, each given once; undefined where there are none. */
export function invalidFacts(
  invalid: readonly { readonly sha: string; readonly reason: string; readonly id: string | undefined }[],
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
  /** False where it may be fewer: some may have been met by several slots. */
  readonly isExact: boolean;
}

/**
 * Counts an invalid message once that several slots met: one without a timestamp is kept by each slot whose reading met it.
 * Exact where one slot met all of them, or none met more than 256; else an upper bound, from which what is known to have been
 * met more than once is taken off.
 */
export function distinctInvalid(records: Iterable<Pick<LedgerRecord, 'counts' | 'invalid'>>): DistinctInvalid {
  const marks = new Set<string>();
  let met = 0;
  let repeated = 0;
  let slots = 0;
  let isMarked = true;
  for (const { counts, invalid } of records) {
    if (counts === undefined || counts.invalid === 0) continue;
    slots += 1;
    met += counts.invalid;
    if (invalid !== undefined && invalid.marks.length < counts.invalid) isMarked = false;
    for (const mark of invalid?.marks ?? []) {
      if (marks.has(mark)) repeated += 1;
      marks.add(mark);
    }
  }
  return { count: met - repeated, isExact: isMarked || slots === 1 };
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
