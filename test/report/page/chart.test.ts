import { describe, expect, it } from 'vitest';
import { chart } from '../../../src/report/page/chart.ts';
import { type Layout, slotsIn } from '../../../src/windows/slot.ts';
import { completeArchive, coverageOf, daily, monthly, recordOf, slotsOfYears, stagedOf } from './archives.ts';
import { rowsOf, textOf } from './text.ts';

/** Returns the chart of an archive whose slots have these numbers of rows, repeated. */
function drawn(from: string, to: string, rows: readonly number[], layout: Layout = monthly, pending = 0) {
  const slots = slotsIn({ start: Date.parse(from), end: Date.parse(to) }, layout);
  const ledger = slots.map((slot, n) => recordOf(slot, { rows: rows[n % rows.length]! }));
  const staged = Array.from({ length: pending }, (_, n) => stagedOf(slots[0]!, `m${n}`));
  return chart(coverageOf(completeArchive(layout, { ledger, staged, planned: [] })));
}

function bars(text: string, name: string): { x: string; y: number; height: number }[] {
  const found = text.matchAll(
    new RegExp(`<rect class="${name}" x="([^"]+)" y="([^"]+)" width="[^"]+" height="([^"]+)"/>`, 'g'),
  );
  return [...found].map(([, x, y, height]) => ({ x: x!, y: Number(y), height: Number(height) }));
}

/** Returns the labels of the grid lines, from the bottom. */
function values(text: string): string[] {
  return [...text.matchAll(/<text class="value"[^>]*>([^<]+)</g)].map(([, value]) => value!);
}

describe('the chart', () => {
  it('sums the slots of a month, and stacks pending on archived messages', () => {
    const html = drawn('2024-04-01', '2024-07-01', [30, 20], daily, 90);
    expect(rowsOf(html)).toEqual([
      ['April 2024', '750', '90'],
      ['May 2024', '780', '0'],
      ['June 2024', '750', '0'],
    ]);
    const [archived, pending] = [bars(html.text, 'archived'), bars(html.text, 'pending')];
    expect(archived.map(({ x }) => x)).toEqual(['0%', '33.333%', '66.667%']);
    expect(archived[0]).toEqual({ x: '0%', y: 50, height: 150 });
    expect(pending).toEqual([{ x: '0%', y: 32, height: 18 }]);
    expect(textOf(html)).toContain('April 2024: 750 archived, 90 pending');
  });

  it('describes itself in words', () => {
    const { text } = drawn('2023-01-01', '2025-01-01', [10]);
    expect(text).toMatch(
      /role="img" aria-label="Messages by month from January 2023 to December 2024\. Peak: \w+ 202\d, 20 archived and 0 pending"/,
    );
  });

  it.each([
    [0, ['0', '1']],
    [1, ['0', '1']],
    [6, ['0', '1', '2', '3', '4', '5', '6']],
    [7, ['0', '2', '4', '6', '8']],
    [29, ['0', '5', '10', '15', '20', '25', '30']],
    [1_500, ['0', '500', '1,000', '1,500']],
    [2_000_000, ['0', '500,000', '1,000,000', '1,500,000', '2,000,000']],
  ])('has grid lines at round numbers for %d messages', (most, expected) => {
    const { text } = drawn('2024-06-01', '2024-06-02', [most], daily);
    expect(values(text)).toEqual(expected);
    expect(bars(text, 'archived').length).toBe(most === 0 ? 0 : 1);
  });

  it('draws even a month with few messages', () => {
    const html = drawn('2024-04-01', '2024-04-03', [1_000_000, 1], { windowDays: 1, partitionBy: 'month' });
    expect(rowsOf(html)).toEqual([['April 2024', '1,000,001', '0']]);
    const few = drawn('2024-04-30', '2024-05-02', [1_000_000, 1], { windowDays: 1, partitionBy: 'month' });
    expect(bars(few.text, 'archived')[1]).toEqual({ x: '50%', y: 198, height: 2 });
  });

  it('labels at most as many years as fit', () => {
    const named = (from: string, to: string) =>
      [...drawn(from, to, [1]).text.matchAll(/<text x="[^"]+" y="220">(\d+)</g)].map(([, year]) => Number(year));
    expect(named('2024-02-01', '2024-11-01')).toEqual([]);
    expect(named('2023-06-01', '2026-02-01')).toEqual([2024, 2025, 2026]);
    expect(named('2000-01-01', '2026-01-01')).toEqual([2000, 2003, 2006, 2009, 2012, 2015, 2018, 2021, 2024]);
  });

  it('has a table with every month of seven years', () => {
    const rows = rowsOf(chart(coverageOf(completeArchive(daily))));
    const archived = slotsOfYears(daily).reduce((sum, slot) => sum + recordOf(slot).rows, 0);
    expect(rows).toHaveLength(85);
    expect(rows.reduce((sum, [, count]) => sum + Number(count!.replaceAll(',', '')), 0)).toBe(archived);
  });

  it('says so if no slots were read', () => {
    expect(textOf(chart([]))).toEqual(['No slots have been read yet.']);
  });
});
