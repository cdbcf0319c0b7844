import { describe, expect, it } from 'vitest';
import { PageSizes } from '../../../src/io/api/page-sizes.ts';

const sizesOf = (sizes: PageSizes) => [0, 1, 2, 3, 4].map((attempt) => sizes.at(attempt));

describe('PageSizes', () => {
  it('are what the user gave and its half, in turn', () => {
    expect(sizesOf(new PageSizes(10))).toEqual([10, 5, 10, 5, 10]);
    expect(sizesOf(new PageSizes(1))).toEqual([1, 1, 1, 1, 1]);
  });

  it('are what the user gave where the server refuses halves', () => {
    const sizes = new PageSizes(50);
    expect([sizes.isHalf(50), sizes.isHalf(25)]).toEqual([false, true]);
    sizes.refuseHalves();
    expect(sizesOf(sizes)).toEqual([50, 50, 50, 50, 50]);
    expect(sizes.isHalf(25)).toBe(false);
  });

  it('move the borders of a server that gives shorter pages', () => {
    const sizes = new PageSizes(500);
    sizes.noteCap(100);
    expect(sizesOf(sizes)).toEqual([500, 62, 500, 62, 500]);
    sizes.noteCap(1);
    expect(sizes.at(1)).toBe(1);
  });

  it('are halved while the server fails, a bounded number of times', () => {
    const sizes = new PageSizes(500);
    const asked: number[] = [];
    for (; sizes.canHalve(sizes.at(0)); sizes.limit(sizes.at(0))) asked.push(sizes.at(0));
    expect([...asked, sizes.at(0)]).toEqual([500, 250, 125, 62, 31, 15, 7]);
    sizes.reset();
    expect(sizes.at(0)).toBe(500);
  });

  it('are halved once where several readings fail at one size', () => {
    const sizes = new PageSizes(8);
    sizes.limit(8);
    sizes.limit(8);
    expect(sizes.at(0)).toBe(4);
  });

  it('grow again after an outage, and stay where larger pages fail again', () => {
    const sizes = new PageSizes(8);
    sizes.limit(sizes.at(0));
    sizes.limit(sizes.at(0));
    sizes.noteSuccess();
    expect(sizes.at(0)).toBe(4);
    sizes.noteSuccess();
    expect(sizes.at(0)).toBe(8);
    sizes.limit(sizes.at(0));
    sizes.noteSuccess();
    sizes.noteSuccess();
    expect(sizes.at(0)).toBe(4);
  });
});
