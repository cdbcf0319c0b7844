import { createHash } from 'node:crypto';
import type { SourceCount } from '../../src/archive/ledger.ts';
import type { Pass, Sought, Source } from '../../src/io/ports.ts';
import type { MessageShape, SourceName } from '../../src/messages/message.ts';
import { type Page, type Scan, scanPage } from '../../src/messages/page.ts';
import { compileShape } from '../../src/messages/read.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { pageShape, sharedBytes } from './messages.ts';

/** What a message says; its statuses are those of its alerts. */
export interface Telling {
  readonly id: string;
  /** ms since 1970. */
  readonly at: number;
  readonly statuses: readonly string[];
  readonly text?: string;
  /** When its alerts changed last, ms since 1970. */
  readonly changed?: number;
}

/** One thing that the source holds. */
export interface Held {
  readonly id: string;
  readonly at: number;
  /** The JSON text that it sends. */
  readonly json: string;
}

/** A message as the source sends it. */
export function tell({ id, at, statuses, text, changed }: Telling): Held {
  const updated = changed === undefined ? {} : { updated_at: new Date(changed).toISOString() };
  const alerts = statuses.map((status, n) => ({ alert_id: `${id}-${n}`, status, ...updated }));
  const message = { message_id: id, timestamp: new Date(at).toISOString(), alerts, text: text ?? `text of ${id}` };
  return { id, at, json: JSON.stringify(message) };
}

/** Everything that the source holds at this moment. Keys are the test's: one id may be held under several. */
export class Truth {
  readonly held = new Map<string, Held>();

  put(telling: Telling, key = telling.id): void {
    this.held.set(key, tell(telling));
  }

  /** Holds bytes as they are, valid or not. */
  putRaw(id: string, at: number, json: string, key = id): void {
    this.held.set(key, { id, at, json });
  }

  remove(key: string): void {
    this.held.delete(key);
  }

  within({ start, end }: Interval): Held[] {
    return [...this.held.values()]
      .filter(({ at }) => at >= start && at < end)
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }
}

/** How a source behaves, beside what it holds. */
export interface Manners {
  readonly name: SourceName;
  readonly pageSize: number;
  /** Sent around the interval asked for, in ms. */
  readonly padMs: number;
  readonly givesTotals: boolean;
  readonly deliversOnce: boolean;
  /** Whether something is not sent in this attempt, though it is counted. */
  readonly hides: (held: Held, attempt: number) => boolean;
  /** Run before a reading: throws to fail it, changes the truth to move it. */
  readonly before: (interval: Interval, attempt: number) => void | Promise<void>;
  /** Run after a reading that succeeded, before anything is done with it. */
  readonly after: () => void | Promise<void>;
}

const plain: Manners = {
  name: 'api',
  pageSize: 5,
  padMs: DAY_MS,
  givesTotals: true,
  deliversOnce: false,
  hides: () => false,
  before: () => undefined,
  after: () => undefined,
};

/** A source that holds a {@link Truth} and sends it in pages. */
export class ModelSource implements Source {
  readonly url = 'model://source/messages';
  readonly truth: Truth;
  manners: Manners;
  /** Every reading that was begun. */
  readonly passes: { readonly interval: Interval; readonly attempt: number }[] = [];
  readonly #scan: Scan;

  constructor(truth: Truth, scan: Scan, manners: Partial<Manners> = {}) {
    this.truth = truth;
    this.manners = { ...plain, ...manners };
    this.#scan = scan;
  }

  get name(): SourceName {
    return this.manners.name;
  }

  get deliversOnce(): boolean {
    return this.manners.deliversOnce;
  }

  async read(interval: Interval, attempt: number, take: (page: Page) => Promise<void>): Promise<Pass> {
    this.passes.push({ interval, attempt });
    await this.manners.before(interval, attempt);
    const asked = this.#around(interval);
    const total = asked.length;
    const sent = asked.filter((held) => !this.manners.hides(held, attempt));
    const totals = this.manners.givesTotals ? [total] : [];
    const size = Math.max(1, this.manners.pageSize - attempt);
    const pages: Held[][] = [];
    for (let at = 0; at < sent.length; at += size) pages.push(sent.slice(at, at + size));
    await Promise.all(pages.map((page) => this.send(page, take)));
    await this.manners.after();
    return { totals, ...(this.manners.givesTotals && { count: { total } }) };
  }

  async count(slots: readonly Interval[]): Promise<(SourceCount | undefined)[]> {
    return slots.map((slot) => (this.manners.givesTotals ? { total: this.#around(slot).length } : undefined));
  }

  async close(): Promise<void> {}

  async send(page: readonly Held[], take: (page: Page) => Promise<void>): Promise<void> {
    await take(await this.#scan(pageText(page), pageShape));
  }

  #around({ start, end }: Interval): Held[] {
    return this.truth.within({ start: start - this.manners.padMs, end: end + this.manners.padMs });
  }
}

/** A source that can also be asked for ids. */
export class FindingSource extends ModelSource {
  readonly finds: string[][] = [];

  async find(staged: readonly Sought[], take: (page: Page) => Promise<void>): Promise<void> {
    const ids = staged.map(({ message_id }) => message_id);
    this.finds.push(ids);
    const wanted = new Set(ids);
    const found = [...this.truth.held.values()].filter(({ id }) => wanted.has(id));
    if (found.length > 0) await this.send(found, take);
  }
}

/** Scans where it stands, for tests that need no threads. */
function scanHere(shape: MessageShape): Scan {
  const compiled = compileShape(shape);
  return async (bytes, asked) => {
    const { messages, total } = scanPage(bytes, asked, compiled);
    const shas = Buffer.concat(
      messages.map(({ start, end }) => createHash('sha256').update(bytes.subarray(start, end)).digest()),
    );
    return { bytes, messages, shas, ...(total !== undefined && { total }) };
  };
}

/** The text of a page. */
export function pageText(page: readonly Held[]): Uint8Array<SharedArrayBuffer> {
  return sharedBytes(`{"messages":[${page.map(({ json }) => json).join(',')}]}`);
}

/** A page as the scanner gives it. */
export function pageOf(shape: MessageShape, page: readonly Held[]): Promise<Page> {
  return scanHere(shape)(pageText(page), pageShape);
}
