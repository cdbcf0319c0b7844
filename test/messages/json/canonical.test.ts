import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameContent } from '../../../src/messages/json/canonical.ts';
import { anyChoose, anyModel, type Model, spell } from '../arbitraries.ts';

const same = (a: string, b: string) => sameContent(Buffer.from(a), Buffer.from(b));

describe('sameContent', () => {
  it.each([
    ['{"a":1,"b":[2,null]}', ' { "b" : [ 2 , null ] , "a" : 1 } '],
    ['{"a":"\\u0041/"}', '{"\\u0061":"A\\/"}'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"a":{"x":1},"a":{"y":2}}', '{"a":{"y":2}}'],
    ['{"__proto__":{"a":1},"b":2}', '{"b":2,"__proto__":{"a":1}}'],
    ['{"1":"a","0":"b"}', '{"0":"b","1":"a"}'],
    ['"\\ud800"', '"\\uD800"'],
    ['12345678901234567890', ' 12345678901234567890'],
    ['[1e400]', '[1e400 ]'],
  ])('%s equals %s', (a, b) => {
    expect(same(a, b)).toBe(true);
    expect(same(b, a)).toBe(true);
  });

  it.each([
    ['1', '1.0'],
    ['1', '"1"'],
    ['0', '-0'],
    ['10', '1e1'],
    ['12345678901234567890', '12345678901234567891'],
    ['[1e400]', '[1e401]'],
    ['{"a":1,"a":2}', '{"a":1}'],
    ['{"a":null}', '{}'],
    ['{"a":1}', '{"b":1}'],
    ['{"__proto__":1}', '{}'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}'],
    ['{"__proto__":null}', '{"constructor":null}'],
    ['{"toString":1}', '{"valueOf":1}'],
    ['[]', '{}'],
    ['["a"]', '{"0":"a"}'],
    ['[1,2]', '[2,1]'],
    ['[1,2]', '[1,2,3]'],
    ['null', 'false'],
    ['null', '{}'],
    ['1', '{"text":"1"}'],
    ['{"text":"1"}', '1'],
    ['"\\ud800"', '"\ufffd"'],
  ])('%s differs from %s', (a, b) => {
    expect(same(a, b)).toBe(false);
    expect(same(b, a)).toBe(false);
  });

  it('compares messages at the nesting limit', () => {
    const deep = (value: string) => '[{"a":'.repeat(500) + value + '}]'.repeat(500);
    expect(same(deep('1'), deep(' 1'))).toBe(true);
    expect(same(deep('1'), deep('2'))).toBe(false);
  });

  it('ignores order and spelling', () => {
    fc.assert(
      fc.property(anyModel, anyChoose, anyChoose, (model, choose, chooseAgain) => {
        expect(same(spell(model, choose), spell(model, chooseAgain))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('detects every change of a value', () => {
    fc.assert(
      fc.property(anyModel, anyChoose, anyChoose, (model, choose, chooseAgain) => {
        const changed = change(model, choose);
        expect(same(spell(model, chooseAgain), spell(changed, chooseAgain))).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The same value with one change somewhere within it. */
function change(model: Model, choose: (count: number) => number): Model {
  switch (model.kind) {
    case 'token':
      return [
        { kind: 'string', value: model.text } as const,
        { kind: 'token', text: model.text === '7' ? '8' : '7' } as const,
      ][choose(2)]!;
    case 'string':
      return { kind: 'string', value: model.value + ['x', '\0', '\ud801'][choose(3)] };
    case 'list': {
      const at = choose(model.items.length + 1);
      if (at === model.items.length) return { kind: 'list', items: [...model.items, { kind: 'token', text: 'null' }] };
      if (choose(3) === 0) return { kind: 'list', items: model.items.toSpliced(at, 1) };
      return { kind: 'list', items: model.items.with(at, change(model.items[at]!, choose)) };
    }
    case 'object': {
      const { members } = model;
      const at = choose(members.length + 1);
      const member = members[at];
      if (member === undefined) return { kind: 'object', members: [...members, ['new', { kind: 'token', text: '0' }]] };
      const changes = [
        members.toSpliced(at, 1),
        members.with(at, [`${member[0]}!`, member[1]]),
        members.with(at, [member[0], change(member[1], choose)]),
      ];
      return { kind: 'object', members: changes[choose(3)]! };
    }
  }
}
