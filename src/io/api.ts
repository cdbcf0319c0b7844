import pLimit, { type LimitFunction } from 'p-limit';
import type { SourceCount } from '../archive/ledger.ts';
import type { PageMemory } from '../archive/page-memory.ts';
import { UserError } from '../errors.ts';
import { eachWithin } from '../limited.ts';
import { type Page, PageError, type PageShape, type Scan } from '../messages/page.ts';
import { formatPointer } from '../messages/pointer.ts';
import { DAY_MS, day, type Interval, instant } from '../windows/interval.ts';
import type { ApiSettings, ApiTimeFormat } from './api-settings.ts';
import { HttpClient } from './http.ts';
import type { Nature } from './nature.ts';
import { type Pass, RequestRefused, type Source } from './ports.ts';
import { Retryable, type Say } from './retry.ts';

/** Bytes of one page, decompressed. */
const pageBytesMax = 256 * 1024 * 1024;
const pagesMax = 1_000_000;
/** In a row. A source that moves may send a page twice; one that has no end sends it for ever. */
const samePagesMax = 10;
/** How far beyond what was asked for an answer may lie: servers count days elsewhere, and ends inclusively or not. */
const beyondMs: Readonly<Record<ApiTimeFormat, number>> = { date: 2 * DAY_MS, iso: 1000, 'epoch-ms': 1000 };

/** Statuses with which servers refuse a parameter that they do not accept. */
const invalidRequest: ReadonlySet<number> = new Set([400, 416, 422]);

const hints = {
  400: 'it refuses the request; see api-query, api-page-size, api-time-format and api-max-days',
  401: 'it does not accept the token; see api-token',
  403: 'the token may not read messages; see api-token and its permissions',
  404: 'there is nothing at this address; see api-url',
};

/** The paginated REST API: `GET url?start_time&end_time&page_size&page_number`, with a bearer token. */
export class ApiSource implements Source {
  readonly name = 'api';
  readonly deliversOnce = false;
  readonly url: string;
  readonly #settings: ApiSettings;
  readonly #scan: Scan;
  readonly #http: HttpClient;
  readonly #limit: LimitFunction;
  readonly #shape: PageShape;
  readonly #memory: PageMemory;
  #countPageSize = 1;

  /** @param say is told of long waits */
  constructor(settings: ApiSettings, scan: Scan, memory: PageMemory, nature: Nature, say: Say) {
    const { origin, pathname } = new URL(settings.url);
    this.url = `${origin}${pathname}`;
    this.#settings = settings;
    this.#scan = scan;
    this.#limit = pLimit(settings.concurrency);
    this.#shape = { messages: settings.messages, total: settings.total, message: [] };
    this.#memory = memory;
    const limits = { bodyBytesMax: pageBytesMax, ...(settings.stallMs !== undefined && { stallMs: settings.stallMs }) };
    this.#http = new HttpClient('The message API', nature, limits, memory, say);
  }

