import type { Lexicon } from './lexicon.ts';
import { LEXICONS } from './lexicon.ts';
import { Random } from './random.ts';
import { personName, sentence } from './vocabulary.ts';

/** Form of a text: new text of an email, text quoted from an earlier one, or lines of a chat. */
export type Form = 'prose' | 'quote' | 'chat';

/** Text, and the offsets at which it can be split. */
interface Block {
  readonly bytes: Uint8Array;
  readonly cuts: Uint32Array;
}

/** Range of blocks of one language and form. */
interface Shelf {
  readonly first: number;
  readonly count: number;
}

const FORM_SHARES: Readonly<Record<Form, number>> = { prose: 0.5, quote: 0.3, chat: 0.2 };
const BLOCK_BYTES = 128 * 1024;
const QUOTE_LINE_CHARS = 70;
const SALT = 0x7e87;

/**
 * Generated text in several languages for the bodies of messages: content of JSON strings in UTF-8, ready to be copied. It is
 * generated in blocks on first use and grows to at most `bytesMax`, or one block per language and form if that is more.
 */
export class Texts {
  readonly #seed: number;
  readonly #blocks = new Map<number, Block>();
  readonly #shelves = new Map<string, Shelf>();

  constructor(seed: number, bytesMax: number) {
    this.#seed = seed;
    let first = 0;
    for (const lexicon of LEXICONS) {
      for (const [form, share] of Object.entries(FORM_SHARES)) {
        const count = Math.max(1, Math.floor(((bytesMax / BLOCK_BYTES) * share * lexicon.share) / 100));
        this.#shelves.set(lexicon.code + form, { first, count });
        first += count;
      }
    }
  }

  /** Returns complete sentences or lines of about `bytes` bytes from a random position; at least one. */
  take(lexicon: Lexicon, form: Form, bytes: number, random: Random): Uint8Array[] {
    const shelf = this.#shelf(lexicon, form);
    const pieces: Uint8Array[] = [];
    let position = random.below(shelf.count);
    let cut = random.next();
    for (let left = bytes; left > 0 || pieces.length === 0; ) {
      const { bytes: text, cuts } = this.#block(shelf.first + position, lexicon, form);
      const from = Math.floor(cut * (cuts.length - 1));
      const start = cuts[from] as number;
      const end = cuts[Math.max(from + 1, lastNotAbove(cuts, start + left))] as number;
      pieces.push(text.subarray(start, end));
      left -= end - start;
      position = (position + 1) % shelf.count;
      cut = 0;
      if (end < text.length) break;
    }
    return pieces;
  }

  /** Generates all text now, which takes seconds, so that no request has to wait for it. */
  makeAll(): void {
    for (const lexicon of LEXICONS) {
      for (const form of Object.keys(FORM_SHARES) as Form[]) {
        const { first, count } = this.#shelf(lexicon, form);
        for (let index = first; index < first + count; index++) this.#block(index, lexicon, form);
      }
    }
  }

  #shelf(lexicon: Lexicon, form: Form): Shelf {
    return this.#shelves.get(lexicon.code + form) as Shelf;
  }

  #block(index: number, lexicon: Lexicon, form: Form): Block {
    let block = this.#blocks.get(index);
    if (!block) {
      block = makeBlock(lexicon, form, new Random(this.#seed, index, SALT));
      this.#blocks.set(index, block);
    }
    return block;
  }
}

/** Returns the index of the last of ascending numbers that is at most `limit`; -1 if there is none. */
function lastNotAbove(ascending: Uint32Array, limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function makeBlock(lexicon: Lexicon, form: Form, random: Random): Block {
  const bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  const cuts = [0];
  let end = 0;
  for (const piece of PIECES[form](lexicon, random)) {
    if (end + piece.length * 3 > BLOCK_BYTES) break;
    end += bytes.write(piece, end);
    cuts.push(end);
  }
  return { bytes: bytes.subarray(0, end), cuts: Uint32Array.from(cuts) };
}

const PIECES: Readonly<Record<Form, (lexicon: Lexicon, random: Random) => Generator<string>>> = {
  *prose(lexicon, random) {
    for (;;) {
      for (let left = random.between(1, 6); left > 0; left--) yield sentence(lexicon, random) + lexicon.space;
      yield `${sentence(lexicon, random)}\\n\\n`;
    }
  },

  *quote(lexicon, random) {
    for (;;) {
      const mark = random.chance(0.3) ? '> > ' : '> ';
      let line = '';
      for (let left = random.between(3, 9); left > 0; left--) {
        for (const word of wordsOf(sentence(lexicon, random), lexicon)) {
          if (line.length + word.length > QUOTE_LINE_CHARS) {
            yield `${mark}${line}\\n`;
            line = '';
          }
          line += line ? lexicon.space + word : word;
        }
      }
      yield `${mark}${line}\\n${mark}\\n`;
    }
  },

  *chat(lexicon, random) {
    for (let minute = random.below(1440); ; minute = (minute + random.below(4)) % 1440) {
      const time = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
      yield `[${time}] ${personName(lexicon, random)}: ${sentence(lexicon, random)}\\n`;
    }
  },
};

/** Splits a text where a line may break: between words or, in a language without spaces, after each clause. */
function wordsOf(text: string, lexicon: Lexicon): string[] {
  return text.split(lexicon.space || lexicon.comma);
}
