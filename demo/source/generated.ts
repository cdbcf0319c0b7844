import type { Content, Member, Parts } from './content.ts';
import type { MailFrame } from './frames.ts';
import { Frames } from './frames.ts';
import { isoText } from './instant.ts';
import type { Lexicon } from './lexicon.ts';
import { LEXICONS } from './lexicon.ts';
import { mix, Random, unit } from './random.ts';
import type { Texts } from './text.ts';

const SALT = { id: 21, members: 22, size: 23, text: 24, amendedText: 25, thread: 26, cut: 27 };
const CHAT_SHARE = 0.35;
const OTHER_SIZE_SHARE = 0.05;
const OTHER_SIZE_BYTES: readonly [least: number, most: number] = [1_000, 1_000_000];
const MAIL_FRAME_BYTES = 1_800;
const CHAT_FRAME_BYTES = 800;
const QUOTED_SHARE = 0.4;
const THREAD_MESSAGES = 4;
const HOUR_MS = 3_600_000;
/** Share of emails whose subject was truncated in the middle of an emoji: valid JSON, but not valid Unicode. */
const CUT_SUBJECT_SHARE = 0.003;
const FIRST_SEQUENCE = 9_007_199_254_740_993n;
const LANGUAGE_OF_PERCENT = LEXICONS.flatMap((lexicon) => Array<Lexicon>(lexicon.share).fill(lexicon));

/** Emails and chats in several languages, generated from a seed. */
export class Generated implements Content {
  readonly countMax = undefined;
  readonly #seed: number;
  readonly #texts: Texts;
  readonly #frames: Frames;
  readonly #messageBytes: readonly [least: number, most: number];

  /** @param messageBytes usual size of a message's JSON, minimum and maximum bytes */
  constructor(seed: number, texts: Texts, messageBytes: readonly [least: number, most: number]) {
    this.#seed = seed;
    this.#texts = texts;
    this.#frames = new Frames(seed);
    this.#messageBytes = messageBytes;
  }

  /** Returns a UUID (RFC 9562, version 8), unique because its first group is a permutation of the index. */
  idOf(index: number): string {
    const random = new Random(this.#seed, index, SALT.id);
    const first = permuted(index ^ this.#seed)
      .toString(16)
      .padStart(8, '0');
    return `${first}-${random.hex(4)}-8${random.hex(3)}-${'89ab'[random.below(4)]}${random.hex(3)}-${random.hex(12)}`;
  }

  membersOf(index: number, us: number, amended: boolean): Member[] {
    const random = new Random(this.#seed, index, SALT.members);
    const lexicon = random.pick(LANGUAGE_OF_PERCENT);
    const isChat = random.chance(CHAT_SHARE);
    const text = new Random(this.#seed, index, amended ? SALT.amendedText : SALT.text);
    const bytes = this.#bytesOf(index);
    const place = index % THREAD_MESSAGES;
    const thread = mix(this.#seed, index - place, SALT.thread);
    return [
      ['channel', isChat ? '"chat"' : '"email"'],
      ['sequence', String(FIRST_SEQUENCE + BigInt(index))],
      ['language', `"${lexicon.code}"`],
      ['risk_score', riskScore(random)],
      ['thread_id', `"thr-${thread.toString(16)}"`],
      ['thread_size', String(place + 1)],
      ...(isChat
        ? this.#chat(lexicon, random, text, bytes - CHAT_FRAME_BYTES)
        : this.#mail(lexicon, random, text, bytes - MAIL_FRAME_BYTES, us, place > 0).map((member) =>
            unit(this.#seed, index, SALT.cut) < CUT_SUBJECT_SHARE ? withCutSubject(member) : member,
          )),
    ];
  }

  close(): void {}

  #bytesOf(index: number): number {
    const random = new Random(this.#seed, index, SALT.size);
    const [least, most] = this.#messageBytes;
    if (!random.chance(OTHER_SIZE_SHARE)) return random.between(least, most);
    // Larger sizes are rarer: otherwise a few messages would make up most of the bytes.
    return Math.round(OTHER_SIZE_BYTES[0] * (OTHER_SIZE_BYTES[1] / OTHER_SIZE_BYTES[0]) ** (random.next() ** 1.5));
  }

  #chat(lexicon: Lexicon, random: Random, text: Random, bytes: number): Member[] {
    const { members, attachments } = this.#frames.chat(lexicon, random);
    return [...members, ['body', ['"', ...this.#texts.take(lexicon, 'chat', bytes, text), '"']], attachments];
  }

  #mail(lexicon: Lexicon, random: Random, text: Random, bytes: number, us: number, isReply: boolean): Member[] {
    const frame = this.#frames.mail(lexicon, random);
    const date = new Date(us / 1_000).toUTCString().replace('GMT', '+0000');
    const own = `{"date":"${date}","message-id":"<${random.hex(24)}@mail.example.net>",`;
    return [
      ...frame.members,
      ['headers', [own, frame.headers, '}']],
      ['body', this.#mailBody(lexicon, frame, text, bytes, us, isReply)],
      frame.attachments,
    ];
  }

  /** New text, a signature and, in a reply, the quoted email. */
  #mailBody(lexicon: Lexicon, frame: MailFrame, text: Random, bytes: number, us: number, isReply: boolean): Parts {
    const quoted = isReply ? Math.round(bytes * QUOTED_SHARE) : 0;
    const parts = ['"', frame.greeting, ...this.#texts.take(lexicon, 'prose', bytes - quoted, text), frame.signature];
    if (quoted > 0) {
      const date = isoText(Math.floor(us / 1_000 - text.magnitude(HOUR_MS, 100 * HOUR_MS)));
      parts.push(`\\n${date.slice(0, 10)} ${date.slice(11, 16)}`, frame.wrote);
      parts.push(...this.#texts.take(lexicon, 'quote', quoted, text));
    }
    parts.push('"');
    return parts;
  }
}

/** Returns a subject ending in half of an emoji; any other member unchanged. */
function withCutSubject(member: Member): Member {
  const [name, value] = member;
  const last = value.at(-1);
  if (name !== 'subject' || typeof value === 'string' || last === undefined) return member;
  return [name, [...value.slice(0, -1), last.slice(0, -1), ' \\ud83d"']];
}

/** A permutation of the 32-bit numbers: multiplying by an odd factor and xorshift are both invertible. */
function permuted(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Returns a number in one of the notations that JSON writers use. */
function riskScore(random: Random): string {
  const score = random.below(10_000);
  const draw = random.next();
  if (draw < 0.05) return `${score}E-2`;
  if (draw < 0.1) return `${Math.floor(score / 100)}.0`;
  return String(score / 100) + (draw < 0.2 ? (score % 100 === 0 ? '.00' : '00') : '');
}
