import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import { ofRoundTotals } from '../../src/report/round-totals.ts';

function doubts(totals: readonly number[], source: 'api' | 'elasticsearch' = 'api'): string[] {
  const records = totals.map((total, n) => [`slot ${n}`, { source, source_count: { total } } as LedgerRecord] as const);
  return ofRoundTotals({ ledger: new Map(records) });
}

describe('a round total that slots share', () => {
  it('is a doubt if no slot exceeds it', () => {
    expect(doubts([812, 10_000, 10_000])).toEqual([
      '2 slots have a total of exactly 10,000, and no slot has more: the API may stop counting there. Check api-total.',
    ]);
    expect(doubts([40, 40])).toHaveLength(1);
  });

  it.each([
    ['one slot', [10_000, 7]],
    ['a larger total', [10_000, 10_000, 10_001]],
    ['totals that are not round', [9_871, 9_871]],
    ['small totals', [5, 5]],
    ['no slots', []],
  ])('is no doubt with %s', (_, totals) => {
    expect(doubts(totals)).toEqual([]);
  });

  it('is no doubt for Elasticsearch, which counts exactly', () => {
    expect(doubts([10_000, 10_000], 'elasticsearch')).toEqual([]);
  });
});
