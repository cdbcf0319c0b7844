import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributesBytes, fromAttributes, toAttribute, toAttributes } from '../../../src/io/dynamodb/attributes.ts';
import { anyCharacter } from '../../support/texts.ts';

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: anyCharacter }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: anyCharacter }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const members = fc.dictionary(fc.string({ unit: anyCharacter }), value, { noNullPrototype: true });

describe('attributes', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(members, (object) => {
        expect(fromAttributes(toAttributes(object))).toEqual(object);
      }),
    );
  });

  it('have a type each, and leave out what is undefined', () => {
    expect(toAttributes({ a: 'x', b: 1.5, c: false, d: ['', 0], e: { f: undefined, g: {} }, h: undefined })).toEqual({
      a: { S: 'x' },
      b: { N: '1.5' },
      c: { BOOL: false },
      d: { L: [{ S: '' }, { N: '0' }] },
      e: { M: { g: { M: {} } } },
    });
  });

  it.each([null, undefined, Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1])('are not made of %s', (wrong) => {
    expect(() => toAttribute(wrong)).toThrow(TypeError);
  });

  it('are never counted for fewer bytes than their names and texts have', () => {
    expect(attributesBytes(toAttributes({ é: '\u{1f4a5}'.repeat(1_000) }))).toBeGreaterThanOrEqual(4_002);
    const textBytes = (inner: unknown): number => {
      if (typeof inner === 'string') return Buffer.byteLength(inner);
      if (typeof inner !== 'object' || inner === null) return 1;
      return Object.entries(inner).reduce(
        (sum, [name, each]) => sum + (Array.isArray(inner) ? 0 : Buffer.byteLength(name)) + textBytes(each),
        0,
      );
    };
    fc.assert(
      fc.property(members, (object) => {
        expect(attributesBytes(toAttributes(object))).toBeGreaterThanOrEqual(textBytes(object));
      }),
    );
  });
});
