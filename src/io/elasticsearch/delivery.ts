import { shaBytes } from '../../archive/rows.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import type { Page, ScannedMessage } from '../../messages/page.ts';
import { LostReading } from '../ports.ts';
import { PageSize } from './page-size.ts';
import { documentOf, type PointInTime, type Search } from './point-in-time.ts';
import { anyOf, type Json } from './query.ts';

/** Documents that are fetched by one query. */
const documentsMax = 1_000;

/** Reads searches in one point in time, and hands their pages over while the next ones are on their way. */
export class Delivery {
  readonly #point: PointInTime;
  readonly #wholeSource: Json;
  readonly #stubSource: Json;
  readonly #take: (page: Page) => Promise<void>;
  readonly #memory: BufferPool;
  readonly #revised: (page: Page) => Page;
  readonly #wholeSize = new PageSize();
  #handover: Promise<void> = Promise.resolve();

  /**
   * @param whole the `_source` of whole messages, and `stub` of what tells their state
   * @param revised says what else is to be made of a page's messages than was read in them
   */
  constructor(
    point: PointInTime,
    whole: Json,
    stub: Json,
    take: (page: Page) => Promise<void>,
    memory: BufferPool,
    revised: (page: Page) => Page = (page) => page,
  ) {
    this.#revised = revised;
    this.#point = point;
    this.#wholeSource = whole;
    this.#stubSource = stub;
    this.#take = take;
    this.#memory = memory;
  }

  /** Does the work, and ends, well or not, when no page is being handed over any more. */
  async end<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      await this.#handover;
      return result;
    } finally {
      await this.#handover.catch(() => undefined);
    }
  }

  /** Hands over every message of a search, and counts them. */
  async whole(search: Omit<Search, 'source'>): Promise<number> {
    const pages = this.#point.pages({ ...search, source: this.#wholeSource }, this.#wholeSize);
    for (let next = await pages.next(); ; next = await pages.next()) {
      if (next.done) return next.value;
      await this.#hand(this.#revised(next.value));
    }
  }

  /**
   * Hands over every message of a search, and counts them. They come as stubs, which tell their state; those that stay out
   * of the archive are handed over so, the others are fetched.
   * @param isNew tells which messages are handed over; asked once for each
   */
  async stubs(
    search: Omit<Search, 'source'>,
    isNew: (message: ScannedMessage) => boolean = () => true,
  ): Promise<number> {
    const pages = this.#point.pages({ ...search, source: this.#stubSource }, new PageSize());
    for (let next = await pages.next(); ; next = await pages.next()) {
      if (next.done) return next.value;
      const page = only(this.#revised(next.value), isNew);
      const wanted = page.messages.filter((message) => isWanted(message)).map(documentOf);
      await this.#hand(only(page, (message) => !isWanted(message)));
      for (const documents of batches(wanted, documentsMax)) await this.#fetch(documents);
    }
  }

  async #fetch(documents: readonly { readonly key: string; readonly id: Json }[]): Promise<void> {
    const missing = new Set(documents.map(({ key }) => key));
    const ids = [...new Set(documents.map(({ id }) => id))];
    const search = { query: anyOf('_id', ids), source: this.#wholeSource, sort: [] };
    for await (const page of this.#point.pages(search, this.#wholeSize)) {
      // Another index may hold another document of the same _id.
      await this.#hand(only(this.#revised(page), (message) => missing.delete(documentOf(message).key)));
    }
    if (missing.size > 0)
      throw new LostReading(`${missing.size} messages that one search found were not there for the next`);
  }

  async #hand(page: Page): Promise<void> {
    await this.#handover;
    this.#handover = this.#take(page).then(() => this.#memory.give(page.bytes.buffer));
    this.#handover.catch(() => undefined);
  }
}

/** Whether the archive keeps all of a message, so that its stub will not do. */
function isWanted({ state }: ScannedMessage): boolean {
  return state === 'closed' || state === 'invalid';
}

/** The page with those of its messages that are kept. */
function only(page: Page, isKept: (message: ScannedMessage) => boolean): Page {
  const kept = page.messages.map((message, n) => ({ message, n })).filter(({ message }) => isKept(message));
  const shas = Buffer.concat(kept.map(({ n }) => page.shas.subarray(n * shaBytes, (n + 1) * shaBytes)));
  return { bytes: page.bytes, messages: kept.map(({ message }) => message), shas };
}

export function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}
