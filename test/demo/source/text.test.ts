import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Lexicon } from '../../../demo/source/lexicon.ts';
import { LEXICONS } from '../../../demo/source/lexicon.ts';
import { Random } from '../../../demo/source/random.ts';
import type { Form } from '../../../demo/source/text.ts';
import { Texts } from '../../../demo/source/text.ts';

const FORMS: readonly Form[] = ['prose', 'quote', 'chat'];
const cases = LEXICONS.flatMap((lexicon) => FORMS.map((form) => ({ lexicon, form, name: `${lexicon.code} ${form}` })));
const texts = new Texts(1, 0);
const take = (lexicon: Lexicon, form: Form, bytes: number, index: number, from = texts): Buffer =>
  Buffer.concat(from.take(lexicon, form, bytes, new Random(1, index, 1)));

test('the shares of the languages add up to 100', () => {
  expect(LEXICONS.reduce((sum, { share }) => sum + share, 0)).toBe(100);
});

test.each(cases)('$name is valid in a JSON string and of about the requested size', ({ lexicon, form }) => {
  for (const [index, bytes] of [1, 3_000, 25_000, 300_000].entries()) {
    const text = take(lexicon, form, bytes, index);
    expect(JSON.stringify(JSON.parse(`"${text}"`))).toContain('"');
    expect(text.toString()).not.toContain('\ufffd');
    expect(text.length).toBeGreaterThan(bytes - 1_000);
    expect(text.length).toBeLessThan(bytes + 1_000);
  }
});

test('compresses about as well as email', () => {
  const [english] = LEXICONS as [Lexicon];
  const text = take(english, 'prose', 250_000, 1, new Texts(1, 8_000_000));
  const packed = zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  expect(packed.length / text.length).toBeGreaterThan(0.25);
  expect(packed.length / text.length).toBeLessThan(0.4);
});

test('is deterministic, and different for another seed', () => {
  const [english] = LEXICONS as [Lexicon];
  const text = take(english, 'chat', 5_000, 9);
  expect(take(english, 'chat', 5_000, 9, new Texts(1, 0))).toEqual(text);
  expect(take(english, 'chat', 5_000, 9, new Texts(2, 0))).not.toEqual(text);
});
