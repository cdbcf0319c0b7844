import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { saidIn } from '../text/said.ts';
import { scalarText } from './columns.ts';
import { skipBalanced } from './json/broken.ts';
import { type Captures, compileCaptures } from './json/captures.ts';
import { formatPointer, type Pointer } from './json/pointer.ts';
import {
  isList,
  isNull,
  JsonError,
  type JsonRange,
  type JsonText,
  jsonText,
  OPEN_OBJECT,
  spaceEnd,
  textOf,
} from './json/tokens.ts';
import { type Visitor, Walk } from './json/walk.ts';
import { pageHint } from './lists.ts';
import { type CompiledShape, invalidMessage, type ReadMessage, readMessageOf } from './read.ts';

/** Pointers to the parts of a source's response. */
export interface PageShape {
  /** The list of messages. */
  readonly messages: Pointer;
  /** The number of messages in the requested range; may be missing from a page. */
  readonly total?: Pointer;
  /** The message, relative to an element of the list; empty if the element is the message. */
  readonly message: Pointer;
  /** Further values of the page, returned as JSON text. */
  readonly extras?: readonly Pointer[];
  /** Further values of each element, returned as JSON text; not allowed if the element is the message. */
  readonly elementExtras?: readonly Pointer[];
  /** A page with more elements is rejected before they take up memory. */
  readonly messagesMax?: number;
  /**
   * Which other values count as an empty list, unless the page reports an error. `null`: null, or no list if the total is
   * 0; `missing`: null, or no list whatever the total is.
   */
  readonly emptyList?: 'null' | 'missing';
}

/** Raw JSON texts of the requested values; undefined for missing ones. */
export type Extras = readonly (string | undefined)[];

/** A message and its bytes `[start, end)` within the page, without surrounding whitespace. */
export interface ScannedMessage extends ReadMessage {
  readonly start: number;
  /** In the order of `elementExtras`. */
  readonly extras?: Extras;
}

interface ScannedPage {
  /** The total that the page reports for the requested range, if any. */
  readonly total?: number;
  /** In the order of `extras`. */
  readonly extras?: Extras;
  /** In page order, including invalid ones. */
  readonly messages: readonly ScannedMessage[];
}

/** A page with its messages. */
export interface Page extends ScannedPage {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** SHA-256 of each message's bytes, 32 bytes each, in the order of `messages`. */
  readonly shas: Uint8Array;
}

/** Scans the bytes of a page, which must not change meanwhile. @throws PageError */
export type Scan = (bytes: Uint8Array<SharedArrayBuffer>, shape: PageShape) => Promise<Page>;

/** A response that is not a page of messages. The message is a clause without a full stop: `it is truncated after 9 bytes`. */
export class PageError extends Error {
  override readonly name = 'PageError';
  /** The page was truncated. */
  readonly isCut: boolean;

  constructor(message: string, isCut = false) {
    super(message);
    this.isCut = isCut;
  }
}

const LESS_THAN = 0x3c;
const byteOrderMark = [0xef, 0xbb, 0xbf];
/** Bytes of an HTML page that are searched for its title. */
const titleBytesMax = 64 * 1024;
/** Members that report an error instead of messages. */
const errorMembers: readonly Pointer[] = [['error'], ['errors']];
/** Longer tokens are not totals. */
const totalBytesMax = 256;

/**
 * Finds and reads the messages of a page (UTF-8 JSON, optionally with a byte order mark) in one pass. A broken element, or
 * one that is not an object, is an invalid message.
 * @throws PageError if the page is truncated, is not valid JSON around its messages, has no list of messages or two of
 *   them, or has a total that is not a count
 */
export function scanPage(bytes: Uint8Array, page: PageShape, compiled: CompiledShape): ScannedPage {
  try {
    return scan(jsonText(bytes), page, compiled);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    if (bytes[contentStart(bytes)] === LESS_THAN) throw new PageError(markup(bytes));
    if (error.offset >= bytes.length) throw new PageError(`it is truncated after ${bytes.length} bytes`, true);
    throw new PageError(`it is not readable JSON: ${error.message}`);
  }
}

function scan(text: JsonText, page: PageShape, compiled: CompiledShape): ScannedPage {
  const { bytes } = text;
  const extras = page.extras ?? [];
  const values = page.total === undefined ? extras : [...extras, page.total];
  const errors = page.emptyList === undefined ? [] : errorMembers;
  const captures = compileCaptures([...values, ...errors], { pointer: page.messages, what: 'elements' });
  const list = new MessageList(text, page, compiled);
  const walk = new Walk(text, captures, list);
  const end = spaceEnd(bytes, walk.run(contentStart(bytes)));
  if (end < bytes.length) throw new JsonError('unexpected text after the end', end);
  const found = walk.captured(captures.visitedIndex);
  const total = page.total === undefined ? undefined : readTotal(walk.captured(extras.length), page.total);
  const hasError = errors.some((_, n) => isPresent(walk.captured(values.length + n)));
  const isObject = bytes[contentStart(bytes)] === OPEN_OBJECT;
  const mayLackList = isObject && (page.emptyList === 'missing' || (page.emptyList === 'null' && total === 0));
  const isEmpty = !hasError && (found === undefined ? mayLackList : isNull(found) && page.emptyList !== undefined);
  if (!isEmpty && (found === undefined || !isList(found))) throw noList(bytes, page.messages);
  checkUtf8Around(bytes, list.messages);
  return {
    messages: list.messages,
    ...(total !== undefined && { total }),
    ...(page.extras && { extras: textsOf(walk, extras.length) }),
  };
}

