import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCaptures } from '../../../src/messages/json/captures.ts';
import type { Pointer } from '../../../src/messages/json/pointer.ts';
import { type JsonText, jsonText, textOf } from '../../../src/messages/json/tokens.ts';
import { depthMax, valueEnd } from '../../../src/messages/json/value.ts';
import { type Visitor, Walk } from '../../../src/messages/json/walk.ts';
import { anyChoose, anyModel, names, spell } from '../arbitraries.ts';

/** Records the texts and depths of visited values. */
class Notes implements Visitor {
  texts: string[] = [];
  depths: number[] = [];
  forgotten = 0;
  private readonly text: JsonText;

  constructor(text: JsonText) {
    this.text = text;
  }

  visit(start: number, depth: number): number {
    const end = valueEnd(this.text, start, depth);
    this.texts.push(textOf({ bytes: this.text.bytes, start, end }));
    this.depths.push(depth);
    return end;
  }

  forget(): void {
    this.texts = [];
    this.forgotten += 1;
  }
}

function capture(json: string, pointers: readonly Pointer[]): (string | undefined)[] {
  const walk = new Walk(jsonText(Buffer.from(json)), compileCaptures(pointers));
  expect(walk.run(0)).toBe(Buffer.byteLength(json));
  return pointers.map((_, slot) => {
    const value = walk.captured(slot);
    return value && textOf(value);
  });
}

function visit(json: string, pointer: Pointer, what: 'value' | 'elements', captured: readonly Pointer[] = []): Notes {
  const text = jsonText(Buffer.from(json));
  const notes = new Notes(text);
  expect(new Walk(text, compileCaptures(captured, { pointer, what }), notes).run(0)).toBe(text.bytes.length);
  return notes;
}

/** The value at a pointer (RFC 6901) in the result of JSON.parse. */
function resolve(value: unknown, pointer: Pointer): unknown {
  return pointer.reduce<unknown>((parent, token) => {
    if (typeof parent !== 'object' || parent === null) return undefined;
    if (Array.isArray(parent) && !/^(0|[1-9]\d*)$/.test(token)) return undefined;
    return Object.hasOwn(parent, token) ? Reflect.get(parent, token) : undefined;
  }, value);
}

