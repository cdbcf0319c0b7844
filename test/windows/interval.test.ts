import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compactInstant,
  contains,
  covers,
  day,
  type Interval,
  instant,
  intersection,
  latest,
  parseCompactInstant,
  union,
} from '../../src/windows/interval.ts';
import { anyMs, ms, range } from './arbitraries.ts';

const smallInterval = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -2, max: 8 }))
  .map(([start, length]) => ({ start, end: start + length }));

describe('instant, day and compactInstant', () => {
  it('format ms as UTC', () => {
    const leapDay = ms('2024-02-29T23:59:59.999Z');
    expect(instant(leapDay)).toBe('2024-02-29T23:59:59.999Z');
    expect(compactInstant(leapDay)).toBe('20240229T235959Z');
    expect(day(leapDay)).toBe('2024-02-29');
    expect(day(-1)).toBe('1969-12-31');
  });

  it('are ordered by latest, which ignores undefined', () => {
    const [a, b] = [instant(1), instant(2)];
    expect([latest(a, b), latest(b, a), latest(undefined, a), latest(a, undefined), latest()]).toEqual([
      b,
      b,
      a,
      a,
      undefined,
    ]);
  });

  it('round-trip through parseCompactInstant', () => {
    fc.assert(
      fc.property(anyMs, (at) => {
        const second = Math.floor(at / 1000) * 1000;
        expect(parseCompactInstant(compactInstant(second))).toBe(second);
      }),
    );
  });

  it.each([
    '20230229T000000Z',
    '20240230T000000Z',
    '20241301T000000Z',
    '20240601T240000Z',
    '20240601T006000Z',
    '20240601T000000',
    '20240601T000000z',
    '2024-06-01T00:00:00Z',
    ' 20240601T000000Z',
    '20240601',
    '',
  ])('reject %j as a compact instant', (text) => {
    expect(parseCompactInstant(text)).toBeUndefined();
  });
});

describe('intersection', () => {
  it('returns the overlap', () => {
    expect(intersection(range('2024-01-01', '2024-03-01'), range('2024-02-01', '2024-05-01'))).toEqual(
      range('2024-02-01', '2024-03-01'),
    );
  });

  it('is undefined for intervals that only touch', () => {
    expect(intersection(range('2024-01-01', '2024-02-01'), range('2024-02-01', '2024-03-01'))).toBeUndefined();
  });

  it('contains exactly the instants that both intervals contain', () => {
    fc.assert(
      fc.property(smallInterval, smallInterval, fc.integer({ min: -2, max: 50 }), (a, b, at) => {
        const both = intersection(a, b);
        const us = BigInt(at) * 1000n;
        expect(both !== undefined && contains(both, us)).toBe(contains(a, us) && contains(b, us));
        expect(both === undefined || (covers(a, both) && covers(b, both))).toBe(true);
      }),
    );
  });
});

describe('contains', () => {
  const june = range('2024-06-01', '2024-07-01');
  it.each([
    [1_717_199_999_999_999n, false],
    [1_717_200_000_000_000n, true],
    [1_719_791_999_999_999n, true],
    [1_719_792_000_000_000n, false],
  ])('is exact to the microsecond at the bounds: %s is %s', (us, held) => {
    expect(contains(june, us)).toBe(held);
  });
});

describe('covers', () => {
  it('requires the whole inner interval', () => {
    const june = range('2024-06-01', '2024-07-01');
    expect(covers(june, june)).toBe(true);
    expect(covers(june, range('2024-06-01', '2024-07-02'))).toBe(false);
    expect(covers(june, range('2024-05-31', '2024-06-02'))).toBe(false);
  });
});

describe('union', () => {
  it('joins only intervals that touch or overlap', () => {
    const intervals = [
      range('2024-05-01', '2024-05-02'),
      range('2024-01-02', '2024-01-03'),
      range('2024-01-01', '2024-01-02'),
      range('2024-03-01', '2024-04-01'),
      range('2024-03-05', '2024-03-06'),
    ];
    expect(union(intervals)).toEqual([
      range('2024-01-01', '2024-01-03'),
      range('2024-03-01', '2024-04-01'),
      range('2024-05-01', '2024-05-02'),
    ]);
  });

  it('contains exactly the instants of its intervals, separated by gaps', () => {
    fc.assert(
      fc.property(fc.array(smallInterval, { maxLength: 8 }), (intervals) => {
        const joined = union(intervals);
        const holders = (among: readonly Interval[]) =>
          Array.from({ length: 60 }, (_, at) => among.filter((each) => contains(each, BigInt(at) * 1000n)).length);
        expect(holders(joined)).toEqual(holders(intervals).map((count) => Math.min(count, 1)));
        for (const [index, each] of joined.entries()) {
          expect(each.start).toBeGreaterThan(joined[index - 1]?.end ?? Number.NEGATIVE_INFINITY);
        }
      }),
    );
  });
});
