import pLimit, { type LimitFunction } from 'p-limit';
import type { OwnDays, SourceCount } from '../../archive/ledger.ts';
import { eachWithin } from '../../concurrency.ts';
import { UserError } from '../../errors.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import { formatPointer } from '../../messages/json/pointer.ts';
import type { MessageShape } from '../../messages/message.ts';
import { type Page, PageError, type PageShape, type Scan } from '../../messages/page.ts';
import { type Interval, instant } from '../../windows/interval.ts';
import type { Clock } from '../clock.ts';
import { HttpClient } from '../http/client.ts';
import type { ResponseHead } from '../http/responses.ts';
import { type IsEnough, Retryable, type Say } from '../http/retry.ts';
import { LostReading, type Pass, type Probed, RequestRefused, type Source, TooDeep, Unavailable } from '../ports.ts';
import { Authenticator } from './authenticator.ts';
import { borderAt } from './borders.ts';
import { ChainReading } from './chain-reading.ts';
import { type Answer, emptyListOf, isRefusedPage, refusalOf } from './end.ts';
import { nextOf, shapeOf, withTotal } from './facts.ts';
import { hintsFor } from './hints.ts';
import { nextUrl } from './next-url.ts';
import { PageSizes } from './page-sizes.ts';
import type { Ending, PagedReading, PageRequest, Pages } from './paged-reading.ts';
import { probePage } from './probe.ts';
import { RangeReading } from './range-reading.ts';
import { label, Ranges } from './ranges.ts';
import type { ApiSettings, Place } from './settings.ts';
import { SingleReading } from './single-reading.ts';
import { ignoresRange, withoutStrays } from './strays.ts';
import { identityAt, type Taken } from './taken.ts';
import { placeholdersIn, renderBody, renderUrl, type Values } from './template.ts';

/** Bytes of one page, decompressed. */
const pageBytesMax = 256 * 1024 * 1024;
const pagesMax = 1_000_000;
/** Status codes of gateways for a server that is down, or that does not produce a page in time. */
const gatewayFailures: ReadonlySet<number | undefined> = new Set([502, 503, 504]);
/** Gateway failures before a smaller page is requested. */
const gatewayFailuresMax = 3;
/** A server that fetches one extra message to learn whether more follow may send that one too. */
const messagesAheadMax = 1;
/** The maximum number of messages on a page of an API without a page size. */
const unsizedMax = 100_000;
/** For shorter pages, a second pass costs no more than checking each border between them. */
const borderedPageMin = 6;

/** On a page with fewer messages, the unreadable ones may be exceptions. */
const probedMin = 3;

const firstPage: PageRequest = { number: 1, pageLength: 0 };

/** Reads messages from any HTTP API whose requests a template describes. */
export class ApiSource implements Source {
  readonly name = 'api';
  readonly deliversOnce = false;
  readonly url: string;
  readonly countOwnDays?: (interval: Interval) => Promise<OwnDays>;
  readonly probe?: (range: Interval) => Promise<Probed | undefined>;
  readonly #settings: ApiSettings;
  readonly #scan: Scan;
  readonly #http: HttpClient;
  readonly #authenticator: Authenticator;
  readonly #limit: LimitFunction;
  readonly #shape: PageShape;
  readonly #hints: Readonly<Record<number, string>>;
  readonly #memory: BufferPool;
  readonly #say: Say;
  readonly #ranges: Ranges;
  readonly #sizes: PageSizes;
  /** True if requests contain a page size, and a cursor. */
  readonly #hasSize: boolean;
  readonly #hasCursor: boolean;
  /** The maximum number of messages received for one range: the server pages at least that deep. */
  #deepest = 0;
  /** The maximum number of messages on one page. */
  #longest = 0;
  /** True once a second page that differs from the first was received. */
  #hasPaged = false;
  /** False without page sizes, or once the server refused a page of one message, or a small page across a border. */
  #countsByOne: boolean;
  #showsBorders: boolean;

