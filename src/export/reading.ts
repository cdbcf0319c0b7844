import { createHash } from 'node:crypto';
import { Rows, shaBytes } from '../archive/rows.ts';
import type { Spool } from '../memory/spool.ts';
import type { MessageShape, SourceName } from '../messages/message.ts';
import type { Page, ScannedMessage } from '../messages/page.ts';
import { type CompiledShape, compileShape, lastAlertChange } from '../messages/read.ts';
import type { Interval } from '../windows/interval.ts';
import type { Findings, InvalidMessage, OpenMessage } from './findings.ts';

type Place = 'closed' | 'open' | 'unalerted' | 'outside';

interface SeenInvalid extends InvalidMessage {
  readonly inside: boolean;
}

/** Brings bytes of the current page into the spool, and returns their position. */
type Put = (bytes: Uint8Array) => number;

/** Identifies a message: the row of its id, or the hash of invalid bytes. */
type Key = number | string;

/** Counts of one range of a pass. */
class RangeCounts {
  distinct = 0;
  received = 0;
  /** Repetitions on any pages. */
  readonly repeats = new Map<Key, number>();
  /** The most repetitions on one page. */
  readonly repeatsOnOnePage = new Map<Key, number>();
  pageLengthMax = 0;
}

export interface ReadingOptions {
  readonly interval: Interval;
  readonly source: SourceName;
  /** ms since 1970: just before the first request. */
  readonly readAt: number;
  readonly spool: Spool;
  readonly shape: MessageShape;
  /** Ids to search; others count as outside. Undefined for all messages. */
  readonly ids?: ReadonlySet<string> | undefined;
  /** True if a message that comes twice is held twice by the source, on whatever pages it comes. */
  readonly deliversOnce?: boolean;
}

