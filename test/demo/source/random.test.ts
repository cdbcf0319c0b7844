import { expect, test } from 'vitest';
import { mix, Random, unit } from '../../../demo/source/random.ts';

const COUNT = 20_000;

test('equal seeds give equal numbers, different seeds different ones', () => {
  const row = (seed: number, index: number, salt: number): number[] => {
    const random = new Random(seed, index, salt);
    return Array.from({ length: 8 }, () => random.bits());
  };
  expect(row(1, 2, 3)).toEqual(row(1, 2, 3));
  for (const other of [row(2, 2, 3), row(1, 3, 3), row(1, 2, 4)]) expect(other).not.toEqual(row(1, 2, 3));
});

test('numbers of adjacent indices are evenly distributed', () => {
  const tenths = new Array<number>(10).fill(0);
  for (let index = 0; index < COUNT; index++) tenths[Math.floor(unit(7, index, 1) * 10)]!++;
  for (const count of tenths) expect(Math.abs(count - COUNT / 10)).toBeLessThan(COUNT / 100);
  expect(new Set(Array.from({ length: COUNT }, (_, index) => mix(7, index, 1))).size).toBeGreaterThan(COUNT - 5);
});

test('draws stay within their bounds', () => {
  const random = new Random(1, 1, 1);
  for (let draw = 0; draw < 1_000; draw++) {
    expect(random.below(3)).toBeOneOf([0, 1, 2]);
    expect(random.between(5, 6)).toBeOneOf([5, 6]);
    const rank = random.rank(100);
    expect(rank >= 0 && rank < 100).toBe(true);
    const size = random.magnitude(10, 1_000);
    expect(size >= 10 && size < 1_000).toBe(true);
  }
  expect(random.hex(64)).toMatch(/^[0-9a-f]{64}$/);
});
