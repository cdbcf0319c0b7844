import type { Lexicon } from './lexicon.ts';
import { DOMAINS, EMOJI } from './lexicon.ts';
import { Random } from './random.ts';

/** Words and phrases of sentences, most frequent first. */
interface Vocabulary {
  readonly words: readonly string[];
  readonly phrases: readonly string[];
}

const WORDS_MAX = 20_000;
const PHRASE_COUNT = 10_000;
const PHRASE_SHARE = 0.6;
const TOKEN_SHARE = 0.06;
const COMMA_SHARE = 0.08;
const VOCABULARY_SEED = 20_190_101;
const vocabularies = new Map<string, Vocabulary>();

/** Returns a sentence as content of a JSON string, escaped where necessary. */
export function sentence(lexicon: Lexicon, random: Random): string {
  const { words, phrases } = vocabularyOf(lexicon);
  let text = capitalised(words[random.rank(words.length)] as string);
  for (let left = random.between(4, 17); left > 0; left--) {
    const draw = random.next();
    if (draw < TOKEN_SHARE) text += lexicon.space + token(lexicon, random);
    else if (draw < TOKEN_SHARE + PHRASE_SHARE) text += lexicon.space + phrases[random.rank(phrases.length)];
    else text += lexicon.space + words[random.rank(words.length)];
    if (left > 2 && random.chance(COMMA_SHARE)) text += lexicon.comma;
  }
  return text + random.pick(lexicon.stops);
}

/** Returns a few words as content of a JSON string. */
export function title(lexicon: Lexicon, random: Random): string {
  const { words } = vocabularyOf(lexicon);
  let text = capitalised(words[random.rank(words.length)] as string);
  for (let left = random.between(2, 7); left > 0; left--) text += lexicon.space + random.pick(words);
  return random.chance(0.1) ? `\\"${text}\\" ${random.below(1_000)}` : text;
}

/** Returns a full name as content of a JSON string. */
export function personName(lexicon: Lexicon, random: Random): string {
  return `${random.pick(lexicon.names)}${lexicon.space}${random.pick(lexicon.surnames)}`;
}

/** Returns an email address of a reserved domain (RFC 2606, or of that form). */
export function address(random: Random): string {
  return `${random.pick('abcdefghijklmnoprstuvwz'.split(''))}.${syllables(random, 2, 4)}${random.below(90) + 10}@${random.pick(DOMAINS)}`;
}

function syllables(random: Random, least: number, most: number): string {
  let text = '';
  for (let left = random.between(least, most); left > 0; left--) {
    text += 'bdfghjklmnprstvwz'[random.below(17)]! + 'aeiou'[random.below(5)]!;
  }
  return text;
}

/** Returns a number, date, id, address, name, emoji or the like. */
function token(lexicon: Lexicon, random: Random): string {
  const two = (bound: number) => String(random.below(bound) + 1).padStart(2, '0');
  switch (random.below(12)) {
    case 0:
      return `${random.pick(['€', '$', '£', 'CHF ', 'USD '])}${random.between(1, 999)},${random.hex(1).charCodeAt(0) + 100}.${two(98)}`;
    case 1:
      return `20${two(25)}-${two(12)}-${two(28)}`;
    case 2:
      return `${two(23)}:${two(58)}`;
    case 3:
      return `${random.pick(['TRX', 'ISIN', 'INV', 'REF', 'CASE'])}-${random.below(1_000_000)}-${random.hex(4).toUpperCase()}`;
    case 4:
      return address(random);
    case 5:
      return `https:${random.chance(0.3) ? '\\/\\/' : '//'}${random.pick(DOMAINS)}/${syllables(random, 2, 5)}?id=${random.hex(12)}`;
    case 6:
      return `+${random.between(1, 98)} ${random.between(10, 999)} ${random.between(100_000, 9_999_999)}`;
    case 7:
      return `\\"${title(lexicon, random).replaceAll('\\"', "'")}\\"`;
    case 8:
      return emoji(random);
    case 9:
      return `${random.below(10_000) / 100}%`;
    default:
      return personName(lexicon, random);
  }
}

/** Returns an emoji; one in three is written as JSON escapes. */
function emoji(random: Random): string {
  const text = random.pick(EMOJI);
  return random.chance(1 / 3) ? asciiEscaped(text) : text;
}

function asciiEscaped(text: string): string {
  return text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function vocabularyOf(lexicon: Lexicon): Vocabulary {
  let vocabulary = vocabularies.get(lexicon.code);
  if (!vocabulary) {
    vocabulary = makeVocabulary(lexicon);
    vocabularies.set(lexicon.code, vocabulary);
  }
  return vocabulary;
}

function makeVocabulary(lexicon: Lexicon): Vocabulary {
  const random = new Random(VOCABULARY_SEED, lexicon.code.charCodeAt(0), lexicon.code.charCodeAt(1));
  const derived = lexicon.prefixes.flatMap((prefix) =>
    lexicon.stems.flatMap((stem) => lexicon.endings.map((ending) => prefix + inflected(stem, ending))),
  );
  shuffle(derived, random);
  const words = [...new Set([...lexicon.common, ...lexicon.stems, ...derived])].slice(0, WORDS_MAX);
  const phrases = Array.from({ length: PHRASE_COUNT }, () =>
    Array.from({ length: random.between(2, 4) }, () => words[random.rank(words.length)]).join(lexicon.space),
  );
  return { words, phrases };
}

/** Joins stem and ending: `trade` and `ing` give `trading`. */
function inflected(stem: string, ending: string): string {
  return stem.endsWith('e') && /^[aei]/.test(ending) ? stem.slice(0, -1) + ending : stem + ending;
}

function shuffle(list: unknown[], random: Random): void {
  for (let index = list.length - 1; index > 0; index--) {
    const other = random.below(index + 1);
    [list[index], list[other]] = [list[other], list[index]];
  }
}
