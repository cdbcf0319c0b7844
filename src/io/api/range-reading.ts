import type { LimitFunction } from 'p-limit';
import type { Page } from '../../messages/page.ts';
import { type Answer, endOf } from './end.ts';
import type { Ending, PagedReading, Pages } from './paged-reading.ts';
import { Taken } from './taken.ts';

/**
 * Reads the numbered pages of one range concurrently, to its end. With a total, it requests one page more than the total
 * implies; without a total, it requests pages until one is past the end.
 */
export class RangeReading implements PagedReading {
  readonly taken = new Taken();
  readonly #pages: Pages;
  readonly #limit: LimitFunction;
  readonly #concurrency: number;
  readonly #size: number;
  /** Returns whether a second page that equals the first may be an end. */
  readonly #mayRepeatFirst: (taken: Taken) => boolean;
  #failure: { readonly error: unknown } | undefined;
  /** The lowest requested page without new messages. */
  #ending: (Ending & { readonly answer: Answer }) | undefined;

  /** @param size the requested number of messages per page */
  constructor(
    pages: Pages,
    limit: LimitFunction,
    concurrency: number,
    size: number,
    mayRepeatFirst: (taken: Taken) => boolean,
  ) {
    this.#pages = pages;
    this.#limit = limit;
    this.#concurrency = concurrency;
    this.#size = size;
    this.#mayRepeatFirst = mayRepeatFirst;
  }

  async toEnd(): Promise<Ending> {
    await this.#readInOrder(1, 1);
    const { promised, pageLength } = this.taken;
    let requested = 1;
    if (this.#ending === undefined && promised !== undefined) {
      const last = Math.max(1, Math.ceil(promised / pageLength));
      this.#pages.assertEnds(last + 1);
      await this.#readAll(2, last);
      requested = last + 1;
    }
    while (this.#ending === undefined) {
      if (this.#isBeyond()) return { kind: 'beyond', number: requested };
      const count = promised === undefined ? this.#concurrency : 1;
      this.#pages.assertEnds(requested + count);
      await this.#readInOrder(requested + 1, requested + count);
      requested += count;
    }
    return this.#ending;
  }

  #get(number: number): Promise<Answer> {
    return this.#pages.get({ number, pageLength: this.taken.pageLength });
  }

  #isBeyond(): boolean {
    const { promised, received } = this.taken;
    return promised !== undefined && received > promised;
  }

  /** Passes pages on as they arrive, then checks the page after the last one, which is requested concurrently. */
  async #readAll(first: number, last: number): Promise<void> {
    let after: Answer | undefined;
    await this.#each(first, last + 1, async (number) => {
      if (this.#ending !== undefined && this.#ending.number < number) return;
      const answer = await this.#get(number);
      if (this.#failure !== undefined) return this.#drop(answer);
      if (number > last) after = answer;
      else await this.#look(number, answer, (page) => this.#isNeighbour(page, number));
    });
    if (after === undefined) return;
    if (this.#ending === undefined) await this.#look(last + 1, after, (page) => this.taken.hasCome(page));
    else this.#drop(after);
  }

  /** Checks pages in order, once all of them have arrived. */
  async #readInOrder(first: number, last: number): Promise<void> {
    const answers = new Map<number, Answer>();
    await this.#each(first, last, async (number) => {
      if (this.#failure === undefined) answers.set(number, await this.#get(number));
    }).catch((error: unknown) => {
      for (const answer of answers.values()) this.#drop(answer);
      throw error;
    });
    for (const [number, answer] of [...answers].sort(([a], [b]) => a - b)) {
      if (this.#ending === undefined) await this.#look(number, answer, (page) => this.taken.hasCome(page));
      else this.#drop(answer);
    }
  }

  async #each(first: number, last: number, work: (number: number) => Promise<void>): Promise<void> {
    const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
    await this.#limit.map(numbers, async (number) => {
      if (this.#failure !== undefined) return;
      await work(number).catch((error: unknown) => {
        this.#failure ??= { error };
      });
    });
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #look(number: number, answer: Answer, hasCome: (page: Page) => boolean): Promise<void> {
    if (number === 2 && 'page' in answer) this.#assertPages(answer.page);
    const kind = endOf(answer, number, hasCome);
    if (kind !== undefined) {
      if ('page' in answer) this.taken.noteTotal(answer.page);
      this.#drop(answer);
      if (this.#ending === undefined || number < this.#ending.number) this.#ending = { kind, number, answer };
    } else if ('page' in answer) {
      await this.#pages.take(answer.page, (page, strays) => this.taken.note(number, page, strays));
      const { refusal } = (this.#ending?.answer ?? {}) as { refusal?: Error };
      // A page refused before one that was served is not an end.
      if (refusal !== undefined && number > this.#ending!.number) throw refusal;
    }
  }

  #assertPages(page: Page): void {
    if (this.#mayRepeat(page) && this.taken.isSame(page, 1) && !this.#mayRepeatFirst(this.taken))
      this.#pages.refuseRepeated(2);
  }

  /** Pages of a single message can be equal because the source has that message twice. */
  #mayRepeat(page: Page): boolean {
    return page.messages.length > 0 && this.#size > 1;
  }

  #isNeighbour(page: Page, number: number): boolean {
    if (!this.#mayRepeat(page)) return false;
    return this.taken.isSame(page, number - 1) || this.taken.isSame(page, number + 1);
  }

  #drop(answer: Answer): void {
    if ('page' in answer) this.#pages.drop(answer.page);
  }
}
