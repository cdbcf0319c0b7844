import fc from 'fast-check';

/** Any Unicode character. Fast-check's own `binary` first lists them all, which takes longer than most tests. */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));
