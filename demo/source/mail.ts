import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Content, Member } from './content.ts';
import { Mailbox } from './mailbox.ts';
import { Random } from './random.ts';

/** Name and value of an email header, unfolded. */
type Header = readonly [name: string, value: string];

const SALT = 41;
const ID_CHARS_MAX = 400;
const HEADER_CHARS_MAX = 256 * 1024;

/** Real emails: headers and raw text. */
export class Mail implements Content {
  readonly countMax: number;
  readonly #mailbox: Mailbox;
  readonly #seed: number;
  readonly #ids: readonly string[];

  private constructor(mailbox: Mailbox, seed: number) {
    this.countMax = mailbox.count;
    this.#mailbox = mailbox;
    this.#seed = seed;
    this.#ids = distinctIds(mailbox);
  }

  /**
   * Opens a folder of emails or an mbox file.
   * @throws OptionError if it contains none
   */
  static open(path: string, seed: number): Mail {
    return new Mail(Mailbox.open(path), seed);
  }

  idOf(index: number): string {
    return this.#ids[index] as string;
  }

  /** An amended email lacks its last line, as if truncated by a gateway. */
  membersOf(index: number, _us: number, amended: boolean): Member[] {
    const random = new Random(this.#seed, index, SALT);
    const bytes = this.#mailbox.read(index);
    const { text, encoding } = decoded(bytes);
    const headers = headersOf(text);
    const value = (name: string): string => JSON.stringify(headerOf(headers, name) ?? null);
    return [
      ['channel', '"email"'],
      ['risk_score', (random.below(10_000) / 100).toFixed(2)],
      ['thread_size', String(random.between(1, 12))],
      ['subject', value('subject')],
      ['from', value('from')],
      ['to', value('to')],
      ['date', value('date')],
      ['headers', JSON.stringify(headers)],
      ['raw_bytes', String(bytes.length)],
      ['raw_encoding', JSON.stringify(encoding)],
      ['raw', JSON.stringify(amended ? text.slice(0, Math.max(0, text.trimEnd().lastIndexOf('\n'))) : text)],
    ];
  }

  close(): void {
    this.#mailbox.close();
  }
}

/** Decodes bytes as UTF-8 if valid, otherwise as ISO 8859-1. */
function decoded(bytes: Buffer): { text: string; encoding: 'utf-8' | 'latin1' } {
  return isUtf8(bytes)
    ? { text: bytes.toString('utf8'), encoding: 'utf-8' }
    : { text: bytes.toString('latin1'), encoding: 'latin1' };
}

/** Returns the headers of an email (RFC 5322, section 2.2) in order. Other lines, such as that of an mbox, are skipped. */
function headersOf(mail: string): Header[] {
  const start = mail.slice(0, HEADER_CHARS_MAX);
  const end = start.search(/\r?\n\r?\n/);
  const lines = (end < 0 ? start : start.slice(0, end)).replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  return lines.flatMap((line) => {
    const parts = /^([!-9;-~]+):[ \t]*(.*)$/s.exec(line);
    return parts ? [[parts[1] as string, (parts[2] as string).trimEnd()] as const] : [];
  });
}

function headerOf(headers: readonly Header[], name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}

/** Returns each email's Message-ID, or a hash of the email. Repeated ids are numbered. */
function distinctIds(mailbox: Mailbox): string[] {
  const ids = new Set<string>();
  for (let index = 0; index < mailbox.count; index++) {
    const base = idOf(mailbox.read(index));
    let id = base;
    for (let number = 2; ids.has(id); number++) id = `${base}~${number}`;
    ids.add(id);
  }
  return [...ids];
}

function idOf(bytes: Buffer): string {
  const header = headerOf(headersOf(decoded(bytes).text), 'message-id')?.trim() ?? '';
  const id = /^<(.+)>$/.exec(header)?.[1] ?? header;
  return id.length > 0 && id.length <= ID_CHARS_MAX ? id : `mail-${hash('sha256', bytes).slice(0, 32)}`;
}
