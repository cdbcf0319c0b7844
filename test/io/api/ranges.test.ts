import { describe, expect, it } from 'vitest';
import { Ranges } from '../../../src/io/api/ranges.ts';
import { type ApiTimeFormat, padOf } from '../../../src/io/api/settings.ts';
import { DAY_MS } from '../../../src/windows/interval.ts';

const ms = (text: string) => Date.parse(text);
const between = (start: string, end: string) => ({ start: ms(start), end: ms(end) });

function ranges(timeFormat: ApiTimeFormat, now = '2024-11-01'): Ranges {
  return new Ranges({ timeFormat, pad: padOf(timeFormat, 31, 60), maxMs: 60 * DAY_MS }, () => ms(now));
}

describe('Ranges', () => {
  it('requests a day on each side with dates', () => {
    const asked = ranges('date');
    expect(asked.text(asked.around(between('2024-06-01', '2024-07-01')))).toEqual({
      start: '2024-05-31',
      end: '2024-07-02',
    });
  });

  it.each([
    ['2024-06-15T09:59:59Z', '2024-06-15'],
    ['2024-06-15T12:00:00Z', '2024-06-16'],
    ['2024-06-15T23:59:59Z', '2024-06-16'],
    ['2024-06-20T12:00:00Z', '2024-06-17'],
  ])('requests no day that has not begun in any time zone, with dates (%s)', (now, end) => {
    const asked = ranges('date', now);
    expect(asked.text(asked.around(between('2024-06-01', '2024-06-15T12:00:00Z'))).end).toBe(end);
  });

  it('tells the own days of an interval from those around it, for both readings of an end', () => {
    const asked = ranges('date');
    const { toEnd, toLastDay } = asked.ownDays(between('2024-06-01', '2024-07-01'));
    expect([toEnd, toLastDay].map((range) => asked.text(range))).toEqual([
      { start: '2024-06-01', end: '2024-07-01' },
      { start: '2024-06-01', end: '2024-06-30' },
    ]);
  });

  it('halves an interval down to a second, and with dates down to a day', () => {
    expect(ranges('iso').halves(between('2024-06-01T00:00:00Z', '2024-06-01T00:00:03Z'))).toEqual([
      between('2024-06-01T00:00:00Z', '2024-06-01T00:00:02Z'),
      between('2024-06-01T00:00:02Z', '2024-06-01T00:00:03Z'),
    ]);
    expect(ranges('epoch-ms').halves(between('2024-06-01T00:00:00Z', '2024-06-01T00:00:01Z'))).toBeUndefined();
    expect(ranges('date').halves(between('2024-06-01', '2024-06-03'))).toEqual([
      between('2024-06-01', '2024-06-02'),
      between('2024-06-02', '2024-06-03'),
    ]);
    expect(ranges('date').halves(between('2024-06-01', '2024-06-02'))).toBeUndefined();
  });
});
