import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPointer, parsePointer } from '../../../src/messages/json/pointer.ts';

describe('parsePointer', () => {
  it.each([
    ['', []],
    ['/', ['']],
    ['/a', ['a']],
    ['/a/0/', ['a', '0', '']],
    ['/a~1b/m~0n', ['a/b', 'm~n']],
    ['/~01', ['~1']],
    ['/ é"\\', [' é"\\']],
  ])('reads %j', (text, tokens) => {
    expect(parsePointer(text)).toEqual(tokens);
  });

  it.each(['a', 'a/b', ' /a', '#/a', '/a~', '/a~2', '/~~0'])('rejects %j and quotes it', (text) => {
    expect(() => parsePointer(text)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    expect(() => parsePointer(text)).toThrow(JSON.stringify(text));
  });

  it('is the inverse of formatPointer', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('~', '/', '~1', ''))), (pointer) => {
        expect(parsePointer(formatPointer(pointer))).toEqual(pointer);
      }),
    );
  });
});
