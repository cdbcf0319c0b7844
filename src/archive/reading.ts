import { createHash } from 'node:crypto';
import type { MessageShape, SourceName } from '../messages/message.ts';
import type { Page, ScannedMessage } from '../messages/page.ts';
import { type CompiledShape, compileShape, lastAlertChange } from '../messages/read.ts';
import type { Interval } from '../windows/interval.ts';
import type { Findings, InvalidMessage, OpenMessage } from './findings.ts';
import { Rows, shaBytes } from './rows.ts';
import type { Spool } from './spool.ts';

type Place = 'closed' | 'open' | 'unalerted' | 'outside';

interface SeenInvalid extends InvalidMessage {
  readonly inside: boolean;
}

/** Brings bytes of the page in hand into the spool, and returns their position. */
type Put = (bytes: Uint8Array) => number;

/** What is counted once: the row of an id, or the hash of invalid bytes. */
type Key = number | string;

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
  #twinCount = 0;
  #onPage = new Map<Key, number>();
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
   * Whether the messages taken are as many as the source says it holds. It counts what it holds twice as two. Unless it
   * delivers once, that is certain only where one page shows both: a message that came on two pages may have pushed
   * another one out.
   */
  isWhole(total: number): boolean {
    return this.distinct + this.#twinCount === total;
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
      outside: outside + this.#invalid.size - invalid.length + this.#twinCount - duplicates,
      conflicting: [...this.#conflicting],
      bytes: this.#bytes,
    };
  }

  async #takeNow(page: Page): Promise<void> {
    this.#onPage = new Map();
    this.#bytes += page.bytes.length;
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
      this.#countTwin(known, true);
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
    if (known === undefined) this.#countTwin(at, false);
    if (place === 'open') {
      const { id, timestamp, openAlerts, openAlertCount, openStatuses } = message;
      this.#open.set(id!, { id: id!, timestamp: timestamp!, openAlerts, openAlertCount, openStatuses });
    }
  }

  #takeInvalid(message: ScannedMessage, sha: Uint8Array, bytes: Uint8Array, put: Put): void {
    const key = Buffer.from(sha).toString('hex');
    const isKnown = this.#invalid.has(key);
    this.#countTwin(key, isKnown);
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

  #countTwin(key: Key, isKnown: boolean): void {
    const twins = this.#twins.get(key) ?? 0;
    if (!this.#deliversOnce) {
      const others = this.#onPage.get(key) ?? 0;
      this.#onPage.set(key, others + 1);
      if (others <= twins) return;
    } else if (!isKnown) {
      return;
    }
    this.#twins.set(key, twins + 1);
    this.#twinCount += 1;
  }

  #duplicates(): number {
    const isInside = (key: Key) =>
      typeof key === 'number' ? this.#places[key] !== 'outside' : this.#invalid.get(key)!.inside;
    return [...this.#twins].reduce((sum, [key, others]) => (isInside(key) ? sum + others : sum), 0);
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

/** Whether a payload is wanted later: to be archived, or to be compared with another content. */
function isSpooled(place: Place): boolean {
  return place === 'closed' || place === 'open';
}
