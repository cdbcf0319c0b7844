import { describe, expect, it } from 'vitest';
import { movedTail, PageMoves } from '../../../src/archive/parquet/offsets.ts';
import { readStruct } from '../../../src/archive/parquet/thrift.ts';
import { type Fields, spell, type Value } from '../../support/thrift.ts';

const wrap = 2 ** 32;
const i32 = (value: number): Value => ({ kind: 'int', type: 5, value });
const i64 = (value: number): Value => ({ kind: 'int', type: 6, value });
const struct = (...fields: [number, Value][]): Fields => new Map(fields);
const list = (...values: Fields[]): Value => ({ kind: 'structs', values });

/** Page sizes in two row groups of one column. Bodies compress to a tenth; headers keep their size. */
const sizes = [
  [3_000_000_000, 1_000_000_000],
  [200_000_000, 150_000_000, 300_000_000],
];

interface Laid {
  readonly offsets: number[];
  readonly start: number;
  readonly end: number;
}

/** The offsets of pages of these sizes, from `start`. */
function lay(bytes: readonly number[], start: number): Laid {
  const offsets: number[] = [];
  let at = start;
  for (const size of bytes) {
    offsets.push(at);
    at += size;
  }
  return { offsets, start, end: at };
}

function layAll(scale: number): Laid[] {
  const first = lay(
    sizes[0]!.map((size) => size * scale),
    4,
  );
  return [
    first,
    lay(
      sizes[1]!.map((size) => size * scale),
      first.end,
    ),
  ];
}

/** An offset index by a writer with 32-bit offsets. */
function offsetIndex(offsets: readonly number[], bytes: readonly number[]): number[] {
  return spell(struct([1, list(...offsets.map((offset, n) => struct([1, i64(offset % wrap)], [2, i32(bytes[n]!)])))]));
}

/** The tail of an uncompressed file with these pages. */
function tailOf(laid: readonly Laid[], shift = 0): Buffer {
  const indexes = laid.map(({ offsets }, n) => offsetIndex(offsets, sizes[n]!));
  let at = laid.at(-1)!.end;
  const groups = laid.map(({ start, end }, n) => {
    const indexed: [number, Value][] = [
      [4, i64((at + shift) % wrap)],
      [5, i32(indexes[n]!.length)],
    ];
    at += indexes[n]!.length;
    const metadata = struct([4, i32(0)], [6, i64(end - start)], [7, i64(end - start)], [9, i64(start % wrap)]);
    const column = struct([2, i64(0)], [3, { kind: 'struct', fields: metadata }], ...indexed);
    return struct([1, list(column)], [2, i64(end - start)], [3, i64(7)], [5, i64(start % wrap)], [6, i64(end - start)]);
  });
  const footer = Buffer.from(spell(struct([1, i32(1)], [3, i64(14)], [4, list(...groups)])));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([...indexes.map((index) => Buffer.from(index)), footer, length, Buffer.from('PAR1')]);
}

function movesOf(): PageMoves {
  const moves = new PageMoves();
  for (const size of sizes.flat()) moves.add(size, { stored: size / 10, plain: size });
  return moves;
}

describe('movedTail', () => {
  it('finds every page of a file over 4 GiB, whose offsets wrapped around', () => {
    const before = layAll(1);
    expect(before[1]!.offsets.some((offset) => offset > wrap)).toBe(true);
    const after = layAll(0.1);
    const tail = Buffer.concat(movedTail(tailOf(before), movesOf()));
    const footer = readStruct(tail, tail.length - 8 - tail.readUInt32LE(tail.length - 8));
    const end = after[1]!.end;
    footer.structs(4).forEach((group, n) => {
      const [column] = group.structs(1);
      const metadata = column!.struct(3);
      const { offsets, start } = after[n]!;
      const stored = after[n]!.end - start;
      expect([group.int(2).value, group.int(5).value, group.int(6).value]).toEqual([stored * 10, start, stored]);
      expect([4, 6, 7, 9].map((field) => metadata.int(field).value)).toEqual([6, stored * 10, stored, start]);
      const locations = readStruct(tail, column!.int(4).value - end).structs(1);
      expect(locations.map((location) => location.int(1).value)).toEqual(offsets);
      expect(locations.map((location) => location.int(2).value)).toEqual(sizes[n]!.map((size) => size / 10));
    });
  });

  it('rejects a footer that does not account for every byte', () => {
    expect(() => movedTail(tailOf(layAll(1), 1), movesOf())).toThrow('does not account for byte 4650000004');
  });
});
