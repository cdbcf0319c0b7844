import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { skipBalanced } from '../../../src/messages/json/broken.ts';

describe('skipBalanced', () => {
  it.each([
    ['{"a":NaN}', ', {}'],
    ["{'a': [1,,2]}", ', {}'],
    ['[1}', ', 2'],
    ['{"a":"}\\"]"}', ',1'],
    ['{"a":"b\nc"}', ''],
    ['{"a":1,}', ' ]'],
    ['[[{]]]', ''],
    ['"a, ]\\" }"', ', 1'],
    ['nope', ', 1'],
    ['01', ']'],
    ['tru"e,]"', '}'],
    ['f[1, [2]]x', ' \n ,'],
    ['12 34', '  ]'],
    ['', ', 1'],
    ['', ']'],
    ['', '}'],
  ])('ends %j before %j', (value, rest) => {
    const bytes = Buffer.from(`...${value}${rest}`);
    expect(skipBalanced(bytes, 3)).toBe(3 + value.length);
  });

  it.each(['{', '{"a', '{"a\\', '[1, "', '"', '"\\"', '{"a":[}'])('ends %j at the end of the bytes', (value) => {
    expect(skipBalanced(Buffer.from(value), 0)).toBe(value.length);
  });

  it('supports any depth', () => {
    const bytes = Buffer.from(`${'[{"a":'.repeat(200_000)}${'}]'.repeat(200_000)}, 1`);
    expect(skipBalanced(bytes, 0)).toBe(bytes.length - 3);
  });
});
