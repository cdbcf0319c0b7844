import { describe, expect, it } from 'vitest';
import { boundsOf, decodeBound, isBound } from '../../../src/archive/parquet/bounds.ts';
import { physical } from '../../../src/archive/parquet/leaves.ts';

const utf8 = (text: string) => Buffer.from(text);
const long = 'x'.repeat(80);

describe('boundsOf', () => {
  it('finds the least and greatest values, comparing text by bytes, and counts nulls', () => {
    expect(boundsOf([null, 3n, -2n, null, 7n])).toEqual({ nulls: 2, least: -2n, greatest: 7n });
    expect(boundsOf([utf8('\uffff'), utf8('\u{10000}')])).toEqual({
      nulls: 0,
      least: utf8('\uffff'),
      greatest: utf8('\u{10000}'),
    });
    expect(boundsOf([null])).toEqual({ nulls: 1 });
  });
});

describe('decodeBound', () => {
  it.each<[number, number[], unknown]>([
    [physical.boolean, [1], true],
    [physical.boolean, [2], undefined],
    [physical.int32, [0xff, 0xff, 0xff, 0xff], -1],
    [physical.int32, [1], undefined],
    [physical.int64, [2, 0, 0, 0, 0, 0, 0, 0], 2n],
    [physical.int64, [2], undefined],
    [physical.double, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], 1],
    [physical.double, [0], undefined],
  ])('decodes type %d from %j', (type, bytes, value) => {
    expect(decodeBound(type, Uint8Array.from(bytes))).toBe(value);
  });
});

describe('isBound', () => {
  it('accepts the value itself, and a zero of either sign', () => {
    expect(isBound(utf8('a'), utf8('a'), 'least', undefined)).toBe(true);
    expect(isBound(-0, 0, 'least', true)).toBe(true);
    expect(isBound(utf8('a'), utf8('b'), 'least', undefined)).toBe(false);
    expect(isBound(1, 2, 'greatest', false)).toBe(false);
  });

  it('accepts truncated long text only on the correct side of the value', () => {
    const [cut, raised] = [utf8('x'.repeat(64)), utf8(`${'x'.repeat(63)}y`)];
    expect(isBound(cut, utf8(long), 'least', undefined)).toBe(true);
    expect(isBound(raised, utf8(long), 'greatest', false)).toBe(true);
    expect(isBound(cut, utf8(long), 'greatest', undefined)).toBe(false);
    expect(isBound(raised, utf8(long), 'least', undefined)).toBe(false);
    expect(isBound(cut, utf8(long), 'least', true)).toBe(false);
    expect(isBound(utf8('x'), utf8(long), 'least', undefined)).toBe(false);
    expect(isBound(utf8('x'.repeat(61)), utf8('x'.repeat(64)), 'least', undefined)).toBe(false);
  });
});
