import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Timeline } from '../../../demo/source/timeline.ts';
import { microseconds } from './reading.ts';

const FROM = Date.parse('2024-01-01T00:00:00Z');
const timelines = fc.record({
  seed: fc.nat(),
  count: fc.integer({ min: 0, max: 200 }),
  spanMs: fc.integer({ min: 400, max: 1_000_000_000 }),
  oddities: fc.constantFrom(0, 1, 20),
});

test('timestamps ascend within the range and match their text', () => {
  fc.assert(
    fc.property(timelines, ({ seed, count, spanMs, oddities }) => {
      const timeline = new Timeline(seed, FROM, FROM + spanMs, count, oddities);
      let last = FROM * 1_000;
      for (let index = 0; index < count; index++) {
        const at = timeline.at(index);
        expect(at >= last && at < (FROM + spanMs) * 1_000).toBe(true);
        expect(microseconds(timeline.text(index))).toBe(BigInt(at));
        last = at;
      }
    }),
  );
});

test('firstFrom finds the first message at or after any instant', () => {
  fc.assert(
    fc.property(
      timelines,
      fc.double({ min: -0.1, max: 1.1, noNaN: true }),
      ({ seed, count, spanMs, oddities }, part) => {
        const timeline = new Timeline(seed, FROM, FROM + spanMs, count, oddities);
        const ms = FROM + Math.round(part * spanMs);
        const expected = Array.from({ length: count }, (_, index) => timeline.at(index)).findIndex(
          (at) => at >= ms * 1_000,
        );
        expect(timeline.firstFrom(ms)).toBe(expected < 0 ? count : expected);
      },
    ),
  );
});

test('some neighbours share a timestamp, and every notation occurs', () => {
  const timeline = new Timeline(3, FROM, FROM + 1e9, 5_000, 1);
  const all = Array.from({ length: 5_000 }, (_, index) => index);
  const ties = all.filter((index) => index > 0 && timeline.at(index) === timeline.at(index - 1));
  expect(ties.length).toBeGreaterThan(5);
  expect(new Set(all.map((index) => timeline.spelling(index)))).toEqual(
    new Set(['milliseconds', 'microseconds', 'offset', 'bare']),
  );
});

test('rejects a range that is too short', () => {
  expect(() => new Timeline(1, 0, 100, 51, 1)).toThrow(RangeError);
});
