import fc from 'fast-check';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import type { Layout } from '../../src/windows/slot.ts';

/** Parses an ISO date or instant as ms since 1970. */
export function ms(text: string): number {
  return Date.parse(text);
}

export function range(from: string, to: string): Interval {
  return { start: ms(from), end: ms(to) };
}

/** An instant, occasionally on or next to a boundary. */
export const anyMs = fc.oneof(
  fc.integer({ min: ms('1951-01-01'), max: ms('2049-12-31') }),
  fc
    .tuple(fc.integer({ min: -6_900, max: 29_000 }), fc.constantFrom(-1, 0, 1))
    .map(([days, around]) => days * DAY_MS + around),
);

/** A non-empty range of up to 900 days. */
export const anyRange = fc
  .tuple(anyMs, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 900 * DAY_MS })))
  .map(([start, length]) => ({ start, end: start + length }));

export const anyWindowDays = fc.oneof(fc.constantFrom(1, 30, 60, 400), fc.integer({ min: 1, max: 400 }));

export const anyLayout: fc.Arbitrary<Layout> = fc.record({
  windowDays: anyWindowDays,
  partitionBy: fc.constantFrom('month', 'day'),
});
