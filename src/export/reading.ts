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

/** Brings bytes of the page in hand into the spool, and returns their position. */
type Put = (bytes: Uint8Array) => number;

/** What is counted once: the row of an id, or the hash of invalid bytes. */
type Key = number | string;

/** How often a reading of one range met what it had met there before. */
class RangeTally {
  distinct = 0;
  received = 0;
  /** How many more than one came, on whatever pages. */
  readonly again = new Map<Key, number>();
  /** How many more than one stood on one page, at most. */
  readonly onOnePage = new Map<Key, number>();
  pageLengthMax = 0;
}

/**
 * One pass over an interval: takes pages in any order, keeps each id once, and can tell whether what it was given is what
 * the source says it holds.
 */
export class Reading {
  readonly #interval: Interval;
  readonly #source: SourceName;
  readonly #readAt: number;
  readonly #spool: Spool;
  readonly #shape: CompiledShape;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #deliversOnce: boolean;
  readonly #rows = new Rows();
  readonly #places: Place[] = [];
  readonly #open = new Map<string, OpenMessage>();
  readonly #invalid = new Map<string, SeenInvalid>();
  readonly #conflicting = new Set<string>();
  /** How many more than one of what is the same the source holds: as many as came, or the most that stood on one page. */
  readonly #twins = new Map<Key, number>();
  #onPage = new Map<Key, number>();
  #range = new RangeTally();
  /** The number of the range that is being read, and in which a row or an invalid message came last. */
  #rangeNumber = 0;
  readonly #rowCameIn: number[] = [];
  readonly #invalidCameIn = new Map<string, number>();
  readonly #abandoned = new Set<number>();
  #bytes = 0;
  #queue: Promise<void> = Promise.resolve();

  /**
   * @param readAt ms since 1970: just before the source is first asked
   * @param only the ids that are looked for; others count as outside
   * @param deliversOnce whether what comes twice is held twice, on whatever pages it comes
   */
  constructor(
    interval: Interval,
    source: SourceName,
    readAt: number,
    spool: Spool,
    shape: MessageShape,
    only?: ReadonlySet<string>,
    deliversOnce = false,
  ) {
    this.#deliversOnce = deliversOnce;
    this.#shape = compileShape(shape);
    this.#interval = interval;
    this.#source = source;
    this.#readAt = readAt;
    this.#spool = spool;
    this.#only = only;
  }

  /** Takes a page; resolves when its closed payloads are in the spool. Calls may overlap. */
  take(page: Page): Promise<void> {
    this.#queue = this.#queue.then(() => this.#takeNow(page));
    return this.#queue;
  }

  /** Messages taken, an id once; invalid ones by their bytes. */
  get distinct(): number {
    return this.#rows.size + this.#invalid.size;
  }

  /**
   * Begins another range of the interval, of which the pages that follow are. A message that ranges share is counted in each.
   * @param isAbandoned whether the last one was given up, and is read again in parts: what came of it counts for nothing
   */
  beginRange(isAbandoned = false): void {
    if (isAbandoned) this.#abandoned.add(this.#rangeNumber);
    this.#rangeNumber += 1;
    this.#range = new RangeTally();
  }

