import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { distinctInvalid, invalidFacts, invalidReasons } from '../../src/archive/invalid.ts';

const shaOf = (n: number) => createHash('sha256').update(String(n)).digest('hex');

/** A record of the invalid messages with these numbers. */
function recordOf(from: number, to: number) {
  const invalid = Array.from({ length: to - from }, (_, n) => ({
    sha: shaOf(from + n),
    id: undefined,
    reason: 'missing id',
  }));
  const facts = invalidFacts(invalid);
  return { counts: countsOf(to - from), ...(facts && { invalid: facts }) };
}

const countsOf = (invalid: number) => ({ read: invalid, closed: 0, open: 0, unalerted: 0, invalid, duplicates: 0 });

describe('distinctInvalid', () => {
  it('counts a message of several slots once', () => {
    expect(distinctInvalid([recordOf(0, 200), recordOf(150, 218), recordOf(0, 0)])).toEqual({
      count: 218,
      isExact: true,
    });
  });

  it('is exact for a single slot', () => {
    expect(distinctInvalid([recordOf(0, 60_000), recordOf(0, 0)])).toEqual({ count: 60_000, isExact: true });
  });

  it('is an upper bound if several slots have more than their records list', () => {
    const { count, isExact } = distinctInvalid([recordOf(0, 60_000), recordOf(40_000, 100_000), recordOf(0, 10)]);
    expect(isExact).toBe(false);
    expect(count).toBeGreaterThanOrEqual(100_000);
    expect(count).toBeLessThanOrEqual(120_010);
  });

  it('adds the counts of older records, which list no hashes', () => {
    expect(distinctInvalid([recordOf(0, 3), { counts: countsOf(4) }])).toEqual({ count: 7, isExact: true });
  });
});

describe('invalidFacts', () => {
  it('is undefined without invalid messages, and bounded with many', () => {
    expect(invalidFacts([])).toBeUndefined();
    expect(JSON.stringify(recordOf(0, 10_000)).length).toBeLessThan(5_000);
  });

  it('lists the most frequent reasons first', () => {
    const facts = (reason: string, count: number) => ({
      invalid: invalidFacts(Array.from({ length: count }, (_, n) => ({ sha: shaOf(n), id: undefined, reason })))!,
    });
    expect(invalidReasons([facts('missing id', 2), facts('missing timestamp', 3), facts('missing id', 2)])).toEqual([
      { reason: 'missing id', count: 4 },
      { reason: 'missing timestamp', count: 3 },
    ]);
  });
});
