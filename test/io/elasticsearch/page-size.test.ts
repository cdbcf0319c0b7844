import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageSize } from '../../../src/io/elasticsearch/page-size.ts';

const targetBytes = 8 * 2 ** 20;

describe('PageSize', () => {
  it('begins small, and comes to the target', () => {
    const size = new PageSize();
    const asked = Array.from({ length: 4 }, () => {
      const hits = size.next();
      size.note(hits * 20_000, hits);
      return hits;
    });
    expect(asked).toEqual([100, 419, 419, 419]);
  });

  it('grows step by step to what an index allows, and stays above nothing', () => {
    const small = new PageSize();
    const asked = Array.from({ length: 5 }, () => {
      const hits = small.next();
      small.note(hits * 50, hits);
      return hits;
    });
    expect(asked).toEqual([100, 800, 6_400, 10_000, 10_000]);
    const large = new PageSize();
    large.note(60 * 2 ** 20, 1);
    expect(large.next()).toBe(1);
  });

  it('never asks for more than a limit again', () => {
    const size = new PageSize();
    size.note(100, 100);
    size.limit();
    expect(size.next()).toBe(200);
    size.note(200, 200);
    expect(size.next()).toBe(200);
    for (let n = 0; n < 9; n += 1) size.limit();
    expect(size.next()).toBe(1);
  });

  it('is smaller once, where there is no more for now', () => {
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

  it('asks for no less than a hit and, of messages of one length, for no more than the target', () => {
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