  /**
   * @param say receives lines about long waits
   * @param now the source's current time, in ms since 1970: later days are not requested
   * @param message the shape against which {@link probe} checks a page; without it, there is no probe
   */
  constructor(
    settings: ApiSettings,
    scan: Scan,
    memory: BufferPool,
    clock: Clock,
    say: Say,
    now: () => number = () => clock.now(),
    message?: MessageShape,
  ) {
    const { origin, pathname } = new URL(settings.url);
    this.url = `${origin}${pathname}`;
    this.#settings = settings;
    this.#scan = scan;
    this.#limit = pLimit(settings.concurrency);
    const used = placeholdersIn(settings.request);
    this.#hasSize = used.has('size');
    this.#hasCursor = used.has('cursor');
    this.#countsByOne = this.#hasSize;
    this.#showsBorders = this.#hasSize;
    this.#shape = {
      ...shapeOf(settings),
      messagesMax: this.#hasSize ? settings.pageSize + messagesAheadMax : unsizedMax,
    };
    this.#hints = hintsFor(settings);
    this.#memory = memory;
    this.#say = say;
    this.#ranges = new Ranges(settings, now);
    this.#sizes = new PageSizes(settings.pageSize);
    if (settings.timeFormat === 'date' && this.#countsCheaply)
      this.countOwnDays = (interval) => this.#countOwnDays(interval);
    if (message !== undefined) this.probe = (range) => this.#probe(range, message);
    const limits = {
      bodyBytesMax: pageBytesMax,
      ...(settings.stallMs !== undefined && { stallMs: settings.stallMs }),
      ...(settings.tls && { tls: settings.tls }),
    };
    this.#http = new HttpClient({ name: 'The message API', clock, limits, memory, say });
    this.#authenticator = new Authenticator(settings.authentication, clock, say, settings.tls);
  }

  async read(interval: Interval, attempt: number, take: (page: Page) => Promise<void>): Promise<Pass> {
    for (;;) {
      const size = this.#hasSize ? this.#sizes.at(attempt) : Math.max(this.#longest, 2);
      try {
        const pass = await this.#readAt(interval, size, take);
        this.#sizes.noteSuccess();
        return pass;
      } catch (error) {
        if (error instanceof RefusedHalf) this.#sizes.refuseHalves();
        else if (!isGatewayFailure(error) || !this.#hasSize) throw error;
        else if (this.#sizes.canHalve(size)) this.#shrink(size, error.status);
        else {
          this.#sizes.reset();
          throw error;
        }
      }
    }
  }

  async count(slots: readonly Interval[]): Promise<(SourceCount | undefined)[]> {
    if (!this.#countsCheaply) return slots.map(() => undefined);
    return eachWithin(this.#limit, slots, async (slot) => {
      if (!this.#ranges.fits(slot)) return undefined;
      const total = await this.#total(slot, this.#ranges.around(slot));
      return total === undefined ? undefined : { total, ...(await this.countOwnDays?.(slot)) };
    });
  }

  async #probe(range: Interval, shape: MessageShape): Promise<Probed | undefined> {
    let interval: Interval | undefined = range;
    while (interval !== undefined && !this.#ranges.fits(interval)) interval = this.#ranges.halves(interval)?.[1];
    if (interval === undefined) return undefined;
    const asked = this.#ranges.around(interval);
    const { page } = await this.#page(interval, asked, firstPage, this.#settings.pageSize, () => true);
    const { failure, warnings } = probePage(page, shape);
    this.#memory.give(page.bytes.buffer);
    if (page.messages.length === 0) return undefined;
    if (failure === undefined) return { warnings };
    const sentence = `The message API at ${this.url} returned a page for ${label(interval)} that does not match the inputs: ${failure}.`;
    // Only one or two messages may be invalid themselves.
    return page.messages.length >= probedMin ? { failure: sentence, warnings } : { warnings: [sentence] };
  }

  async close(): Promise<void> {
    await this.#http.close();
    await this.#authenticator.close();
  }

  /** True if one small page states a total. */
  get #countsCheaply(): boolean {
    return this.#settings.total !== undefined && this.#settings.paging.kind !== 'none';
  }

  #shrink(size: number, status: number | undefined): void {
    this.#sizes.limit(size);
    this.#say(
      `The message API responds ${status} to pages of ${size} messages: requesting pages of ${this.#sizes.at(0)} instead.`,
    );
  }

