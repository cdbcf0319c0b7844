import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { UserError } from '../errors.ts';
import { saidIn } from '../text/said.ts';
import { scalarText } from './columns.ts';
import { skipBalanced } from './json/broken.ts';
import { compilePlan, type Plan } from './json/captures.ts';
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
import { whatIsThere } from './lists.ts';
import { type CompiledShape, invalidMessage, type ReadMessage, readMessageOf } from './read.ts';

/** Where the parts of a source's answer stand. */
export interface PageShape {
  /** The list. */
  readonly messages: Pointer;
  /** How many messages the source holds in all; a page may lack it. */
  readonly total?: Pointer;
  /** The message within each element of the list; empty where the element is the message. */
  readonly message: Pointer;
  /** Values of the page whose JSON text is wanted. */
  readonly extras?: readonly Pointer[];
  /** Values of each element whose JSON text is wanted; none where the element is the message. */
  readonly elementExtras?: readonly Pointer[];
  /** The most elements that the list may have; a page with more is refused before they take up memory. */
  readonly messagesMax?: number;
  /**
   * What counts as an empty list, unless the page has an error. `null`: a list that is null, and a missing one where the
   * total is 0; `missing`: both, whatever the total is.
   */
  readonly emptyList?: 'null' | 'missing';
}

/** The JSON texts of values that were wanted, spelled as they came; undefined for what is not there. */
export type Extras = readonly (string | undefined)[];

/** A message and its bytes `[start, end)` within the page, without the whitespace around it. */
export interface ScannedMessage extends ReadMessage {
  readonly start: number;
  /** In the order of `elementExtras`. */
  readonly extras?: Extras;
}

export interface ScannedPage {
  /** What the page says the whole range holds, where it says so. */
  readonly total?: number;
  /** In the order of `extras`. */
  readonly extras?: Extras;
  /** In the page's order, invalid ones included. */
  readonly messages: readonly ScannedMessage[];
}

/** A page and what was found in it. */
export interface Page extends ScannedPage {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** SHA-256 of each message's bytes: 32 bytes a message, in the messages' order. */
  readonly shas: Uint8Array;
}

/** Scans page bytes, which nobody may change meanwhile. Throws {@link PageError}. */
export type Scan = (bytes: Uint8Array<SharedArrayBuffer>, shape: PageShape) => Promise<Page>;

/** A source's answer that is no page of messages. Its message is a clause without a full stop: `it ends too early, after 9 bytes`. */
export class PageError extends UserError {
  override readonly name = 'PageError';
  /** Whether the bytes end before the page does. */
  readonly isCut: boolean;

  constructor(message: string, isCut = false) {
    super(message);
    this.isCut = isCut;
  }
}

const LESS_THAN = 0x3c;
const byteOrderMark = [0xef, 0xbb, 0xbf];
/** Of a page of markup, in which its title is looked for. */
const titleBytesMax = 64 * 1024;
/** Where pages say that they are none. */
const errorMembers: readonly Pointer[] = [['error'], ['errors']];
/** A longer token is no total. */
const totalBytesMax = 256;

/**
 * Finds and reads the messages of a page (UTF-8 JSON, a byte order mark allowed) in one pass. An element that is broken or
 * no object is one invalid message.
 * @throws PageError where the page is not whole, valid JSON around its messages, has no list of them or two, or a total
 *   that is no count
 */
export function scanPage(bytes: Uint8Array, page: PageShape, compiled: CompiledShape): ScannedPage {
  try {
    return scan(jsonText(bytes), page, compiled);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    if (bytes[contentStart(bytes)] === LESS_THAN) throw new PageError(markup(bytes));
    if (error.offset >= bytes.length) throw new PageError(`it ends too early, after ${bytes.length} bytes`, true);
    throw new PageError(`it is not readable JSON: ${error.message}`);
  }
}

function scan(text: JsonText, page: PageShape, compiled: CompiledShape): ScannedPage {
  const { bytes } = text;
  const extras = page.extras ?? [];
  const wanted = page.total === undefined ? extras : [...extras, page.total];
  const errors = page.emptyList === undefined ? [] : errorMembers;
  const plan = compilePlan([...wanted, ...errors], { pointer: page.messages, what: 'elements' });
  const list = new MessageList(text, page, compiled);
  const walk = new Walk(text, plan, list);
  const end = spaceEnd(bytes, walk.run(contentStart(bytes)));
  if (end < bytes.length) throw new JsonError('something after the end', end);
  const found = walk.captured(plan.visitedSlot);
  const total = page.total === undefined ? undefined : readTotal(walk.captured(extras.length), page.total);
  const hasError = errors.some((_, n) => saysSomething(walk.captured(wanted.length + n)));
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
  const there = whatIsThere(bytes);
  return new PageError(`it has no list of messages ${place(pointer)}${there === undefined ? '' : `; ${there}`}`);
}

/** Names a page of markup by its title, where it has one. */
function markup(bytes: Uint8Array): string {
  const [, title] =
    /^an HTML page, (".*")$/.exec(saidIn(Buffer.from(bytes.subarray(0, titleBytesMax)).toString()) ?? '') ?? [];
  const shown = title === undefined ? '' : ` (its title is ${title})`;
  return `it is HTML or XML rather than JSON, a sign-in page perhaps${shown}`;
}

