import { describe, expect, it } from 'vitest';
import { calendar } from '../../../src/report/page/calendar.ts';
import type { Layout } from '../../../src/windows/slot.ts';
import { completeArchive, coverageOf, daily, monthly, slotsOfYears, stagedOf, troubledArchive } from './archives.ts';
import { textOf } from './text.ts';

/** Returns the class and the name of each mark, by year and month: `2024-Jun`. */
function marksOf(text: string): Map<string, { classes: string; name: string; link: string }[]> {
  const months = new Map<string, { classes: string; name: string; link: string }[]>();
  for (const year of text.split('<section').slice(1)) {
    const [, number] = /<h3>(\d+)</.exec(year)!;
    for (const month of year.split('<li>').slice(1)) {
      const [, name] = /class="month">(\w+)</.exec(month)!;
      const marks = [...month.matchAll(/<a href="#([^"]+)" class="([^"]+)" aria-label="([^"]+)">/g)];
      months.set(
        `${number}-${name}`,
        marks.map(([, link, classes, label]) => ({ link: link!, classes: classes!, name: label! })),
      );
    }
  }
  return months;
}

function drawn(layout: Layout) {
  const { text } = calendar(coverageOf(troubledArchive(layout)), 60);
  return { text, months: marksOf(text) };
}

describe('the calendar', () => {
  it('links every slot to its record, with its state in the label', () => {
    const { text, months } = drawn(monthly);
    expect(text).toContain('class="calendar side-by-side"');
    expect([...months.values()].flat()).toHaveLength(slotsOfYears(monthly).length);
    expect([...months.keys()]).toHaveLength(8 * 12);
    expect(months.get('2021-Feb')).toEqual([
      { link: 'slot-2021-02-01', classes: 'slot complete days-1', name: '1 February 2021: complete, 32 archived' },
      {
        link: 'slot-2021-02-02',
        classes: 'slot failed days-27 has-pending',
        name: '2 to 28 February 2021: failed, 888 archived, 2 pending',
      },
    ]);
    expect(months.get('2023-Dec')!.map(({ name }) => name)).toEqual(['December 2023: incomplete, 929 archived']);
    expect(months.get('2026-Feb')).toEqual([]);
  });

  it('aligns days by weekday, from Monday', () => {
    const { text, months } = drawn(daily);
    expect(text).toContain('class="calendar dense"');
    expect([...months.values()].flat()).toHaveLength(slotsOfYears(daily).length);
    expect(months.get('2024-Jun')).toHaveLength(30);
    const [, may, june] = /May<\/span>(.*)\n.*Jun<\/span>(.*)\n/.exec(text.split('<h3>2024</h3>')[1]!)!;
    expect([may, june].map((month) => /class="slots ([\w-]+)"/.exec(month!)![1])).toEqual(['weekday-3', 'weekday-6']);
    expect(drawn(monthly).text).not.toContain('weekday');
  });

  it('is dense if a month has four slots or more', () => {
    expect(drawn({ windowDays: 15, partitionBy: 'month' }).text).toContain('class="calendar side-by-side"');
    expect(drawn({ windowDays: 14, partitionBy: 'month' }).text).toContain('class="calendar dense"');
  });

  it('has a legend with counts', () => {
    const [slot] = slotsOfYears(monthly);
    const text = textOf(
      calendar(coverageOf(completeArchive(monthly, { staged: [stagedOf(slot!, 'a'), stagedOf(slot!, 'b')] })), 60),
    );
    const counts = text.filter((piece) => /^\d+ (complete|live|incomplete|failed|empty|with)/.test(piece));
    expect(counts).toEqual(['123 complete', '4 live', '0 incomplete', '0 failed', '0 empty', '1 with a dot']);
  });
});