  /** Omits counts that the server refuses: they only help an audit. */
  async #countOwnDays(interval: Interval): Promise<OwnDays> {
    if (!this.#ranges.fits(interval)) return {};
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

  /** Requests a page of one message, the cheapest with a total, or a full page if the server refuses that. */
  async #total(interval: Interval, asked: Interval): Promise<number | undefined> {
    const { pageSize } = this.#settings;
    const totalBy = async (size: number) => {
      const { total, bytes } = (await this.#page(interval, asked, firstPage, size)).page;
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
    if (!this.#ranges.fits(interval)) throw this.#tooLong(interval);
    const asked = this.#ranges.around(interval);
    const pages = this.#pages(interval, asked, size, take);
    const reading = this.#reading(pages, size);
    const ending = await reading.toEnd();
    const { taken } = reading;
    this.#learn(taken);
    const { totals } = taken;
    if (ending.kind === 'beyond') return { totals, isBeyondTotal: true };
    const isSure = await this.#endsSurely(interval, asked, size, reading, ending);
    this.#deepest = Math.max(this.#deepest, taken.received);
    const total = totals.at(-1);
    return { totals, ...(total !== undefined && { count: { total } }), ...(!isSure && { isDoubtful: true as const }) };
  }

  #reading(pages: Pages, size: number): PagedReading {
    const { paging, concurrency } = this.#settings;
    if (paging.kind === 'next') return new ChainReading(pages, this.#limit);
    if (paging.kind === 'none') return new SingleReading(pages, this.#limit);
    const mayRepeatFirst = ({ pageLength, promised }: Taken) =>
      pageLength < size && (promised === undefined ? this.#hasPaged : promised === pageLength);
    return new RangeReading(pages, this.#limit, concurrency, size, mayRepeatFirst);
  }

  /**
   * Returns whether a reading proves by itself that it is complete: that it reached the end, and that no message moved between
   * its pages. Without totals, the caller makes another pass anyway if the slot can become settled.
   * @throws TooDeep, LostReading or UserError if more messages may follow
   */
  async #endsSurely(
    interval: Interval,
    asked: Interval,
    size: number,
    reading: PagedReading,
    ending: Ending,
  ): Promise<boolean> {
    const { taken } = reading;
    const isEndSure = ending.kind === 'empty';
    if (reading instanceof ChainReading) {
      if (!reading.hasNext) await this.#assertChained(interval, asked, taken);
      // A cursor may be a number of messages to skip, which shifts just as page numbers do.
      return isEndSure && (taken.totals.length === 0 || !reading.hasNext);
    }
    if (this.#settings.paging.kind === 'none') return true;
    if (!isEndSure) this.#assertEnds(interval, size, taken, ending);
    const isStill = taken.totals.length === 0 || (taken.agrees() && (await this.#bordersStand(interval, asked, taken)));
    return isEndSure && isStill;
  }

  #pages(interval: Interval, asked: Interval, size: number, take: (page: Page) => Promise<void>): Pages {
    let received = 0;
    let strays = 0;
    return {
      get: (request) => this.#answer(interval, asked, request, size),
      take: async (whole, note) => {
        const { page, far, near } = withoutStrays(whole, asked, this.#settings.timeFormat);
        received += page.messages.length;
        strays += far;
        this.#longest = Math.max(this.#longest, page.messages.length);
        if (near !== undefined || ignoresRange(strays, received)) this.#refuseStrays(interval, whole, asked);
        this.#assertFits(interval, received, whole.total);
        note(page, far);
        await take(page);
        this.#memory.give(page.bytes.buffer);
      },
      drop: (page) => this.#memory.give(page.bytes.buffer),
      assertEnds: (pages) => {
        if (pages <= pagesMax) return;
        throw new UserError(
          'source-limit',
          `The message API at ${this.url} has more than ${pagesMax} pages for ${label(interval)}, or its paging never ends. Check \`api-total\` and \`api-page-size\`.`,
        );
      },
      refuseRepeated: (number) => this.#refuseRepeated(interval, number),
    };
  }

  /** @throws TooDeep if the API may not serve all messages of an interval; UserError if it cannot be halved */
  #assertFits(interval: Interval, received: number, total: number | undefined): void {
    const { maxResults, paging } = this.#settings;
    const held = Math.max(received, total ?? 0);
    if (maxResults === undefined || held < maxResults) return;
    const halves = this.#ranges.halves(interval);
    // The page after the last one still shows whether these are all messages.
    if (halves === undefined && held === maxResults && paging.kind !== 'none') return;
    const message = `The message API at ${this.url} holds ${held} messages for ${label(interval)}, and no shorter range can be requested, but \`api-max-results\` is ${maxResults}. Set \`api-time-format\` to a finer one, or raise \`api-max-results\` if the API serves more.`;
    throw halves === undefined ? new UserError('source-limit', message) : new TooDeep(message, halves, total);
  }

  #tooLong(interval: Interval): Error {
    const halves = this.#ranges.halves(interval);
    const message = `A single request cannot cover ${label(interval)}: in units of \`api-time-format\`, its range is longer than \`api-max-days\`. Raise \`api-max-days\`, or set a finer \`api-time-format\`.`;
    return halves === undefined ? new UserError('input-invalid', message) : new TooDeep(message, halves, undefined);
  }

  #refuseRepeated(interval: Interval, number: number): never {
    const { kind } = this.#settings.paging;
    const what = number === 2 ? 'page 1 again as page 2' : `the same messages again up to page ${number}`;
    const sent = `The message API at ${this.url} sent ${what} for ${label(interval)}`;
    const ignored = kind === 'next' ? (this.#hasCursor ? '{cursor}' : 'the next URL') : `{${kind}}`;
    throw new UserError(
      'source-paging-ignored',
      `${sent}: it ignores ${ignored}. Check the parameters of \`api-query\` and \`api-body\`${kind === 'next' ? ' and `api-next`' : ''}.`,
    );
  }

  /**
   * Distinguishes a range of one page from a range whose next page is not where `api-next` points: a smaller page must state a
   * next one; otherwise, the halves of the range must not contain messages that the whole range does not.
   */
  async #assertChained(interval: Interval, asked: Interval, taken: Taken): Promise<void> {
    if (this.#hasPaged || taken.received < 2) return;
    if (this.#hasSize) {
      const half = Math.floor(taken.received / 2);
      const answer = await this.#page(interval, asked, firstPage, half).catch((error: unknown) => {
        if (isRefusedPage(error)) return undefined;
        throw error;
      });
      if (answer !== undefined) {
        const { page, next } = answer;
        this.#memory.give(page.bytes.buffer);
        if (next !== undefined) {
          this.#hasPaged = true;
          return;
        }
        if (page.messages.length < taken.received) throw this.#noNext(interval, taken.received, page.messages.length);
      }
    }
    await this.#assertHalves(interval, taken);
  }

  #noNext(interval: Interval, held: number, sent: number): UserError {
    const { paging } = this.#settings;
    const place = paging.kind === 'next' ? describeNext(paging.next) : '';
    return new UserError(
      'source-paging-ignored',
      `The message API at ${this.url} holds ${held} messages for ${label(interval)} but returned a page of ${sent} without a next page ${place}. Check \`api-next\`.`,
    );
  }

  async #assertHalves(interval: Interval, taken: Taken): Promise<void> {
    let whole: Interval | undefined = interval;
    while (whole !== undefined) {
      const halves = this.#ranges.halves(whole);
      if (halves === undefined) return;
      const lengths: number[] = [];
      for (const half of halves) {
        const { page } = await this.#page(half, this.#ranges.around(half), firstPage, this.#settings.pageSize);
        this.#memory.give(page.bytes.buffer);
        if (!taken.hasCome(page))
          throw new LostReading(
            'part of the range has messages that the whole range does not, although it states no next page (check `api-next`)',
          );
        lengths.push(page.messages.length);
      }
      // If one half has all the messages, it may be truncated just as the whole range is.
      whole = lengths[0] === 0 ? halves[1] : lengths[1] === 0 ? halves[0] : undefined;
    }
  }

  #learn(taken: Taken): void {
    if (taken.lengthOf(2) === 0) return;
    this.#hasPaged = true;
    this.#sizes.noteCap(taken.pageLength);
  }

  /**
   * A refused or repeated page may mean the end, or that the server does not page deeper. It is the end if all messages of the
   * total were received, and if the server served more for another range or its only page is not full.
   * @throws TooDeep if a shorter range can decide it; UserError if there is none
   */
  #assertEnds(interval: Interval, size: number, taken: Taken, { number }: Ending): void {
    const { promised, received, pageLength } = taken;
    const isShort = promised !== undefined && received < promised;
    const isOneOpenPage = number === 2 && pageLength < size;
    if (!isShort && (received < this.#deepest || isOneOpenPage)) return;
    this.#deepest = Math.max(this.#deepest, received);
    const halves = this.#ranges.halves(interval);
    // No shorter range exists, but a last page that is not full still distinguishes the end from a limit.
    if (halves === undefined && !isShort && taken.lengthOf(number - 1) < pageLength) return;
    const message = `The message API at ${this.url} serves ${received} messages for ${label(interval)} and refuses page ${number}${isShort ? `, though its total is ${promised}` : ''}: it may hold more than it serves. Check \`api-total\`, and try another \`api-page-size\`.`;
    throw halves === undefined ? new UserError('source-limit', message) : new TooDeep(message, halves, promised);
  }

  /**
   * Returns whether no message was lost between two pages that were read at different times: at the end, each border is
   * checked with one small page across it.
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
      const request = { number: border.number, pageLength: 0 };
      const answer = await this.#page(interval, asked, request, border.size).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        // Another pass checks the border instead.
        if (isRefusedPage(error)) this.#showsBorders = false;
        return undefined;
      });
      if (answer === undefined) {
        stand = false;
        return;
      }
      const { page } = answer;
      this.#memory.give(page.bytes.buffer);
      stand &&= identityAt(page, border.at) === last && identityAt(page, border.at + 1) === first;
    });
    return stand;
  }

  async #answer(interval: Interval, asked: Interval, request: PageRequest, size: number): Promise<Answer> {
    const isEnough: IsEnough = ({ status, waitMs }, attempts) =>
      this.#hasSize &&
      gatewayFailures.has(status) &&
      waitMs === 0 &&
      attempts >= gatewayFailuresMax &&
      this.#sizes.canHalve(size);
    try {
      return await this.#page(interval, asked, request, size, isEnough);
    } catch (error) {
      if (request.number === 1 && isRefusedPage(error) && this.#hasSize && this.#sizes.isHalf(size))
        throw new RefusedHalf();
      return refusalOf(error);
    }
  }

  async #page(
    interval: Interval,
    asked: Interval,
    request: PageRequest,
    size: number,
    isEnough?: IsEnough,
  ): Promise<{ readonly page: Page; readonly next: string | undefined }> {
    const { method, body } = this.#settings.request;
    const values = this.#values(asked, request, size);
    const url = this.#urlOf(request, values);
    const text = method === 'POST' ? (body === undefined ? '' : renderBody(body, values)) : undefined;
    const type = text ? { 'content-type': 'application/json' } : {};
    const read = (bytes: Uint8Array<SharedArrayBuffer>, headers: ResponseHead['headers']) =>
      this.#scanned(bytes, headers, interval, request.number);
    for (let renewals = 0; ; renewals += 1) {
      const { headers, token } = await this.#authenticator.headers();
      const sent = { url, method, headers: { ...type, ...headers }, ...(text !== undefined && { body: text }) };
      try {
        return await this.#http.send(sent, this.#hints, read, isEnough);
      } catch (error) {
        const isUnauthorized = error instanceof RequestRefused && error.status === 401;
        if (!isUnauthorized || renewals > 0 || !(await this.#authenticator.giveUp(token))) throw error;
      }
    }
  }

  #values(asked: Interval, { number, pageLength, next }: PageRequest, size: number): Values {
    const { paging } = this.#settings;
    const first = 'first' in paging ? paging.first : 0;
    // A server may return shorter pages than requested: the next page then begins where the previous one ended.
    const stride = pageLength === 0 ? size : this.#hasSize ? Math.min(size, pageLength) : pageLength;
    return {
      ...this.#ranges.text(asked),
      size: String(size),
      page: String(first + number - 1),
      offset: String(first + (number - 1) * stride),
      ...(next !== undefined && { cursor: next }),
    };
  }

  #urlOf({ next }: PageRequest, values: Values): URL {
    const { url, request } = this.#settings;
    if (next === undefined || this.#hasCursor) return renderUrl(url, request, values);
    return nextUrl(next, url);
  }

  async #scanned(
    bytes: Uint8Array<SharedArrayBuffer>,
    headers: ResponseHead['headers'],
    interval: Interval,
    number: number,
  ): Promise<{ readonly page: Page; readonly next: string | undefined }> {
    const { total, paging, messages } = this.#settings;
    try {
      const page = await this.#scan(bytes, { ...this.#shape, emptyList: emptyListOf(number) });
      return { page: withTotal(page, headers, total), next: nextOf(page, headers, paging) };
    } catch (error) {
      this.#memory.give(bytes.buffer);
      if (!(error instanceof PageError)) throw error;
      // Without a Content-Length, a truncated response looks complete.
      if (error.isCut) throw new Retryable(`sent a truncated page (${error.message})`);
      throw new UserError(
        'source-response-invalid',
        `The message API at ${this.url} returned an invalid page ${number} for ${label(interval)} (${error.message}). Check \`api-url\`, \`api-messages\` (${formatPointer(messages)}) and \`api-total\`${describeTotal(total)}.`,
      );
    }
  }

  #refuseStrays(interval: Interval, page: Page, asked: Interval): never {
    const strays = page.messages.filter(
      ({ timestamp }) =>
        timestamp !== undefined && (timestamp < BigInt(asked.start) * 1000n || timestamp >= BigInt(asked.end) * 1000n),
    );
    const sent = `A request to the message API at ${this.url} for ${label(interval)} returned a message of ${instant(Number((strays[0]?.timestamp ?? 0n) / 1000n))}`;
    throw new UserError(
      'source-range-ignored',
      strays.length > page.messages.length / 2
        ? `${sent}: it ignores the range. Check \`{start}\` and \`{end}\` in \`api-query\`, and \`api-time-format\`.`
        : `${sent}: it selects messages by a time other than their own, such as their arrival. Check \`message-timestamp\` and \`api-time-format\`.`,
    );
  }
}

function describeTotal(total: Place | undefined): string {
  if (total === undefined) return '';
  return ` (${'pointer' in total ? formatPointer(total.pointer) : `header:${total.header}`})`;
}

function describeNext(next: Place | 'link'): string {
  if (next === 'link') return 'in a header `Link`';
  return 'pointer' in next ? `at ${formatPointer(next.pointer)}` : `in the header \`${next.header}\``;
}

/** A server that accepts only certain page sizes refused half of the user's page size. */
class RefusedHalf extends Error {}

function isGatewayFailure(error: unknown): error is Unavailable {
  return error instanceof Unavailable && gatewayFailures.has(error.status);
}
