import fc from 'fast-check';

/** Any character of Unicode. Fast-check's own `binary` lists them all first, which takes longer than most tests. */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));