function noList(bytes: Uint8Array, pointer: Pointer): PageError {
  const hint = pageHint(bytes);
  return new PageError(`it has no list of messages ${at(pointer)}${hint === undefined ? '' : `; ${hint}`}`);
}

/** Describes a page of markup, by its title if it has one. */
function markup(bytes: Uint8Array): string {
  const [, title] =
    /^an HTML page, (".*")$/.exec(saidIn(Buffer.from(bytes.subarray(0, titleBytesMax)).toString()) ?? '') ?? [];
  const shown = title === undefined ? '' : ` (its title is ${title})`;
  return `it is HTML or XML rather than JSON, perhaps a sign-in page${shown}`;
}

/** False for null, false, zero and empty values, since many servers send `"error": null`. */
function isPresent(value: JsonRange | undefined): boolean {
  return value !== undefined && !/^(?:null|false|0|""|\[\s*\]|\{\s*\})$/.test(textOf(value));
}

function contentStart(bytes: Uint8Array): number {
  const hasMark = byteOrderMark.every((byte, index) => bytes[index] === byte);
  return spaceEnd(bytes, hasMark ? byteOrderMark.length : 0);
}

/** The texts of the first `count` captures. */
function textsOf(walk: Walk, count: number): Extras {
  return Array.from({ length: count }, (_, index) => {
    const value = walk.captured(index);
    return value && textOf(value);
  });
}

/** Reads the elements of a page's list. */
class MessageList implements Visitor {
  readonly messages: ScannedMessage[] = [];
  readonly #text: JsonText;
  readonly #page: PageShape;
  readonly #element: Captures;
  readonly #compiled: CompiledShape;

  constructor(text: JsonText, page: PageShape, compiled: CompiledShape) {
    this.#text = text;
    this.#page = page;
    this.#element = compileCaptures(page.elementExtras ?? [], { pointer: page.message, what: 'value' });
    this.#compiled = compiled;
  }

  visit(start: number): number {
    const { messagesMax } = this.#page;
    if (messagesMax !== undefined && this.messages.length >= messagesMax)
      throw new PageError(`it has more messages than requested, over ${messagesMax}; see api-page-size`);
    if (this.#page.message.length > 0) return this.#visitElement(start);
    const message = scanMessage(this.#text, start, this.#compiled);
    this.messages.push(message);
    return message.end;
  }

  forget(): never {
    throw new PageError(`it has two lists of messages ${at(this.#page.messages)}`);
  }

  #visitElement(start: number): number {
    const within = new MessageWithin(this.#text, this.#compiled);
    const walk = new Walk(this.#text, this.#element, within);
    const end = this.#walkElement(start, walk, within);
    if (within.message === undefined) {
      throw new PageError(`an element of its list has no message ${at(this.#page.message)}, at byte ${start}`);
    }
    const { elementExtras } = this.#page;
    const extras = elementExtras && { extras: textsOf(walk, elementExtras.length) };
    this.messages.push(extras === undefined ? within.message : { ...within.message, ...extras });
    return end;
  }

  #walkElement(start: number, walk: Walk, within: MessageWithin): number {
    try {
      return walk.run(start);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      within.message = { start, ...invalidMessage(skipBalanced(this.#text.bytes, start), 'not valid JSON') };
      return within.message.end;
    }
  }
}

/** Reads the message within an element. */
class MessageWithin implements Visitor {
  message: ScannedMessage | undefined;
  readonly #text: JsonText;
  readonly #compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.#text = text;
    this.#compiled = compiled;
  }

  visit(start: number): number {
    this.message = scanMessage(this.#text, start, this.#compiled);
    return this.message.end;
  }

  forget(): void {
    this.message = undefined;
  }
}

function scanMessage(text: JsonText, start: number, compiled: CompiledShape): ScannedMessage {
  const message = readMessageOf(text, start, compiled);
  if (message.end === start) throw new JsonError('missing value', start);
  return { start, ...message };
}

/** Messages are checked as they are read: one that is not UTF-8 is invalid without invalidating the page. */
function checkUtf8Around(bytes: Uint8Array, messages: readonly ScannedMessage[]): void {
  const starts = [...messages.map((message) => message.start), bytes.length];
  const ends = [0, ...messages.map((message) => message.end)];
  const isClean = starts.every((start, index) => isUtf8(bytes.subarray(ends[index], start)));
  if (!isClean) throw new PageError('it is not valid UTF-8 outside its messages');
}

function readTotal(value: JsonRange | undefined, pointer: Pointer): number | undefined {
  if (value === undefined || isNull(value)) return undefined;
  const text = value.end - value.start > totalBytesMax ? '' : scalarText(value);
  const total = text !== null && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(total)) throw new PageError(`its total ${at(pointer)} is not a whole number`);
  return total;
}

function at(pointer: Pointer): string {
  return pointer.length === 0 ? 'at its root' : `at ${formatPointer(pointer)}`;
}

/** SHA-256 of the bytes `[start, end)`: 32 bytes. */
export function hashMessage(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return hash('sha256', bytes.subarray(start, end), 'buffer');
}

/**
 * Turns the valid JSON text `[start, end)` into one line, in place: raw CR and LF become spaces. They only occur between
 * tokens, since JSON strings cannot contain them.
 */
export function oneLine(bytes: Uint8Array, start: number, end: number): void {
  const text = bytes.subarray(start, end);
  for (const lineBreak of [0x0a, 0x0d]) {
    for (let at = text.indexOf(lineBreak); at >= 0; at = text.indexOf(lineBreak, at + 1)) text[at] = 0x20;
  }
}
