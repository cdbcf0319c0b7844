import type { BufferPool } from '../../memory/buffer-pool.ts';
import type { Page, ScannedMessage } from '../../messages/page.ts';
import { LostReading } from '../ports.ts';
import { PageSize } from './page-size.ts';
import { only } from './pages.ts';
import { documentOf, type PointInTime, type Search } from './point-in-time.ts';
import { anyOf, type Json } from './query.ts';

/** The most documents that one query fetches by their ids. */
const documentsMax = 1_000;

/** Hands over the pages of searches in one point in time, each while the next one is being read. */
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
   * @param whole the `_source` of a search for whole messages
   * @param stub the `_source` of a search for no more than their state
   * @param revised changes the messages of a page before they are handed over
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

  /** Does the work, and settles, successful or not, when no page is being handed over any more. */
  async end<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      await this.#handover;
      return result;
    } finally {
      await this.#handover.catch(() => undefined);
    }
  }

  /** Hands over every message of a search. Returns their number. */
  async whole(search: Omit<Search, 'source'>): Promise<number> {
    const pages = this.#point.pages({ ...search, source: this.#wholeSource }, this.#wholeSize);
    for (let next = await pages.next(); ; next = await pages.next()) {
      if (next.done) return next.value;
      await this.#hand(this.#revised(next.value));
    }
  }

  /**
   * Hands over every message of a search: as a stub if the archive does not store it, else fetched whole.
   * @param isNew whether to hand a message over; called once for each
   * @returns how many messages the search found
   */
  async stubs(
    search: Omit<Search, 'source'>,
    isNew: (message: ScannedMessage) => boolean = () => true,
  ): Promise<number> {
    const pages = this.#point.pages({ ...search, source: this.#stubSource }, new PageSize());
    for (let next = await pages.next(); ; next = await pages.next()) {
      if (next.done) return next.value;
      const page = only(this.#revised(next.value), isNew);
      const stored = page.messages.filter((message) => isStored(message)).map(documentOf);
      await this.#hand(only(page, (message) => !isStored(message)));
      for (const documents of batches(stored, documentsMax)) await this.#fetch(documents);
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
      throw new LostReading(`${missing.size} messages that one search found were missing from the next`);
  }

  async #hand(page: Page): Promise<void> {
    await this.#handover;
    this.#handover = this.#take(page).then(() => this.#memory.give(page.bytes.buffer));
    this.#handover.catch(() => undefined);
  }
}

/** True if the archive stores all of a message, so that its stub is not enough. */
function isStored({ state }: ScannedMessage): boolean {
  return state === 'closed' || state === 'invalid';
}

export function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}
