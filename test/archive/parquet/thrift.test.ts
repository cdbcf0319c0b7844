import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readStruct,
  ThriftCut,
  ThriftEdits,
  type ThriftInt,
  type ThriftStruct,
} from '../../../src/archive/parquet/thrift.ts';
import { type Fields, spell, type Value } from '../../support/thrift.ts';

const largest = 2 ** 50;
const integers = fc.integer({ min: -largest, max: largest });
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const { fields } = fc.letrec<{ fields: Fields; value: Value }>((tie) => ({
  fields: fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 60 }), tie('value')), {
      selector: ([field]) => field,
      maxLength: 6,
    })
    .map((pairs) => new Map(pairs)),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant('int' as const), type: fc.constantFrom(4 as const, 5, 6), value: integers }),
    fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
    fc.record({ kind: fc.constant('byte' as const), bytes: bytesOf(1) }),
    fc.record({ kind: fc.constant('double' as const), bytes: bytesOf(8) }),
    fc.record({ kind: fc.constant('text' as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
    fc.record({ kind: fc.constant('flags' as const), values: fc.array(fc.boolean(), { maxLength: 20 }) }),
    fc.record({ kind: fc.constant('ints' as const), values: fc.array(integers, { maxLength: 20 }) }),
    fc.record({ kind: fc.constant('structs' as const), values: fc.array(tie('fields'), { maxLength: 17 }) }),
    fc.record({ kind: fc.constant('struct' as const), fields: tie('fields') }),
  ),
}));

/** Every integer field of a struct, with its offsets. */
function intsOf(written: Fields, read: ThriftStruct): { readonly value: number; readonly int: ThriftInt }[] {
  return [...written].flatMap(([field, value]) => {
    if (value.kind === 'int') return [{ value: value.value, int: read.int(field) }];
    if (value.kind === 'struct') return intsOf(value.fields, read.struct(field));
    if (value.kind === 'structs') return read.structs(field).flatMap((struct, n) => intsOf(value.values[n]!, struct));
    return [];
  });
}

/** The same fields with every integer changed. */
function changed(written: Fields, change: (value: number) => number): Fields {
  return new Map(
    [...written].map(([field, value]): [number, Value] => {
      if (value.kind === 'int') return [field, { ...value, value: change(value.value) }];
      if (value.kind === 'struct') return [field, { ...value, fields: changed(value.fields, change) }];
      if (value.kind === 'structs')
        return [field, { ...value, values: value.values.map((each) => changed(each, change)) }];
      return [field, value];
    }),
  );
}

describe('readStruct', () => {
  it('finds every integer and the end', () => {
    fc.assert(
      fc.property(fields, fc.uint8Array({ maxLength: 5 }), (written, before) => {
        const spelled = spell(written);
        const read = readStruct(Uint8Array.from([...before, ...spelled, 7, 7]), before.length);
        expect(read.end).toBe(before.length + spelled.length);
        for (const { value, int } of intsOf(written, read)) expect(int.value).toBe(value);
        for (const [field, { kind }] of written) expect(read.hasInt(field)).toBe(kind === 'int');
        expect(read.hasInt(61)).toBe(false);
      }),
    );
  });

  it('distinguishes truncated bytes from bytes that are not a struct', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (written, place) => {
        const spelled = Uint8Array.from(spell(written));
        expect(() => readStruct(spelled.subarray(0, place % spelled.length), 0)).toThrow(ThriftCut);
      }),
    );
    expect(() => readStruct(Uint8Array.of(0x1b, 0, 0), 0)).toThrow('a Thrift struct has a field of unknown type 11');
  });

  it('terminates on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          expect(readStruct(bytes, 0).end).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('names a field of the wrong type', () => {
    const struct = readStruct(Uint8Array.from([0x18, 1, 65, 0]), 0);
    expect(() => struct.int(1)).toThrow('field 1 of a Thrift struct is not an integer');
    expect(() => struct.struct(1)).toThrow('field 1 of a Thrift struct is not a struct');
    expect(() => struct.structs(2)).toThrow('field 2 of a Thrift struct is not a list');
  });
});

describe('ThriftStruct', () => {
  const struct = readStruct(
    Uint8Array.from(
      spell(
        new Map([
          [1, { kind: 'int', type: 5, value: -3 }],
          [2, { kind: 'text', bytes: Uint8Array.from([0x61, 0xff]) }],
          [3, { kind: 'boolean', value: true }],
          [5, { kind: 'flags', values: [true, false] }],
          [7, { kind: 'ints', values: [1, 2] }],
          [8, { kind: 'structs', values: [new Map([[1, { kind: 'boolean', value: false }]])] }],
          [40, { kind: 'struct', fields: new Map() }],
        ] as const satisfies [number, Value][]),
      ),
    ),
    0,
  );
  const spec = {
    1: 'i32',
    2: 'binary',
    3: 'bool',
    5: { list: 'bool' },
    7: { list: 'i64' },
    8: { list: { struct: { 1: 'bool' } } },
    40: { struct: {} },
  } as const;

  it('plain returns fields without offsets', () => {
    expect(struct.numbers.map((field) => struct.plain(field))).toEqual([
      -3,
      'a\u00ff',
      true,
      [true, false],
      [1, 2],
      [{ 1: false }],
      {},
    ]);
    expect([struct.plain(4), struct.bytes(4), struct.texts(4), struct.has(4)]).toEqual([
      undefined,
      undefined,
      undefined,
      false,
    ]);
    expect(struct.bytes(2)).toEqual(Uint8Array.from([0x61, 0xff]));
    expect(() => struct.bytes(1)).toThrow('field 1 of a Thrift struct is not text');
    expect(() => struct.texts(7)).toThrow('field 7 of a Thrift struct is not a list of texts');
  });

  it.each<[string, object]>([
    ['an unknown field', { 40: undefined }],
    ['an integer of another width', { 1: 'i64' }],
    ['integers of another width in a list', { 7: { list: 'i32' } }],
    ['text instead of an integer', { 2: 'i32' }],
    ['an unknown field in a nested struct', { 8: { list: { struct: {} } } }],
    ['a struct instead of a list', { 40: { list: 'i32' } }],
  ])('isSpelled is false with %s', (_, change) => {
    expect(struct.isSpelled({ struct: spec })).toBe(true);
    expect(struct.isSpelled({ struct: { ...spec, ...change } as typeof spec })).toBe(false);
  });

  it('must not have a field twice', () => {
    expect(() => readStruct(Uint8Array.from([0x15, 2, 0x05, 2, 4, 0]), 0)).toThrow(
      'field 1 of a Thrift struct occurs twice',
    );
  });
});

describe('ThriftEdits', () => {
  it('change only integers', () => {
    fc.assert(
      fc.property(fields, fc.nat({ max: largest }), (written, added) => {
        const spelled = Uint8Array.from(spell(written));
        const change = (value: number) => (Math.abs(value) + added) % largest;
        const edits = new ThriftEdits();
        for (const { int } of intsOf(written, readStruct(spelled, 0))) edits.set(int, change(int.value));
        expect([...edits.apply(spelled, 0, spelled.length)]).toEqual(spell(changed(written, change)));
      }),
    );
  });
});
