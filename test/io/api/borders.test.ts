import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { borderAt } from '../../../src/io/api/borders.ts';

describe('borderAt', () => {
  it('is a page that holds both sides of the border, and is small', () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 10_000 }), fc.integer({ min: 1, max: 2_000 }), (pageLength, pages) => {
        const position = pageLength * pages;
        const border = borderAt(position, pageLength);
        if (border === undefined) return;
        const { size, number, at } = border;
        expect((number - 1) * size + at + 1).toBe(position);
        expect(at + 1).toBeLessThan(size);
        expect(size).toBeLessThan(Math.min(13, pageLength));
      }),
    );
  });

  it('is there for every page of a usual size', () => {
    for (const pageLength of [10, 25, 50, 100, 500, 1000])
      for (let pages = 1; pages < 40; pages += 1)
        expect(borderAt(pages * pageLength, pageLength), `${pages} of ${pageLength}`).toBeDefined();
  });

  it('is nowhere where every small page ends there too', () => {
    expect(borderAt(27_720, 27_720)).toBeUndefined();
  });
});