describe('Walk.captured', () => {
  it.each<[string, Pointer, string | undefined]>([
    ['{"a":{"b":[1, {"c":"d"}]}}', ['a', 'b', '1', 'c'], '"d"'],
    ['{"a":{"b":[1, {"c":"d"} ]}}', ['a', 'b'], '[1, {"c":"d"} ]'],
    ['{ "a" : 1 }', [], '{ "a" : 1 }'],
    ['"a"', [], '"a"'],
    ['{"a":1}', ['b'], undefined],
    ['{"a":1}', ['a', 'b'], undefined],
    ['{"a":null}', ['a'], 'null'],
    ['["x","y"]', ['1'], '"y"'],
    ['["x","y"]', ['01'], undefined],
    ['["x","y"]', ['-'], undefined],
    ['{"0":"x"}', ['0'], '"x"'],
    ['{"\\u0061":1}', ['a'], '1'],
    ['{"a\\/b":1}', ['a/b'], '1'],
    ['{"a\\b":1}', ['a\\b'], undefined],
    ['{"a\\\\b":1}', ['a\\b'], '1'],
    ['{"\\uD83D\\uDE00":1}', ['😀'], '1'],
    ['{"\ufffd":1}', ['\ud800'], undefined],
    ['{"\\uD800":1}', ['\ud800'], '1'],
    ['{"__proto__":{"a":1}}', ['__proto__', 'a'], '1'],
    ['{}', ['__proto__'], undefined],
    ['{"":{"":1}}', ['', ''], '1'],
    ['{"a":1,"a":2}', ['a'], '2'],
    ['{"a":1,"\\u0061":2}', ['a'], '2'],
    ['{"a":{"b":1},"a":{"c":2}}', ['a', 'b'], undefined],
    ['{"a":{"b":1},"a":3}', ['a', 'b'], undefined],
    ['{"a":[{"b":1}],"a":[]}', ['a', '0', 'b'], undefined],
    ['{"x":{"a":1},"a":2,"y":{"a":3}}', ['a'], '2'],
  ])('returns for %s at %j: %s', (json, pointer, expected) => {
    expect(capture(json, [pointer])).toEqual([expected]);
  });

  it('supports several pointers, including nested and equal ones', () => {
    expect(capture('{"a":{"b":[1,2]}}', [['a', 'b', '1'], ['a'], ['a', 'b'], ['a'], ['c']])).toEqual([
      '2',
      '{"b":[1,2]}',
      '[1,2]',
      '{"b":[1,2]}',
      undefined,
    ]);
  });

  it('returns what was complete before an error', () => {
    const walk = new Walk(jsonText(Buffer.from('{"a":1,"b":[2,!')), compileCaptures([['a'], ['b'], ['b', '0']]));
    expect(() => walk.run(0)).toThrow('missing value at byte 14');
    expect([0, 1, 2].map((slot) => walk.captured(slot)?.start)).toEqual([5, undefined, 12]);
  });

  it('agrees with JSON.parse', () => {
    const anyPointer = fc.array(fc.constantFrom(...names), { maxLength: 4 });
    fc.assert(
      fc.property(anyModel, anyChoose, fc.array(anyPointer, { maxLength: 5 }), (model, choose, pointers) => {
        const json = spell(model, choose).trim();
        const whole: unknown = JSON.parse(json);
        capture(json, pointers).forEach((text, slot) => {
          const expected = resolve(whole, pointers[slot]!);
          expect(text === undefined ? undefined : JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(expected));
        });
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a visitor of Walk', () => {
  it('receives each element of a list, or one value, with its depth', () => {
    expect(visit('{"a":{"b":[1, {"c":[]} ,"x"]}}', ['a', 'b'], 'elements')).toMatchObject({
      texts: ['1', '{"c":[]}', '"x"'],
      depths: [3, 3, 3],
      forgotten: 0,
    });
    expect(visit('{"a":[{"b":[1]}]}', ['a', '0', 'b'], 'value')).toMatchObject({ texts: ['[1]'], depths: [3] });
    expect(visit('[1,2]', [], 'elements').texts).toEqual(['1', '2']);
    expect(visit('{"a":3}', ['a'], 'elements').texts).toEqual([]);
    expect(visit('{"a":{"0":3}}', ['a'], 'elements').texts).toEqual([]);
  });

  it.each(['{"a":[1,2],"a":[3]}', '{"a":[1,2],"x":0,"\\u0061":[3]}'])('keeps the last of two lists: %s', (json) => {
    expect(visit(json, ['a'], 'elements')).toMatchObject({ texts: ['3'], forgotten: 1 });
  });

  it.each(['{"a":[],"a":null}', '{"a":[1],"a":{}}'])('forgets a list that another value replaces: %s', (json) => {
    expect(visit(json, ['a'], 'elements')).toMatchObject({ texts: [], forgotten: 1 });
  });

  it('forgets a list whose enclosing object is replaced', () => {
    expect(visit('{"h":{"h":[1]},"h":{"h":[2]}}', ['h', 'h'], 'elements')).toMatchObject({
      texts: ['2'],
      forgotten: 1,
    });
    expect(visit('{"h":{"x":[1]},"h":{"h":[2]}}', ['h', 'h'], 'elements')).toMatchObject({
      texts: ['2'],
      forgotten: 0,
    });
  });

  it('does not prevent captures within visited values', () => {
    const text = jsonText(Buffer.from('{"a":[{"b":1},{"b":2}],"c":{"d":3}}'));
    const lists = new Notes(text);
    const walk = new Walk(text, compileCaptures([['a', '1', 'b'], ['a']], { pointer: ['a'], what: 'elements' }), lists);
    walk.run(0);
    expect(lists.texts).toEqual(['{"b":1}', '{"b":2}']);
    expect(textOf(walk.captured(0)!)).toBe('2');
    expect(textOf(walk.captured(1)!)).toBe('[{"b":1},{"b":2}]');
    expect(visit('{"c":{"d":3}}', ['c'], 'value', [['c', 'd']]).texts).toEqual(['{"d":3}']);
  });
});

describe('the depth limit of Walk', () => {
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const pointer = (depth: number) => Array<string>(depth).fill('a');

  it('applies along pointers', () => {
    expect(capture(deep(depthMax), [pointer(depthMax)])).toEqual(['1']);
    for (const captured of [pointer(depthMax + 1), pointer(3), []]) {
      expect(() => capture(deep(depthMax + 1), [captured])).toThrow('more than 1000 levels of nesting at byte 5000');
    }
  });

  it('includes enclosing values', () => {
    const text = jsonText(Buffer.from('{"a":{}}'));
    expect(new Walk(text, compileCaptures([['a']]), undefined, depthMax - 2).run(0)).toBe(8);
    expect(() => new Walk(text, compileCaptures([['a']]), undefined, depthMax - 1).run(0)).toThrow('levels of nesting');
  });

  it('does not depend on the length of a pointer', () => {
    expect(capture('{"a":{}}', [pointer(5_000)])).toEqual([undefined]);
  });
});
