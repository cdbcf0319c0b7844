import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../src/archive/ledger.ts';
import { incompleteIssue, newsFor } from '../../src/report/issue.ts';
import { verdict } from '../../src/report/missing.ts';
import { offSlotFaults, offSlotLines, unsearchedSentence } from '../../src/report/off-slot.ts';
import { coveragePage } from '../../src/report/page/page.ts';
import { summarize } from '../../src/report/summary.ts';
import { isComplete, type Survey } from '../../src/report/survey.ts';
import { layout, surveyOf } from './surveys.ts';

const record = (changes: Partial<SourceRecord> = {}): SourceRecord => ({
  source: 'elasticsearch',
  revision: 1,
  ...changes,
});
const closed = record({ unsearched_count: 1, unsearched: [{ index: 'messages-old', why: 'closed' }] });
const failed = record({
  last_error: { at: '2024-09-01T00:00:00.000Z', code: 'source-unavailable', message: 'No response.' },
});
const over = (...sources: SourceRecord[]): Survey => ({ ...surveyOf(), sources, faults: offSlotFaults(sources) });

describe('facts about sources that concern no slot', () => {
  it('make an archive incomplete if indices are not searched or messages could not be read', () => {
    expect(isComplete(over(record({ unsearched_count: 0 })))).toBe(true);
    expect(isComplete(over(closed))).toBe(false);
    expect(isComplete(over(failed))).toBe(false);
  });

  it('are in the verdict, the summary, the issue and the page, each with its remedy', () => {
    expect(verdict(over(closed))).toContain('elasticsearch-index covers an index that is not searched.');
    const setting = { layout, recentDays: 60, plannedAt: '', format: 'parquet' } as const;
    for (const text of [
      summarize(over(closed)),
      incompleteIssue(over(closed)).body,
      coveragePage(over(closed), setting),
    ]) {
      expect(text).toContain('messages-old (closed)');
      expect(text).toContain('Then re-run.');
    }
    expect(summarize(over(failed))).toContain('No response.');
  });

  it('are news only once', () => {
    const { body } = incompleteIssue(over(closed));
    expect(isComplete(newsFor(over(closed), body))).toBe(true);
    expect(isComplete(newsFor(over(closed, failed), body))).toBe(false);
    expect(isComplete(newsFor(over(closed), body.replace(/"others":\[[^\]]*\]/, '"x":1')))).toBe(false);
  });

  it('name ten indices and count the others', () => {
    const many = Array.from({ length: 12 }, (_, n) => ({ index: `i${n}`, why: 'hidden' }) as const);
    expect(unsearchedSentence('elasticsearch', many)).toMatch(
      /covers 12 indices that are not searched: i0 \(hidden\), .*i9 \(hidden\), and 2 more\. /,
    );
    expect(offSlotFaults([record({ unsearched_count: 150, unsearched: many })])[0]?.details.at(-1)).toBe(
      'and 140 more',
    );
  });

  it('are counted with their reasons', () => {
    const reasons = [{ reason: 'missing timestamp', count: 2 }];
    const unplaced = { count: 2, duplicates: 0, reasons, objects: [] };
    expect(offSlotLines([record({ unplaced, outside: 3 })])).toEqual([
      '**2 in no slot**, in quarantine: missing timestamp (2)',
      '3 messages outside the range of this run',
    ]);
    expect(offSlotLines([record()])).toEqual([]);
  });
});
