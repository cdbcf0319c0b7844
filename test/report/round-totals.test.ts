import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import { ofRoundTotals } from '../../src/report/round-totals.ts';

function doubts(totals: readonly number[], source: 'api' | 'elasticsearch' = 'api'): string[] {
  const records = totals.map((total, n) => [`slot ${n}`, { source, source_count: { total } } as LedgerRecord] as const);
  return ofRoundTotals({ ledger: new Map(records) });
}

describe('a round total', () => {
  it('is named where several slots have it and none has more', () => {
    expect(doubts([812, 10_000, 10_000])).toEqual([
      '2 slots have a total of exactly 10,000, and no slot has more: the API may stop counting there; check api-total.',
    ]);
    expect(doubts([40, 40])).toHaveLength(1);
  });

  it.each([
    ['of one slot', [10_000, 7]],
    ['that a slot exceeds', [10_000, 10_000, 10_001]],
    ['that is not round', [9_871, 9_871]],
    ['that is small', [5, 5]],
    ['of no slot', []],
  ])('%s is not', (_, totals) => {
    expect(doubts(totals)).toEqual([]);
  });

  it('of Elasticsearch, which counts exactly, is not', () => {
    expect(doubts([10_000, 10_000], 'elasticsearch')).toEqual([]);
  });
});