  /** Messages of all ranges, as the source holds them: those that it holds twice are two. */
  get held(): number {
    return this.distinct + sumOf(this.#twins);
  }

  /** Messages of the range in hand, an id once; invalid ones by their bytes. */
  get distinctOfRange(): number {
    return this.#range.distinct;
  }

  /**
   * Whether the messages of the range in hand are as many as the source says it holds. It counts what it holds twice as two.
   * Unless it delivers once, that is certain only where one page shows both: a message that came on two pages may have
   * pushed another one out.
   */
  isWhole(total: number): boolean {
    const { distinct, again, onOnePage } = this.#range;
    return distinct + sumOf(this.#deliversOnce ? again : onOnePage) === total;
  }

  /** Whether as many messages came of the range in hand as the source says it holds, though some came on two pages. */
  isWholeIfTwinsAreHeld(total: number): boolean {
    return this.#range.received === total;
  }

  /** The most messages that came on one page of the range in hand. */
  get pageLengthMax(): number {
    return this.#range.pageLengthMax;
  }

  /** Takes what came twice in the range in hand for held twice, on whatever pages it came: two readings found the same. */
  holdTwins(): void {
    for (const [key, others] of this.#range.again) this.#twins.set(key, Math.max(others, this.#twins.get(key) ?? 0));
  }

  /** What came more than once in the range in hand, and how often: alike for readings that met the same twins. */
  twinsOfRange(): string {
    const named = [...this.#range.again].map(([key, others]) => `${this.#nameOf(key)} ${others}`);
    return JSON.stringify(named.sort());
  }

  /** Whether every message came in a range that was not abandoned: one that did not has gone meanwhile. */
  hasOnlyProven(): boolean {
    const isAbandoned = (range: number) => this.#abandoned.has(range);
    return !this.#rowCameIn.some(isAbandoned) && ![...this.#invalidCameIn.values()].some(isAbandoned);
  }

  /** Alike for two readings that found the same messages with the same bytes. */
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
    this.#onPage = new Map();
    this.#bytes += page.bytes.length;
    this.#range.pageLengthMax = Math.max(this.#range.pageLengthMax, page.messages.length);
    const put = this.#putter(page);
    for (const [n, message] of page.messages.entries()) {
      const sha = page.shas.subarray(n * shaBytes, (n + 1) * shaBytes);
      const bytes = page.bytes.subarray(message.start, message.end);
      if (message.state === 'invalid') this.#takeInvalid(message, sha, bytes, put);
      else await this.#takeMessage(message, sha, bytes, put);
    }
    await this.#spool.flush();
  }

  /** How a page's payloads come into the spool: as part of the page, where most of it is wanted, else each by itself. */
  #putter(page: Page): Put {
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

  /** Of a slot, all that is invalid and may lie in it; of messages that are looked for, those that can still be told. */
  #isWanted({ id, timestamp }: ScannedMessage): boolean {
    if (this.#only !== undefined) return id !== undefined && this.#only.has(id);
    return timestamp === undefined || this.#contains(timestamp);
  }

  #placeOf({ id, timestamp, state }: ScannedMessage): Place {
    if (!this.#contains(timestamp!) || this.#only?.has(id!) === false) return 'outside';
    return state as Exclude<typeof state, 'invalid'>;
  }

  #contains(timestamp: bigint): boolean {
    return timestamp >= BigInt(this.#interval.start) * 1000n && timestamp < BigInt(this.#interval.end) * 1000n;
  }

  #count(key: Key): void {
    const { again, onOnePage } = this.#range;
    this.#range.received += 1;
    if (this.#comesAnew(key)) this.#range.distinct += 1;
    else again.set(key, (again.get(key) ?? 0) + 1);
    const others = this.#onPage.get(key) ?? 0;
    this.#onPage.set(key, others + 1);
    if (others > (onOnePage.get(key) ?? 0)) onOnePage.set(key, others);
    const held = (this.#deliversOnce ? again : onOnePage).get(key) ?? 0;
    if (held > (this.#twins.get(key) ?? 0)) this.#twins.set(key, held);
  }

  /** Notes that it came in the range in hand, and returns whether it had not before. */
  #comesAnew(key: Key): boolean {
    const range = this.#rangeNumber;
    const before = typeof key === 'number' ? this.#rowCameIn[key] : this.#invalidCameIn.get(key);
    if (typeof key === 'number') this.#rowCameIn[key] = range;
    else this.#invalidCameIn.set(key, range);
    return before !== range;
  }

  #isInside(key: Key): boolean {
    return typeof key === 'number' ? this.#places[key] !== 'outside' : this.#invalid.get(key)!.inside;
  }

  #duplicates(): number {
    return [...this.#twins].reduce((sum, [key, others]) => (this.#isInside(key) ? sum + others : sum), 0);
  }

  /** For people: the id, and of what is invalid its id or its hash. */
  #nameOf(key: Key): string {
    return typeof key === 'number' ? this.#rows.id(key) : (this.#invalid.get(key)?.id ?? key);
  }

  /**
   * Of two contents of one id, the one that lies in the slot; else the one whose alerts changed last; else the one of the
   * greater hash: whatever came first.
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

/** Whether a payload is wanted later: to be archived, or to be compared with another content. */
function isSpooled(place: Place): boolean {
  return place === 'closed' || place === 'open';
}
