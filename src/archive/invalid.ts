import { hash } from 'node:crypto';
import type { InvalidFacts, LedgerRecord } from './ledger.ts';

/** Reasons kept in a record, most frequent first. */
const reasonsMax = 5;
/** Hashes kept in a record, smallest first. Up to this number, messages met by several slots are counted exactly. */
const marksMax = 256;
/** 48 bits in hex. */
const markCharacters = 12;

/** Summarizes the distinct invalid messages of one read for the ledger; undefined if there are none. */
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

/** The truncated hash under which the ledger stores the id of an invalid message. */
export function invalidIdMark(id: string): string {
  return hash('sha256', id).slice(0, markCharacters);
}

/** A number of invalid messages, distinct by their bytes. */
interface DistinctInvalid {
  readonly count: number;
  /** False if `count` is an upper bound: some may have been counted by several slots. */
  readonly isExact: boolean;
}

/**
 * Counts the distinct invalid messages of all slots: a message without a timestamp is quarantined by every slot whose read
 * returns it. Exact if one slot has all of them, or no slot has more than 256; otherwise an upper bound, from which known
 * duplicates are subtracted.
 */
export function distinctInvalid(records: Iterable<Pick<LedgerRecord, 'counts' | 'invalid'>>): DistinctInvalid {
  const marks = new Set<string>();
  let total = 0;
  let repeated = 0;
  let slots = 0;
  let isMarked = true;
  for (const { counts, invalid } of records) {
    if (counts === undefined || counts.invalid === 0) continue;
    slots += 1;
    total += counts.invalid;
    if (invalid !== undefined && invalid.marks.length < counts.invalid) isMarked = false;
    for (const mark of invalid?.marks ?? []) {
      if (marks.has(mark)) repeated += 1;
      marks.add(mark);
    }
  }
  return { count: total - repeated, isExact: isMarked || slots === 1 };
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
