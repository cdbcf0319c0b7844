import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageSize } from '../../../src/io/search/page-size.ts';

const targetBytes = 8 * 2 ** 20;

describe('PageSize', () => {
  it('starts small, and converges on the target', () => {
    const size = new PageSize();
    const sizes = Array.from({ length: 4 }, () => {
      const hits = size.next();
      size.note(hits * 20_000, hits);
      return hits;
    });
    expect(sizes).toEqual([100, 419, 419, 419]);
  });

  it('grows in steps up to the default maximum of an index, and is at least 1', () => {
    const small = new PageSize();
    const sizes = Array.from({ length: 5 }, () => {
      const hits = small.next();
      small.note(hits * 50, hits);
      return hits;
    });
    expect(sizes).toEqual([100, 800, 6_400, 10_000, 10_000]);
    const large = new PageSize();
    large.note(60 * 2 ** 20, 1);
    expect(large.next()).toBe(1);
  });

  it('stays below a limit', () => {
    const size = new PageSize();
    size.note(100, 100);
    size.limit();
    expect(size.next()).toBe(200);
    size.note(200, 200);
    expect(size.next()).toBe(200);
    for (let n = 0; n < 9; n += 1) size.limit();
    expect(size.next()).toBe(1);
  });

  it('widens until the limit, and keeps the wider size', () => {
    const size = new PageSize();
    size.note(60 * 2 ** 20, 1);
    expect(size.next()).toBe(1);
    expect(size.widen()).toBe(true);
    size.note(120 * 2 ** 20, 2);
    expect(size.next()).toBe(2);
    size.limit();
    expect(size.next()).toBe(1);
    expect(size.widen()).toBe(false);
  });

  it('widens up to a size that was not allowed', () => {
    const size = new PageSize();
    for (const hits of [100, 25, 6]) {
      expect(size.next()).toBe(hits);
      size.limit();
    }
    expect(size.next()).toBe(1);
    expect([size.widen(), size.next(), size.widen(), size.next()]).toEqual([true, 2, true, 4]);
    expect([size.widen(), size.next(), size.widen(), size.next()]).toEqual([true, 5, false, 5]);
  });

  it('eases one page only', () => {
    const size = new PageSize();
    size.note(100_000, 100);
    size.ease();
    expect(size.next()).toBe(200);
    size.ease();
    expect(size.next()).toBe(50);
    size.note(50_000, 50);
    expect(size.next()).toBe(400);
    const first = new PageSize();
    for (let n = 0; n < 9; n += 1) first.ease();
    expect(first.next()).toBe(100);
  });

  it('requests at least one hit and, for messages of one length, at most the target', () => {
    const anyEvent = fc.constantFrom('note', 'limit', 'ease');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.array(anyEvent), (messageBytes, events) => {
        const size = new PageSize();
        size.note(messageBytes, 1);
        for (const event of events) {
          const hits = size.next();
          expect(hits).toBeGreaterThanOrEqual(1);
          expect(hits === 1 || hits * messageBytes <= targetBytes).toBe(true);
          if (event === 'note') size.note(hits * messageBytes, hits);
          if (event === 'limit') size.limit();
          if (event === 'ease') size.ease();
        }
      }),
    );
  });
});