  async read(interval: Interval, attempt: number, take: (page: Page) => Promise<void>): Promise<Pass> {
    const { pageSize, concurrency } = this.#settings;
    const reading = new Reading(attempt === 0);
    let asked = 0;
    const ask = async (pages: number) => {
      if (asked + pages > pagesMax)
        throw new UserError(
          `The message API at ${this.url} has more than ${pagesMax} pages for ${label(interval)}, or does not end: see api-total and api-page-size.`,
        );
      const numbers = Array.from({ length: pages }, (_, n) => asked + n + 1);
      asked += pages;
      await Promise.all(numbers.map((number) => this.#limit(one, number)));
      reading.assertNotFailed();
    };
    const one = async (number: number) => {
      if (reading.hasFailed() || reading.isAtEnd()) return;
      try {
        const page = await this.#page(interval, number, Math.max(1, pageSize - attempt));
        this.#assertWithin(interval, page);
        if (reading.hasFailed()) return;
        reading.note(page);
        this.#assertGoesOn(interval, reading);
        await take(page);
        this.#memory.give(page.bytes.buffer);
      } catch (error) {
        reading.fail(error);
      }
    };
    await ask(1);
    await ask(reading.pagesExpected() - 1);
    while (!reading.isAtEnd()) await ask(reading.hasTotal() ? 1 : concurrency);
    return reading.pass();
  }

  async count(slots: readonly Interval[]): Promise<(SourceCount | undefined)[]> {
    return eachWithin(this.#limit, slots, async (slot) => {
      const { total, bytes } = await this.#smallPage(slot);
      this.#memory.give(bytes.buffer);
      return total === undefined ? undefined : { total };
    });
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** A page that is there for its total alone: of one message, unless the server refuses a page that small. */
  async #smallPage(interval: Interval): Promise<Page> {
    const size = this.#countPageSize;
    try {
      return await this.#page(interval, 1, size);
    } catch (error) {
      const { pageSize } = this.#settings;
      const mayBeTooSmall = error instanceof RequestRefused && invalidRequest.has(error.status) && size < pageSize;
      if (!mayBeTooSmall) throw error;
      const page = await this.#page(interval, 1, pageSize);
      this.#countPageSize = pageSize;
      return page;
    }
  }

  async #page(interval: Interval, number: number, pageSize: number): Promise<Page> {
    const { token } = this.#settings;
    const url = this.#address(interval, number, pageSize);
    return this.#http.getAs(url, { authorization: `Bearer ${token}` }, hints, (bytes) =>
      this.#scanned(bytes, interval, number),
    );
  }

  async #scanned(bytes: Uint8Array<SharedArrayBuffer>, interval: Interval, number: number): Promise<Page> {
    try {
      return await this.#scan(bytes, this.#shape);
    } catch (error) {
      this.#memory.give(bytes.buffer);
      if (!(error instanceof PageError)) throw error;
      // A server that tells no length can be cut without a sign of it.
      if (error.isCut) throw new Retryable(`sent a page that is cut (${error.message})`);
      const pointers = `api-messages (${formatPointer(this.#settings.messages)}) and api-total (${formatPointer(this.#settings.total)})`;
      throw new UserError(
        `The message API at ${this.url} sent page ${number} of ${label(interval)} as something else than a page of messages (${error.message}): see api-url, ${pointers}.`,
      );
    }
  }

  #address(interval: Interval, number: number, pageSize: number): URL {
    const { url, query, timeFormat } = this.#settings;
    const { start, end } = askedFor(interval, this.#settings);
    const address = new URL(url);
    const parameters = address.searchParams;
    for (const [name, value] of new URLSearchParams(query)) parameters.append(name, value);
    parameters.set('start_time', formatTime(start, timeFormat));
    parameters.set('end_time', formatTime(end, timeFormat));
    parameters.set('page_size', String(pageSize));
    parameters.set('page_number', String(number));
    return address;
  }

  #assertGoesOn(interval: Interval, reading: Reading): void {
    if (reading.samePages < samePagesMax) return;
    throw new UserError(
      `The message API at ${this.url} sent the same page ${samePagesMax} times in a row for ${label(interval)}: it must go by page_number, and send an empty page after the last one.`,
    );
  }

  #assertWithin(interval: Interval, page: Page): void {
    const { timeFormat } = this.#settings;
    const { start, end } = askedFor(interval, this.#settings);
    const from = BigInt(start - beyondMs[timeFormat]) * 1000n;
    const to = BigInt(end + beyondMs[timeFormat]) * 1000n;
    const stray = page.messages.find(
      ({ timestamp }) => timestamp !== undefined && (timestamp < from || timestamp >= to),
    );
    if (stray?.timestamp === undefined) return;
    throw new UserError(
      `The message API at ${this.url} was asked for ${label(interval)} and sent a message of ${instant(Number(stray.timestamp / 1000n))}: it ignores the range; see api-time-format.`,
    );
  }
}

/**
 * How far a reading has come. A page that is shorter than asked is not the end, since servers cap pages; an empty one is,
 * or, where it is trusted, the total.
 */
class Reading {
  readonly #trustsTotal: boolean;
  readonly #totals: number[] = [];
  #received = 0;
  #pageLength = 0;
  #lastShas: Uint8Array = new Uint8Array();
  #samePages = 0;
  #sawEmpty = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(trustsTotal: boolean) {
    this.#trustsTotal = trustsTotal;
  }

  note(page: Page): void {
    const { length } = page.messages;
    this.#received += length;
    this.#pageLength = Math.max(this.#pageLength, length);
    if (length === 0) this.#sawEmpty = true;
    this.#samePages = length > 0 && Buffer.compare(page.shas, this.#lastShas) === 0 ? this.#samePages + 1 : 1;
    this.#lastShas = page.shas;
    if (page.total !== undefined) this.#totals.push(page.total);
  }

  /** How many of the last pages were the same. */
  get samePages(): number {
    return this.#samePages;
  }

  /** From the first failure on, no more pages are asked for or handed over. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  assertNotFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  hasTotal(): boolean {
    return this.#totals.length > 0;
  }

  /** Judged from the first page, which shows the length that the server really gives. */
  pagesExpected(): number {
    return this.#pageLength === 0 ? 1 : Math.max(1, Math.ceil((this.#totals[0] ?? 0) / this.#pageLength));
  }

  isAtEnd(): boolean {
    const total = this.#totals.at(-1);
    return this.#sawEmpty || (this.#trustsTotal && total !== undefined && this.#received >= total);
  }

  pass(): Pass {
    const total = this.#totals.at(-1);
    return { totals: this.#totals, ...(total !== undefined && { count: { total } }) };
  }
}

/** Days are rounded outward first: a server may end its day hours before the one that an interval ends within. */
function askedFor({ start, end }: Interval, { timeFormat, pad }: ApiSettings): Interval {
  const unit = timeFormat === 'date' ? DAY_MS : 1;
  return { start: Math.floor(start / unit) * unit - pad.start, end: Math.ceil(end / unit) * unit + pad.end };
}

function formatTime(ms: number, format: ApiTimeFormat): string {
  if (format === 'epoch-ms') return String(ms);
  return format === 'iso' ? instant(ms) : day(ms);
}

/** An interval for people. */
function label({ start, end }: Interval): string {
  return `${instant(start)} to ${instant(end)}`;
}
