import { createHash } from 'node:crypto';
import type { SourceCount } from '../../src/archive/ledger.ts';
import type { Pass, Sought, Source } from '../../src/io/ports.ts';
import type { MessageShape, SourceName } from '../../src/messages/message.ts';
import { type Page, type Scan, scanPage } from '../../src/messages/page.ts';
import { compileShape } from '../../src/messages/read.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { pageShape, sharedBytes } from './messages.ts';

/** The content of a message; `statuses` are those of its alerts. */
export interface Telling {
  readonly id: string;
  /** ms since 1970. */
  readonly at: number;
  readonly statuses: readonly string[];
  readonly text?: string;
  /** Last change of its alerts, ms since 1970. */
  readonly changed?: number;
}

/** A message that the source holds. */
export interface Held {
  readonly id: string;
  readonly at: number;
  /** Its JSON text. */
  readonly json: string;
}

/** Returns a message as the source sends it. */
export function tell({ id, at, statuses, text, changed }: Telling): Held {
  const updated = changed === undefined ? {} : { updated_at: new Date(changed).toISOString() };
  const alerts = statuses.map((status, n) => ({ alert_id: `${id}-${n}`, status, ...updated }));
  const message = { message_id: id, timestamp: new Date(at).toISOString(), alerts, text: text ?? `text of ${id}` };
  return { id, at, json: JSON.stringify(message) };
}

/** Everything the source holds now. Keys are chosen by the test: one id can be under several. */
export class Truth {
  readonly held = new Map<string, Held>();

  put(telling: Telling, key = telling.id): void {
    this.held.set(key, tell(telling));
  }

  /** Adds a text as it is, valid or not. */
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

/** Behaviour of a source. */
export interface Manners {
  readonly name: SourceName;
  readonly pageSize: number;
  /** Padding of the requested interval on both sides, in ms. */
  readonly padMs: number;
  readonly givesTotals: boolean;
  readonly deliversOnce: boolean;
  /** True to omit a message in this attempt although it is counted. */
  readonly hides: (held: Held, attempt: number) => boolean;
  /** Called before a read; may throw to fail it, or change the truth. */
  readonly before: (interval: Interval, attempt: number) => void | Promise<void>;
  /** Called after a successful read, before its result is used. */
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
  /** All reads that were started. */
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

/** A source that also supports look-ups by id. */
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

/** Returns a scanner that runs in this thread. */
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

/** Returns the text of a page. */
export function pageText(page: readonly Held[]): Uint8Array<SharedArrayBuffer> {
  return sharedBytes(`{"messages":[${page.map(({ json }) => json).join(',')}]}`);
}

/** Returns a scanned page. */
export function pageOf(shape: MessageShape, page: readonly Held[]): Promise<Page> {
  return scanHere(shape)(pageText(page), pageShape);
}
