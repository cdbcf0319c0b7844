import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packed, unpacked } from '../../src/plan/codec.ts';

test('unpacked decodes what packed encoded', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(unpacked(packed(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('unpacked refuses a text that would fill the memory', () => {
  const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, ' ')).toString('base64');
  expect(bomb.length).toBeLessThan(100_000);
  expect(() => unpacked(bomb)).toThrow();
});
