import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packed, unpacked } from '../../src/plan/codec.ts';

test('what is packed is unpacked', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(unpacked(packed(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a text that would fill the memory is refused', () => {
  const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, ' ')).toString('base64');
  expect(bomb.length).toBeLessThan(100_000);
  expect(() => unpacked(bomb)).toThrow();
});
