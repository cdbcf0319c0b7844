import { describe, expect, it } from 'vitest';
import { bytes, counted, duration, firstOf, names, number, rate } from '../src/format.ts';

describe('format', () => {
  it('number separates thousands', () => {
    expect([0, 999, 1000, 1_234_567].map(number)).toEqual(['0', '999', '1,000', '1,234,567']);
  });

  it('counted pluralizes nouns', () => {
    expect([0, 1, 2, 1234].map((count) => counted(count, 'slot'))).toEqual([
      '0 slots',
      '1 slot',
      '2 slots',
      '1,234 slots',
    ]);
  });

  it('firstOf names the first and counts the others', () => {
    expect([1, 2, 3].map((count) => firstOf(['a', 'b', 'c'].slice(0, count), 'object'))).toEqual([
      'a',
      'a and 1 other object',
      'a and 2 other objects',
    ]);
  });

  it('bytes uses powers of 1000', () => {
    expect([0, 999, 1000, 1_200_000_000].map(bytes)).toEqual(['0 B', '999 B', '1 kB', '1.2 GB']);
  });

  it.each([
    [0, '0.0 s'],
    [340, '0.3 s'],
    [9_949, '9.9 s'],
    [10_400, '10 s'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [12_000_000, '3 h 20 min'],
    [90_000_000, '1 d 1 h'],
  ])('duration formats %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('rate accepts a duration of zero', () => {
    expect(rate(150_000_000, 2000)).toBe('75 MB/s');
    expect(rate(1, 0)).toBe('1 kB/s');
  });

  it('names lists at most ten ids on one line, escaped and truncated', () => {
    expect(names(['a', 'b\n"c"'])).toBe('"a", "b\\n\\"c\\""');
    expect(names(['x'.repeat(100)])).toBe(`"${'x'.repeat(80)}…"`);
    const many = Array.from({ length: 1_011 }, (_, n) => `m${n}`);
    expect(names(many)).toMatch(/^"m0", .*"m9" and 1,001 more$/);
  });
});