/** Whether a member has a value that is not null, false, zero or empty: many servers send `"error": null`. */
function saysSomething(value: JsonRange | undefined): boolean {
  return value !== undefined && !/^(?:null|false|0|""|\[\s*\]|\{\s*\})$/.test(textOf(value));
}

function contentStart(bytes: Uint8Array): number {
  const hasMark = byteOrderMark.every((byte, index) => bytes[index] === byte);
  return spaceEnd(bytes, hasMark ? byteOrderMark.length : 0);
}

/** The texts of a walk's first captures. */
function textsOf(walk: Walk, count: number): Extras {
  return Array.from({ length: count }, (_, slot) => {
    const value = walk.captured(slot);
    return value && textOf(value);
  });
}

/** Visits the elements of a page's list. */
class MessageList implements Visitor {
  readonly messages: ScannedMessage[] = [];
  private readonly text: JsonText;
  private readonly page: PageShape;
  private readonly element: Plan;
  private readonly compiled: CompiledShape;

  constructor(text: JsonText, page: PageShape, compiled: CompiledShape) {
    this.text = text;
    this.page = page;
    this.element = compilePlan(page.elementExtras ?? [], { pointer: page.message, what: 'value' });
    this.compiled = compiled;
  }

  visit(start: number): number {
    const { messagesMax } = this.page;
    if (messagesMax !== undefined && this.messages.length >= messagesMax)
      throw new PageError(`it has more messages than were asked for, over ${messagesMax}, see api-page-size`);
    if (this.page.message.length > 0) return this.visitElement(start);
    const message = scanMessage(this.text, start, this.compiled);
    this.messages.push(message);
    return message.end;
  }

  forget(): never {
    throw new PageError(`it has two lists of messages ${place(this.page.messages)}`);
  }

  private visitElement(start: number): number {
    const within = new MessageWithin(this.text, this.compiled);
    const walk = new Walk(this.text, this.element, within);
    const end = this.walkElement(start, walk, within);
    if (within.message === undefined) {
      throw new PageError(`an element of its list has no message ${place(this.page.message)}, at byte ${start}`);
    }
    const { elementExtras } = this.page;
    const extras = elementExtras && { extras: textsOf(walk, elementExtras.length) };
    this.messages.push(extras === undefined ? within.message : { ...within.message, ...extras });
    return end;
  }

  private walkElement(start: number, walk: Walk, within: MessageWithin): number {
    try {
      return walk.run(start);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      within.message = { start, ...invalidMessage(skipBalanced(this.text.bytes, start), 'not valid JSON') };
      return within.message.end;
    }
  }
}

/** Visits the message within an element. */
class MessageWithin implements Visitor {
  message: ScannedMessage | undefined;
  private readonly text: JsonText;
  private readonly compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.text = text;
    this.compiled = compiled;
  }

  visit(start: number): number {
    this.message = scanMessage(this.text, start, this.compiled);
    return this.message.end;
  }

  forget(): void {
    this.message = undefined;
  }
}

function scanMessage(text: JsonText, start: number, compiled: CompiledShape): ScannedMessage {
  const message = readMessageOf(text, start, compiled);
  if (message.end === start) throw new JsonError('a value is missing', start);
  return { start, ...message };
}

/** The messages are checked as they are read: one that is no UTF-8 is invalid, and the rest goes on. */
function checkUtf8Around(bytes: Uint8Array, messages: readonly ScannedMessage[]): void {
  const starts = [...messages.map((message) => message.start), bytes.length];
  const ends = [0, ...messages.map((message) => message.end)];
  const isClean = starts.every((start, index) => isUtf8(bytes.subarray(ends[index], start)));
  if (!isClean) throw new PageError('it is not valid UTF-8 outside of its messages');
}

function readTotal(value: JsonRange | undefined, pointer: Pointer): number | undefined {
  if (value === undefined || isNull(value)) return undefined;
  const text = value.end - value.start > totalBytesMax ? '' : scalarText(value);
  const total = text !== null && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(total)) throw new PageError(`its total ${place(pointer)} is not a whole number`);
  return total;
}

function place(pointer: Pointer): string {
  return pointer.length === 0 ? 'as its root' : `at ${formatPointer(pointer)}`;
}

/** SHA-256 of the bytes `[start, end)`: 32 bytes. */
export function hashMessage(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return hash('sha256', bytes.subarray(start, end), 'buffer');
}

/**
 * Makes the valid JSON text `[start, end)` one line, in place: its raw CR and LF become spaces. They stand between tokens,
 * since strings hold none.
 */
export function oneLine(bytes: Uint8Array, start: number, end: number): void {
  const text = bytes.subarray(start, end);
  for (const lineBreak of [0x0a, 0x0d]) {
    for (let at = text.indexOf(lineBreak); at >= 0; at = text.indexOf(lineBreak, at + 1)) text[at] = 0x20;
  }
}