/** One pass over an interval: takes pages in any order, keeps each id once, and compares what came with the source's total. */
export class Reading {
  readonly #interval: Interval;
  readonly #source: SourceName;
  readonly #readAt: number;
  readonly #spool: Spool;
  readonly #shape: CompiledShape;
  readonly #ids: ReadonlySet<string> | undefined;
  readonly #deliversOnce: boolean;
  readonly #rows = new Rows();
  readonly #places: Place[] = [];
  readonly #open = new Map<string, OpenMessage>();
  readonly #invalid = new Map<string, SeenInvalid>();
  readonly #conflicting = new Set<string>();
  /** Duplicates held by the source: as many as came, or the most on one page. */
  readonly #twins = new Map<Key, number>();
  #onThisPage = new Map<Key, number>();
  #range = new RangeCounts();
  /** The number of the current range, and of the range in which a row or an invalid message came last. */
  #rangeNumber = 0;
  readonly #rangeOfRow: number[] = [];
  readonly #rangeOfInvalid = new Map<string, number>();
  readonly #abandoned = new Set<number>();
  #bytes = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor({ interval, source, readAt, spool, shape, ids, deliversOnce = false }: ReadingOptions) {
    this.#deliversOnce = deliversOnce;
    this.#shape = compileShape(shape);
    this.#interval = interval;
    this.#source = source;
    this.#readAt = readAt;
    this.#spool = spool;
    this.#ids = ids;
  }

  /** Takes a page; resolves once its payloads are in the spool. Calls may overlap. */
  take(page: Page): Promise<void> {
    this.#queue = this.#queue.then(() => this.#takeNow(page));
    return this.#queue;
  }

  /** The number of distinct messages, by id; of invalid ones, by their bytes. */
  get distinct(): number {
    return this.#rows.size + this.#invalid.size;
  }

  /**
   * Starts another range of the pass.
   * @param isAbandoned true if the previous range is read again in parts, so that its messages count for nothing
   */
  beginRange(isAbandoned = false): void {
    if (isAbandoned) this.#abandoned.add(this.#rangeNumber);
    this.#rangeNumber += 1;
    this.#range = new RangeCounts();
  }

  /** The number of messages that the source holds in all ranges, duplicates included. */
  get held(): number {
    return this.distinct + sumOf(this.#twins);
  }

  /** The number of distinct messages of the current range, by id; of invalid ones, by their bytes. */
  get distinctOfRange(): number {
    return this.#range.distinct;
  }

  /**
   * True if the messages of the current range match the source's total, in which duplicates count. Unless the source delivers
   * once, only duplicates on one page are certain: a message that came on two pages may have displaced another one.
   */
  isWhole(total: number): boolean {
    const { distinct, repeats, repeatsOnOnePage } = this.#range;
    return distinct + sumOf(this.#deliversOnce ? repeats : repeatsOnOnePage) === total;
  }

  /** True if the current range matches the source's total when repetitions across pages count as duplicates. */
  isWholeIfTwinsAreHeld(total: number): boolean {
    return this.#range.received === total;
  }

  /** The most messages on one page of the current range. */
  get pageLengthMax(): number {
    return this.#range.pageLengthMax;
  }

  /** Counts all repetitions in the current range as duplicates held by the source. */
  holdTwins(): void {
    for (const [key, others] of this.#range.repeats) this.#twins.set(key, Math.max(others, this.#twins.get(key) ?? 0));
  }

  /** The repetitions in the current range as text: equal for passes with the same ones. */
  twinsOfRange(): string {
    const named = [...this.#range.repeats].map(([key, others]) => `${this.#nameOf(key)} ${others}`);
    return JSON.stringify(named.sort());
  }

  /** True if every message came in a range that was not abandoned; any other has disappeared from the source. */
  hasOnlyProven(): boolean {
    const isAbandoned = (range: number) => this.#abandoned.has(range);
    return !this.#rangeOfRow.some(isAbandoned) && ![...this.#rangeOfInvalid.values()].some(isAbandoned);
  }

  /** Equal for two passes that found the same messages with the same bytes. */
  fingerprint(): string {
    const digest = createHash('sha256');
    for (const at of this.#rows.order()) digest.update(this.#rows.id(at)).update(this.#rows.sha(at));
    for (const sha of [...this.#invalid.keys()].sort()) digest.update(sha);
    return digest.digest('hex');
  }

  findings(): Findings {
    const closed = new Rows();
    const unalerted = new Set<string>();
    let outside = 0;
    this.#places.forEach((place, at) => {
      if (place === 'closed') closed.take(this.#rows, at);
      if (place === 'unalerted') unalerted.add(this.#rows.id(at));
      if (place === 'outside') outside += 1;
    });
    const invalid = [...this.#invalid.values()].filter(({ inside }) => inside);
    const states = { closed: closed.size, open: this.#open.size, unalerted: unalerted.size, invalid: invalid.length };
    const duplicates = this.#duplicates();
    const read = states.closed + states.open + states.unalerted + states.invalid + duplicates;
    return {
      readAt: this.#readAt,
      source: this.#source,
      closed,
      open: [...this.#open.values()],
      unalerted,
      invalid,
      counts: { read, ...states, duplicates },
      outside: outside + this.#invalid.size - invalid.length + sumOf(this.#twins) - duplicates,
      conflicting: [...this.#conflicting],
      twins: [...this.#twins].filter(([key]) => this.#isInside(key)).map(([key]) => this.#nameOf(key)),
      bytes: this.#bytes,
    };
  }

  async #takeNow(page: Page): Promise<void> {
    this.#onThisPage = new Map();
    this.#bytes += page.bytes.length;
    this.#range.pageLengthMax = Math.max(this.#range.pageLengthMax, page.messages.length);
    const put = this.#putFor(page);
    for (const [n, message] of page.messages.entries()) {
      const sha = page.shas.subarray(n * shaBytes, (n + 1) * shaBytes);
      const bytes = page.bytes.subarray(message.start, message.end);
      if (message.state === 'invalid') this.#takeInvalid(message, sha, bytes, put);
      else await this.#takeMessage(message, sha, bytes, put);
    }
    await this.#spool.flush();
  }

  /** Spools the whole page if most of it is wanted, else each payload separately. */
  #putFor(page: Page): Put {
    const spooled = page.messages.filter((message) => this.#isSpooled(message));
    const wanted = spooled.reduce((sum, { start, end }) => sum + end - start, 0);
    const base = wanted > page.bytes.length / 2 ? this.#spool.adopt(page.bytes) : undefined;
    if (base === undefined) return (bytes) => this.#spool.append(bytes);
    return (bytes) => base + bytes.byteOffset - page.bytes.byteOffset;
  }

  async #takeMessage(message: ScannedMessage, sha: Uint8Array, bytes: Uint8Array, put: Put): Promise<void> {
    const place = this.#placeOf(message);
    const known = this.#rows.find(message.id!);
    if (known !== undefined) {
      this.#count(known);
      if (Buffer.compare(this.#rows.sha(known), sha) === 0) return;
      this.#conflicting.add(message.id!);
      if (!(await this.#wins(place, bytes, sha, known))) return;
      this.#open.delete(message.id!);
    }
    const position = isSpooled(place) ? put(bytes) : -1;
    const at = this.#rows.set({
      id: message.id!,
      timestamp: message.timestamp!,
      readAt: this.#readAt,
      source: this.#source,
      sha,
      position,
      length: bytes.length,
    });
    this.#places[at] = place;
    if (known === undefined) this.#count(at);
    if (place === 'open') {
      const { id, timestamp, openAlerts, openAlertCount, openStatuses } = message;
      this.#open.set(id!, { id: id!, timestamp: timestamp!, openAlerts, openAlertCount, openStatuses });
    }
  }

  #takeInvalid(message: ScannedMessage, sha: Uint8Array, bytes: Uint8Array, put: Put): void {
    const key = Buffer.from(sha).toString('hex');
    const isKnown = this.#invalid.has(key);
    this.#count(key);
    if (isKnown) return;
    const inside = this.#isWanted(message);
    const position = inside ? put(bytes) : -1;
    const reason = message.reason ?? 'unreadable';
    this.#invalid.set(key, { sha: key, id: message.id, reason, position, length: bytes.length, inside });
  }

  #isSpooled(message: ScannedMessage): boolean {
    return message.state === 'invalid' ? this.#isWanted(message) : isSpooled(this.#placeOf(message));
  }

  /** True for an invalid message that may belong to the slot, or that has one of the ids to search. */
  #isWanted({ id, timestamp }: ScannedMessage): boolean {
    if (this.#ids !== undefined) return id !== undefined && this.#ids.has(id);
    return timestamp === undefined || this.#contains(timestamp);
  }

  #placeOf({ id, timestamp, state }: ScannedMessage): Place {
    if (!this.#contains(timestamp!) || this.#ids?.has(id!) === false) return 'outside';
    return state as Exclude<typeof state, 'invalid'>;
  }

  #contains(timestamp: bigint): boolean {
    return timestamp >= BigInt(this.#interval.start) * 1000n && timestamp < BigInt(this.#interval.end) * 1000n;
  }

  #count(key: Key): void {
    const { repeats, repeatsOnOnePage } = this.#range;
    this.#range.received += 1;
    if (this.#isFirstInRange(key)) this.#range.distinct += 1;
    else repeats.set(key, (repeats.get(key) ?? 0) + 1);
    const others = this.#onThisPage.get(key) ?? 0;
    this.#onThisPage.set(key, others + 1);
    if (others > (repeatsOnOnePage.get(key) ?? 0)) repeatsOnOnePage.set(key, others);
    const held = (this.#deliversOnce ? repeats : repeatsOnOnePage).get(key) ?? 0;
    if (held > (this.#twins.get(key) ?? 0)) this.#twins.set(key, held);
  }

  /** Notes that a message came in the current range; true if it is the first time. */
  #isFirstInRange(key: Key): boolean {
    const range = this.#rangeNumber;
    const before = typeof key === 'number' ? this.#rangeOfRow[key] : this.#rangeOfInvalid.get(key);
    if (typeof key === 'number') this.#rangeOfRow[key] = range;
    else this.#rangeOfInvalid.set(key, range);
    return before !== range;
  }

  #isInside(key: Key): boolean {
    return typeof key === 'number' ? this.#places[key] !== 'outside' : this.#invalid.get(key)!.inside;
  }

  #duplicates(): number {
    return [...this.#twins].reduce((sum, [key, others]) => (this.#isInside(key) ? sum + others : sum), 0);
  }

  /** The id of a message, or the hash of an invalid one without an id. */
  #nameOf(key: Key): string {
    return typeof key === 'number' ? this.#rows.id(key) : (this.#invalid.get(key)?.id ?? key);
  }

  /**
   * Decides which of two contents of an id to keep, independent of their order: the one in the slot, else the one whose alerts
   * changed last, else the one with the greater hash.
   */
  async #wins(place: Place, bytes: Uint8Array, sha: Uint8Array, known: number): Promise<boolean> {
    const isInside = place !== 'outside';
    if (isInside !== (this.#places[known] !== 'outside')) return isInside;
    const hasGreaterHash = Buffer.compare(sha, this.#rows.sha(known)) > 0;
    if (!isInside) return hasGreaterHash;
    const position = this.#rows.position(known);
    const other = position < 0 ? undefined : await this.#spool.read(position, this.#rows.length(known));
    const change = lastAlertChange(bytes, this.#shape) ?? 0n;
    const otherChange = (other && lastAlertChange(other, this.#shape)) ?? 0n;
    return change === otherChange ? hasGreaterHash : change > otherChange;
  }
}

function sumOf(counts: ReadonlyMap<Key, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** True if the payload is needed later, to be archived or compared with another content. */
function isSpooled(place: Place): boolean {
  return place === 'closed' || place === 'open';
}
