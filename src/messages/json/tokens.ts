import { Buffer } from 'node:buffer';

/** JSON bytes, with a view that reads four at a time. */
export interface JsonText {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same bytes, if they are known to be valid JSON: strings are then skipped from quote to quote. */
  readonly valid?: Buffer;
}

/** The bytes `[start, end)` of one JSON value. */
export interface JsonRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The bytes are not JSON. The message has the reason and the byte offset, never the content. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`${problem} at byte ${offset}`);
    this.offset = offset;
  }
}

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
export const BACKSLASH = 0x5c;
const SPACE = 0x20;
const LOWER_N = 0x6e;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');
/** 1 for each byte that may follow a backslash. */
const escapable = new Uint8Array(256).map((_, byte) => ('"\\/bfnrtu'.includes(String.fromCharCode(byte)) ? 1 : 0));

export function jsonText(bytes: Uint8Array): JsonText {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Like {@link jsonText}, for bytes that were validated before. */
export function validJsonText(bytes: Uint8Array): JsonText {
  return { ...jsonText(bytes), valid: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** The text of a value. */
export function textOf({ bytes, start, end }: JsonRange): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}

/** The value of a string, including escaped lone surrogates. */
export function decodeString(range: JsonRange): string {
  return JSON.parse(textOf(range)) as string;
}

export function isString({ bytes, start }: JsonRange): boolean {
  return bytes[start] === QUOTE;
}

export function isNumber({ bytes, start }: JsonRange): boolean {
  return bytes[start] === MINUS || isDigit(bytes[start]);
}

export function isObject({ bytes, start }: JsonRange): boolean {
  return bytes[start] === OPEN_OBJECT;
}

export function isList({ bytes, start }: JsonRange): boolean {
  return bytes[start] === OPEN_LIST;
}

export function isNull({ bytes, start }: JsonRange): boolean {
  return bytes[start] === LOWER_N;
}

export function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The offset of the first non-whitespace byte at or after `start`. */
export function spaceEnd(bytes: Uint8Array, start: number): number {
  let pos = start;
  // Reading past the end would make V8 deoptimize every caller.
  while (pos < bytes.length && bytes[pos]! <= SPACE && isSpace(bytes[pos])) pos += 1;
  return pos;
}

/**
 * The offset after the string, number or literal that begins at `start`.
 * @throws JsonError if no such token (RFC 8259) begins there
 */
export function scalarEnd(text: JsonText, start: number): number {
  const first = text.bytes[start];
  if (first === QUOTE) return stringEnd(text, start);
  if (first === MINUS || isDigit(first)) return numberEnd(text.bytes, start);
  return literalEnd(text.bytes, start);
}

/** The offset after the string whose opening quote is at `start`. @throws JsonError */
export function stringEnd(text: JsonText, start: number): number {
  const { bytes, valid } = text;
  if (valid !== undefined) return validStringEnd(valid, start);
  let pos = plainEnd(text, start + 1);
  while (bytes[pos] === BACKSLASH) pos = plainEnd(text, escapeEnd(bytes, pos));
  if (bytes[pos] === QUOTE) return pos + 1;
  throw new JsonError(pos < bytes.length ? 'unescaped control character in a string' : 'unterminated string', pos);
}

/** For valid JSON: a quote ends the string unless an odd number of backslashes precedes it. */
function validStringEnd(bytes: Buffer, start: number): number {
  for (let quote = bytes.indexOf(QUOTE, start + 1); ; quote = bytes.indexOf(QUOTE, quote + 1)) {
    if (quote < 0) throw new JsonError('unterminated string', bytes.length);
    let slashes = quote;
    while (bytes[slashes - 1] === BACKSLASH) slashes -= 1;
    if ((quote - slashes) % 2 === 0) return quote + 1;
  }
}

/**
 * The offset of the first quote, backslash or control character at or after `start`, or the end. Most bytes of a message
 * are in long strings, so four are tested at once.
 */
function plainEnd({ bytes, view }: JsonText, start: number): number {
  const lastWord = bytes.length - 4;
  let pos = start;
  for (; pos <= lastWord; pos += 4) {
    const found = endsIn(view.getInt32(pos, true));
    if (found !== 0) return pos + ((31 - Math.clz32(found & -found)) >> 3);
  }
  while (pos < bytes.length && bytes[pos]! >= SPACE && bytes[pos] !== QUOTE && bytes[pos] !== BACKSLASH) pos += 1;
  return pos;
}

/**
 * Sets the high bit of each byte of the word that is a quote, a backslash or a control character. Only the lowest set bit
 * is exact. `(x - k) & ~x` sets the high bit of a byte that is less than k. With bit 1 flipped, control characters and the
 * quote are the bytes below 0x21; XOR with a backslash makes a backslash the only byte below 1.
 */
function endsIn(word: number): number {
  const flipped = word ^ 0x02020202;
  const backslash = word ^ 0x5c5c5c5c;
  return (((flipped - 0x21212121) & ~flipped) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080;
}

function escapeEnd(bytes: Uint8Array, start: number): number {
  const kind = bytes[start + 1];
  if (escapable[kind!] !== 1) throw new JsonError('invalid escape', start + 1);
  if (kind !== LOWER_U) return start + 2;
  for (let pos = start + 2; pos < start + 6; pos += 1) {
    if (!isHex(bytes[pos])) throw new JsonError('\\u escape without four hex digits', pos);
  }
  return start + 6;
}

function numberEnd(bytes: Uint8Array, start: number): number {
  let pos = bytes[start] === MINUS ? start + 1 : start;
  pos = bytes[pos] === 0x30 ? pos + 1 : digitsEnd(bytes, pos);
  if (bytes[pos] === POINT) pos = digitsEnd(bytes, pos + 1);
  if ((bytes[pos]! | 0x20) === LOWER_E) {
    const signed = bytes[pos + 1] === PLUS || bytes[pos + 1] === MINUS;
    pos = digitsEnd(bytes, pos + (signed ? 2 : 1));
  }
  return pos;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let pos = start;
  while (isDigit(bytes[pos])) pos += 1;
  if (pos === start) throw new JsonError('missing digit', pos);
  return pos;
}

function literalEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  const word = first === LOWER_N ? NULL : first === TRUE[0] ? TRUE : FALSE;
  if (first !== word[0]) throw new JsonError('missing value', start);
  for (let index = 1; index < word.length; index += 1) {
    if (bytes[start + index] !== word[index]) throw new JsonError('invalid literal', start + index);
  }
  return start + word.length;
}

function isDigit(byte: number | undefined): boolean {
  return byte! >= 0x30 && byte! <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
