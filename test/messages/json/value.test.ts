import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, jsonText, spaceEnd } from '../../../src/messages/json/tokens.ts';
import { depthMax, JsonDepthError, valueEnd } from '../../../src/messages/json/value.ts';
import { anyChoose, anyModel, spell } from '../arbitraries.ts';

/** The offset at which the text is not JSON; undefined if it is. */
function offsetOfError(text: string | Uint8Array): number | undefined {
  const bytes = Buffer.from(text);
  try {
    const end = spaceEnd(bytes, valueEnd(jsonText(bytes), spaceEnd(bytes, 0), 0));
    return end === bytes.length ? undefined : end;
  } catch (error) {
    if (error instanceof JsonError) return error.offset;
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('valueEnd', () => {
  it.each([
    '{}',
    '[]',
    ' \t\r\n[ \n1 , {"a" : [ ] , "" : null } , true,false ] ',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uD800\\udfff é \u007f\u2028"',
    '-0',
    '0.0e+00',
    '12345678901234567890',
    '1e400',
    '-1.5E-3',
  ])('accepts %s', (text) => {
    expect(isJson(text)).toBe(true);
    expect(offsetOfError(text)).toBeUndefined();
  });

  it.each([
    ['', 0],
    ['  ', 2],
    ['{', 1],
    ['{"a"', 4],
    ['{"a":', 5],
    ['{"a":1', 6],
    ['{"a":1,', 7],
    ['{"a":1,}', 7],
    ['{,}', 1],
    ['{a:1}', 1],
    ["{'a':1}", 1],
    ['{"a" 1}', 5],
    ['{"a":1 "b":2}', 7],
    ['{1:1}', 1],
    ['[', 1],
    ['[1', 2],
    ['[1,', 3],
    ['[1,]', 3],
    ['[,1]', 1],
    ['[1 2]', 3],
    ['[1}', 2],
    ['{"a":1]', 6],
    [']', 0],
    ['1 1', 2],
    ['01', 1],
    ['-', 1],
    ['+1', 0],
    ['.5', 0],
    ['1.', 2],
    ['1.e1', 2],
    ['1e', 2],
    ['1e+', 3],
    ['0x1', 1],
    ['NaN', 0],
    ['Infinity', 0],
    ['tru', 3],
    ['truE', 3],
    ['nul', 3],
    ['fals', 4],
    ['True', 0],
    ['undefined', 0],
    ['"', 1],
    ['"a', 2],
    ['"abcdefgh', 9],
    ['"\\', 2],
    ['"\\x"', 2],
    ['"\\u12', 5],
    ['"\\u12g4"', 5],
    ['"\\u"', 3],
    ['"a\nb"', 2],
    ['"abcd\u0000efg"', 5],
    ['"\u001f"', 1],
    ['\u00a01', 0],
    ['\ufeff1', 0],
    ['1//', 1],
  ])('rejects %j at byte %i', (text, offset) => {
    expect(isJson(text)).toBe(false);
    expect(offsetOfError(text)).toBe(offset);
  });

  it('reports the problem and the offset, but no content', () => {
    expect(() => valueEnd(jsonText(Buffer.from('{"secret" "word"}')), 0, 0)).toThrow(
      new JsonError('missing colon', 10),
    );
  });

  it('agrees with JSON.parse at every position of a string', () => {
    for (let byte = 0; byte < 0x80; byte += 1) {
      for (let at = 0; at < 9; at += 1) {
        for (const before of ['', '\u0001', 'é', '!']) {
          const text = `"${'x'.repeat(at)}${String.fromCharCode(byte)}${before}xyz"`;
          expect(offsetOfError(text) === undefined, JSON.stringify(text)).toBe(isJson(text));
        }
      }
    }
  });

  it('skips bytes that are not UTF-8', () => {
    const bytes = Uint8Array.from([0x22, 0x80, 0xff, 0xc3, 0x22]);
    expect(valueEnd(jsonText(bytes), 0, 0)).toBe(5);
    expect(offsetOfError(Uint8Array.from([0x5b, 0xc3, 0x5d]))).toBe(1);
  });

  it('supports views at any offset', () => {
    const bytes = Buffer.from('...["abcdefghijk\\n", 1]...');
    for (let from = 0; from <= 3; from += 1) {
      expect(valueEnd(jsonText(bytes.subarray(from, -3)), 3 - from, 0)).toBe(bytes.length - 3 - from);
    }
  });

  it(`accepts up to ${depthMax} levels`, () => {
    expect(offsetOfError(nested(depthMax))).toBeUndefined();
    expect(offsetOfError(`${'{"a":'.repeat(depthMax)}1${'}'.repeat(depthMax)}`)).toBeUndefined();
    for (const depth of [depthMax + 1, 100_000]) {
      expect(() => valueEnd(jsonText(Buffer.from(nested(depth))), 0, 0)).toThrow(JsonDepthError);
    }
    expect(() => valueEnd(jsonText(Buffer.from('[[]]')), 0, depthMax - 1)).toThrow(JsonDepthError);
    expect(valueEnd(jsonText(Buffer.from('[[]]')), 0, depthMax - 2)).toBe(4);
  });

  it('accepts what JSON.parse accepts', () => {
    fc.assert(
      fc.property(anyModel, anyChoose, (model, choose) => {
        const text = spell(model, choose);
        expect(isJson(text)).toBe(true);
        expect(offsetOfError(text)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with JSON.parse on mutated texts', () => {
    const anyPiece = fc.constantFrom(...'{}[]:,"\\u0e-+.19tfn \n\u0000/é', '', 'true', '\\u00', '""', '\ufeff');
    const anyMutation = fc.tuple(fc.nat(), fc.nat({ max: 2 }), anyPiece);
    fc.assert(
      fc.property(
        anyModel,
        anyChoose,
        fc.array(anyMutation, { minLength: 1, maxLength: 3 }),
        (model, choose, mutations) => {
          const mutated = mutations.reduce(
            (text, [place, length, piece]) => {
              const at = place % (text.length + 1);
              return text.slice(0, at) + piece + text.slice(at + length);
            },
            spell(model, choose),
          );
          expect(offsetOfError(mutated) === undefined).toBe(isJson(mutated));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
