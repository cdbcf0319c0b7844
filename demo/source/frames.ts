import type { Member } from './content.ts';
import type { Lexicon } from './lexicon.ts';
import { Random } from './random.ts';
import { address, personName, title } from './vocabulary.ts';

/** Everything around the text of an email. Bytes are JSON text in UTF-8. */
export interface MailFrame {
  readonly members: readonly Member[];
  /** Its headers except date and Message-ID, without the closing brace. */
  readonly headers: Uint8Array;
  readonly greeting: Uint8Array;
  readonly signature: Uint8Array;
  /** The text after the date that introduces a quoted email. */
  readonly wrote: Uint8Array;
  readonly attachments: Member;
}

/** Everything around the text of a chat. */
export interface ChatFrame {
  readonly members: readonly Member[];
  readonly attachments: Member;
}

const SALT = 51;
/** Enough that a compressor does not benefit from repetitions. */
const FRAMES_PER_LANGUAGE = 512;
const ATTACHED_SHARE = 0.2;
const BODY_TYPES: readonly string[] = ['text/plain; charset=utf-8', 'text/plain; charset=utf-8; format=flowed'];
const PROGRAMS: readonly string[] = ['Outlook 16.0', 'Thunderbird 128.4', 'Apple Mail (2.3774)', 'Lotus Notes 9.0.1'];

/** People, subjects and headers for messages, generated from a seed on first use, and cached. */
export class Frames {
  readonly #seed: number;
  readonly #mails = new Map<string, MailFrame>();
  readonly #chats = new Map<string, ChatFrame>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  mail(lexicon: Lexicon, random: Random): MailFrame {
    return this.#kept(this.#mails, makeMailFrame, lexicon, random);
  }

  chat(lexicon: Lexicon, random: Random): ChatFrame {
    return this.#kept(this.#chats, makeChatFrame, lexicon, random);
  }

  #kept<T>(frames: Map<string, T>, make: (lexicon: Lexicon, random: Random) => T, lexicon: Lexicon, random: Random): T {
    const number = random.below(FRAMES_PER_LANGUAGE);
    const key = lexicon.code + number;
    let frame = frames.get(key);
    if (!frame) {
      const language = lexicon.code.charCodeAt(0) * 256 + lexicon.code.charCodeAt(1);
      frame = make(lexicon, new Random(this.#seed ^ language, number, SALT));
      frames.set(key, frame);
    }
    return frame;
  }
}

function makeMailFrame(lexicon: Lexicon, random: Random): MailFrame {
  const mailbox = (): string => `${personName(lexicon, random)} <${address(random)}>`;
  const from = mailbox();
  const to = Array.from({ length: random.between(1, 4) }, mailbox);
  const subject = (random.chance(0.5) ? random.pick(['Re: ', 'RE: ', 'Fwd: ', 'AW: ']) : '') + title(lexicon, random);
  const signature = `${lexicon.closing}\\n${personName(lexicon, random)}\\n-- \\n${address(random)}`;
  return {
    members: [
      ['subject', [bytesOf(`"${subject}"`)]],
      ['from', [bytesOf(`"${from}"`)]],
      ['to', [bytesOf(`[${to.map((each) => `"${each}"`)}]`)]],
    ],
    headers: bytesOf(mailHeaders(from, to, subject, random)),
    greeting: bytesOf(`${lexicon.greeting}${lexicon.space}${personName(lexicon, random)},\\n\\n`),
    signature: bytesOf(`\\n\\n${signature}\\n`),
    wrote: bytesOf(`, ${personName(lexicon, random)} ${lexicon.wrote}\\n`),
    attachments: attachments(lexicon, random),
  };
}

function mailHeaders(from: string, to: readonly string[], subject: string, random: Random): string {
  const hop = () => `by mx${random.below(9)}.example.net (Postfix) with ESMTPS id ${random.hex(12)}`;
  const relay = `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
  return [
    `"from":"${from}"`,
    `"to":"${to.join(', ')}"`,
    `"subject":"${subject}"`,
    '"mime-version":"1.0"',
    `"received":["from [${relay}] ${hop()}","${hop()}"]`,
    `"x-mailer":"${random.pick(PROGRAMS)}"`,
    `"content-type":"${random.pick(BODY_TYPES)}"`,
    `"dkim-signature":"v=1; a=rsa-sha256; b=${random.hex(64)}"`,
  ].join(',');
}

function makeChatFrame(lexicon: Lexicon, random: Random): ChatFrame {
  const people = Array.from({ length: random.between(2, 6) }, () => personName(lexicon, random));
  const room = `{"id":"room-${random.hex(10)}","private":${random.chance(0.6)},"members":${people.length}}`;
  return {
    members: [
      ['subject', [bytesOf(`"#${title(lexicon, random)}"`)]],
      ['room', room],
      ['from', [bytesOf(`"${people[0]} <${address(random)}>"`)]],
      ['to', [bytesOf(`[${people.slice(1).map((name) => `"${name}"`)}]`)]],
    ],
    attachments: attachments(lexicon, random),
  };
}

function attachments(lexicon: Lexicon, random: Random): Member {
  if (!random.chance(ATTACHED_SHARE)) return ['attachments', '[]'];
  const file = `"name":"${title(lexicon, random)}.pdf","bytes":${random.below(4_000_000)},"sha256":"${random.hex(64)}"`;
  return ['attachments', [bytesOf(`[{${file}}]`)]];
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}
