import pLimit, { type LimitFunction } from 'p-limit';
import type { OwnDays, SourceCount } from '../../archive/ledger.ts';
import { eachWithin } from '../../concurrency.ts';
import { UserError } from '../../errors.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import { formatPointer } from '../../messages/json/pointer.ts';
import { type Page, PageError, type PageShape, type Scan } from '../../messages/page.ts';
import { type Interval, instant } from '../../windows/interval.ts';
import type { Clock } from '../clock.ts';
import { HttpClient } from '../http/client.ts';
import { type IsEnough, Retryable, type Say } from '../http/retry.ts';
import { type Pass, type Source, TooDeep, Unavailable } from '../ports.ts';
import { borderAt } from './borders.ts';
import { type Answer, emptyListOf, isRefusedPage, refusalOf } from './end.ts';
import { PageSizes } from './page-sizes.ts';
import { type Ending, type Pages, RangeReading } from './range-reading.ts';
import { label, Ranges } from './ranges.ts';
import type { ApiSettings } from './settings.ts';
import { ignoresRange, withoutStrays } from './strays.ts';
import { identityAt, type Taken } from './taken.ts';

/** Bytes of one page, decompressed. */
const pageBytesMax = 256 * 1024 * 1024;
const pagesMax = 1_000_000;
/** What gateways answer for a server that is down, and for one that does not manage a page in time. */
const gatewayFailures: ReadonlySet<number | undefined> = new Set([502, 503, 504]);
/** Of those, before a smaller page is asked for. */
const gatewayFailuresMax = 3;
/** A server that looks one message ahead, to know whether more follow, may send it too. */
const messagesAheadMax = 1;
/** Pages that are shorter are as soon read again as looked at border by border. */
const borderedPageMin = 6;

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
  readonly countOwnDays?: (interval: Interval) => Promise<OwnDays>;
  readonly #settings: ApiSettings;
  readonly #scan: Scan;
  readonly #http: HttpClient;
  readonly #limit: LimitFunction;
  readonly #shape: PageShape;
  readonly #memory: BufferPool;
  readonly #say: Say;
  readonly #ranges: Ranges;
  readonly #sizes: PageSizes;
  /** The most messages that came of one range: so deep the server pages. */
  #deepest = 0;
  /** Whether a second page was seen that is not the first one. */
  #hasPaged = false;
  /** Whether the server gives pages of one message, which count, and the small ones far behind that show a border. */
  #countsByOne = true;
  #showsBorders = true;

  /**
   * @param say is told of long waits
   * @param now ms since 1970, of the world that is read: later days are not asked for
   */
  constructor(
    settings: ApiSettings,
    scan: Scan,
    memory: BufferPool,
    clock: Clock,
    say: Say,
    now: () => number = () => clock.now(),
  ) {
    const { origin, pathname } = new URL(settings.url);
    this.url = `${origin}${pathname}`;
    this.#settings = settings;
    this.#scan = scan;
    this.#limit = pLimit(settings.concurrency);
    this.#shape = {
      messages: settings.messages,
      total: settings.total,
      message: [],
      messagesMax: settings.pageSize + messagesAheadMax,
    };
    this.#memory = memory;
    this.#say = say;
    this.#ranges = new Ranges(settings, now);
    this.#sizes = new PageSizes(settings.pageSize);
    if (settings.timeFormat === 'date') this.countOwnDays = (interval) => this.#countOwnDays(interval);
    const limits = { bodyBytesMax: pageBytesMax, ...(settings.stallMs !== undefined && { stallMs: settings.stallMs }) };
    this.#http = new HttpClient({ name: 'The message API', clock, limits, memory, say });
  }

  async read(interval: Interval, attempt: number, take: (page: Page) => Promise<void>): Promise<Pass> {
    for (;;) {
      const size = this.#sizes.at(attempt);
      try {
        const pass = await this.#readAt(interval, size, take);
        this.#sizes.noteSuccess();
        return pass;
      } catch (error) {
        if (error instanceof RefusedHalf) this.#sizes.refuseHalves();
        else if (!isGatewayFailure(error)) throw error;
        else if (this.#sizes.canHalve(size)) this.#askLess(size, error.status);
        else {
          this.#sizes.reset();
          throw error;
        }
      }
    }
  }

  async count(slots: readonly Interval[]): Promise<(SourceCount | undefined)[]> {
    return eachWithin(this.#limit, slots, async (slot) => {
      const total = await this.#total(slot, this.#ranges.around(slot));
      return total === undefined ? undefined : { total, ...(await this.countOwnDays?.(slot)) };
    });
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  #askLess(size: number, status: number | undefined): void {
    this.#sizes.limit(size);
    this.#say(
      `The message API answers ${status} to pages of ${size} messages: asking for pages of ${this.#sizes.at(0)} instead.`,
    );
  }

  /** What the server refuses of it is left out: it only helps an audit. */
  async #countOwnDays(interval: Interval): Promise<OwnDays> {
    const { toEnd, toLastDay } = this.#ranges.ownDays(interval);
    const count = (range: Interval) =>
      this.#total(interval, range).catch((error: unknown) => {
        if (isRefusedPage(error)) return undefined;
        throw error;
      });
    const [end, lastDay] = [await count(toEnd), await count(toLastDay)];
    return {
      ...(end !== undefined && { to_end: end }),
      ...(lastDay !== undefined && { to_last_day: lastDay }),
    };
  }

  /** Pages of one message are the smallest that show a total; of a server that refuses them, whole ones do. */
  async #total(interval: Interval, asked: Interval): Promise<number | undefined> {
    const { pageSize } = this.#settings;
    const totalBy = async (size: number) => {
      const { total, bytes } = await this.#page(interval, asked, 1, size);
      this.#memory.give(bytes.buffer);
      return total;
    };
    if (!this.#countsByOne) return totalBy(pageSize);
    try {
      return await totalBy(1);
    } catch (error) {
      if (pageSize === 1 || !isRefusedPage(error)) throw error;
      const total = await totalBy(pageSize);
      this.#countsByOne = false;
      return total;
    }
  }

  async #readAt(interval: Interval, size: number, take: (page: Page) => Promise<void>): Promise<Pass> {
    const asked = this.#ranges.around(interval);
    const pages = this.#pages(interval, asked, size, take);
    const mayRepeatFirst = ({ pageLength, promised }: Taken) =>
      pageLength < size && (promised === undefined ? this.#hasPaged : promised === pageLength);
    const reading = new RangeReading(pages, this.#limit, this.#settings.concurrency, size, mayRepeatFirst);
    const ending = await reading.toEnd();
    const { taken } = reading;
    this.#learn(taken);
    const { totals } = taken;
    if (ending.kind === 'beyond') return { totals, isBeyondTotal: true };
    const isEndSure = ending.kind === 'empty';
    if (!isEndSure) this.#assertEnds(interval, size, taken, ending);
    this.#deepest = Math.max(this.#deepest, taken.received);
    // Without totals another pass is made anyway, where the slot is to be settled.
    const isStill = totals.length === 0 || (taken.agrees() && (await this.#bordersStand(interval, asked, taken)));
    const total = totals.at(-1);
    return {
      totals,
      ...(total !== undefined && { count: { total } }),
      ...((!isEndSure || !isStill) && { isDoubtful: true as const }),
    };
  }

  #pages(interval: Interval, asked: Interval, size: number, take: (page: Page) => Promise<void>): Pages {
    let received = 0;
    let strays = 0;
    return {
      get: (number) => this.#answer(interval, asked, number, size),
      take: async (whole, note) => {
        const { page, far, near } = withoutStrays(whole, asked, this.#settings.timeFormat);
        received += page.messages.length;
        strays += far;
        if (near !== undefined || ignoresRange(strays, received)) this.#refuseStrays(interval, whole, asked);
        note(page, far);
        await take(page);
        this.#memory.give(page.bytes.buffer);
      },
      drop: (page) => this.#memory.give(page.bytes.buffer),
      assertEnds: (pages) => {
        if (pages <= pagesMax) return;
        throw new UserError(
          `The message API at ${this.url} has more than ${pagesMax} pages for ${label(interval)}, or does not end: see api-total and api-page-size.`,
        );
      },
      refuseSecond: () => {
        throw new UserError(
          `The message API at ${this.url} sent page 1 again as page 2 for ${label(interval)}: it ignores page_number; set api-url and api-query so that it pages by page_number and page_size.`,
        );
      },
    };
  }

  #learn(taken: Taken): void {
    if (taken.lengthOf(2) === 0) return;
    this.#hasPaged = true;
    this.#sizes.noteCap(taken.pageLength);
  }

  /**
   * A refusal or a repetition may be the end, or all that the server serves of a range. It is an end where everything that
   * was promised came and where the server has served more of another range, or its only page is not full.
   * @throws TooDeep where a smaller range tells; UserError where there is none
   */
  #assertEnds(interval: Interval, size: number, taken: Taken, { number }: Ending): void {
    const { promised, received, pageLength } = taken;
    const isShort = promised !== undefined && received < promised;
    const isOneOpenPage = number === 2 && pageLength < size;
    if (!isShort && (received < this.#deepest || isOneOpenPage)) return;
    this.#deepest = Math.max(this.#deepest, received);
    const halves = this.#ranges.halves(interval);
    // Nothing smaller can be asked for: that its last page is not full still tells an end from a limit.
    if (halves === undefined && !isShort && taken.lengthOf(number - 1) < pageLength) return;
    const message = `The message API at ${this.url} serves ${received} messages of ${label(interval)} and refuses page ${number}${isShort ? `, though its total is ${promised}` : ''}: it may hold more than it serves; see api-total, and try another api-page-size.`;
    throw halves === undefined ? new UserError(message) : new TooDeep(message, halves, promised);
  }

  /**
   * Whether no message was lost between two pages that were read one after the other: at the end, each border is looked at
   * in one small page that holds both of its sides.
   */
  async #bordersStand(interval: Interval, asked: Interval, taken: Taken): Promise<boolean> {
    const borders = taken.borders();
    if (borders?.length === 0) return true;
    if (borders === undefined || taken.pageLength < borderedPageMin || !this.#showsBorders) return false;
    let stand = true;
    await eachWithin(this.#limit, borders, async ({ position, last, first }) => {
      const border = borderAt(position, taken.pageLength);
      if (border === undefined) stand = false;
      if (border === undefined || !stand) return;
      const page = await this.#page(interval, asked, border.number, border.size).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        // Another pass tells as well.
        if (isRefusedPage(error)) this.#showsBorders = false;
        return undefined;
      });
      if (page === undefined) {
        stand = false;
        return;
      }
      this.#memory.give(page.bytes.buffer);
      stand &&= identityAt(page, border.at) === last && identityAt(page, border.at + 1) === first;
    });
    return stand;
  }

  async #answer(interval: Interval, asked: Interval, number: number, size: number): Promise<Answer> {
    const isEnough: IsEnough = ({ status, waitMs }, attempts) =>
      gatewayFailures.has(status) && waitMs === 0 && attempts >= gatewayFailuresMax && this.#sizes.canHalve(size);
    try {
      return { page: await this.#page(interval, asked, number, size, isEnough) };
    } catch (error) {
      if (number === 1 && isRefusedPage(error) && this.#sizes.isHalf(size)) throw new RefusedHalf();
      return refusalOf(error);
    }
  }

  async #page(interval: Interval, asked: Interval, number: number, size: number, isEnough?: IsEnough): Promise<Page> {
    const { token } = this.#settings;
    const url = this.#address(asked, number, size);
    const read = (bytes: Uint8Array<SharedArrayBuffer>) => this.#scanned(bytes, interval, number);
    return this.#http.send({ url, headers: { authorization: `Bearer ${token}` } }, hints, read, isEnough);
  }

  async #scanned(bytes: Uint8Array<SharedArrayBuffer>, interval: Interval, number: number): Promise<Page> {
    try {
      return await this.#scan(bytes, { ...this.#shape, emptyList: emptyListOf(number) });
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

  #address(asked: Interval, number: number, size: number): URL {
    const { url, query } = this.#settings;
    const { start, end } = this.#ranges.text(asked);
    const address = new URL(url);
    const parameters = address.searchParams;
    for (const [name, value] of new URLSearchParams(query)) parameters.append(name, value);
    parameters.set('start_time', start);
    parameters.set('end_time', end);
    parameters.set('page_size', String(size));
    parameters.set('page_number', String(number));
    return address;
  }

  #refuseStrays(interval: Interval, page: Page, asked: Interval): never {
    const strays = page.messages.filter(
      ({ timestamp }) =>
        timestamp !== undefined && (timestamp < BigInt(asked.start) * 1000n || timestamp >= BigInt(asked.end) * 1000n),
    );
    const sent = `The message API at ${this.url} was asked for ${label(interval)} and sent a message of ${instant(Number((strays[0]?.timestamp ?? 0n) / 1000n))}`;
    throw new UserError(
      strays.length > page.messages.length / 2
        ? `${sent}: it ignores the range; see api-time-format.`
        : `${sent}: it goes by another time than that of the message, such as its arrival; see message-timestamp and api-time-format.`,
    );
  }
}

/** A server that takes certain page sizes only refused a half of the one that the user gave. */
class RefusedHalf extends Error {}

function isGatewayFailure(error: unknown): error is Unavailable {
  return error instanceof Unavailable && gatewayFailures.has(error.status);
}
