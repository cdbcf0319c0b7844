import type { LimitFunction } from 'p-limit';
import { LostReading, type RequestRefused } from '../ports.ts';
import { type Answer, endOf } from './end.ts';
import type { Ending, PagedReading, Pages } from './paged-reading.ts';
import { Taken } from './taken.ts';

/** More consecutive pages without new messages mean that the server does not advance. */
const staleMax = 3;
/** Servers that filter after paging return empty pages in between; more consecutive ones mean that paging does not work. */
const emptyMax = 1_000;

/**
 * Reads the pages of one range sequentially: each page except the last states where the next one is. A page without messages
 * is not the end if it states a next page.
 */
export class ChainReading implements PagedReading {
  readonly taken = new Taken();
  readonly #pages: Pages;
  readonly #limit: LimitFunction;
  #hasNext = false;

  constructor(pages: Pages, limit: LimitFunction) {
    this.#pages = pages;
    this.#limit = limit;
  }

  /** True if any page stated a next one. */
  get hasNext(): boolean {
    return this.#hasNext;
  }

  /** @throws LostReading if a page after the first is refused: its cursor may have expired */
  async toEnd(): Promise<Ending> {
    const used = new Set<string>();
    let next: string | undefined;
    let [stale, empty] = [0, 0];
    for (let number = 1; ; number += 1) {
      this.#pages.assertEnds(number);
      const { pageLength } = this.taken;
      const answer = await this.#limit(() => this.#pages.get({ number, pageLength, next }));
      if ('refusal' in answer) return this.#refused(answer.refusal, number);
      const { page } = answer;
      const hasMessages = page.messages.length > 0;
      const isStale = hasMessages && number > 1 && this.taken.hasCome(page);
      if (number === 2 && isStale && page.messages.length > 1 && this.taken.isSame(page, 1)) this.#repeated(answer, 2);
      stale = isStale ? stale + 1 : 0;
      empty = hasMessages ? 0 : empty + 1;
      if (stale > staleMax || empty > emptyMax) this.#repeated(answer, number);
      if (hasMessages) {
        await this.#pages.take(page, (kept, strays) => this.taken.note(number, kept, strays));
      } else {
        this.taken.noteTotal(page);
        this.#pages.drop(page);
      }
      next = answer.next;
      if (next === undefined) return { kind: 'empty', number };
      this.#hasNext = true;
      if (used.has(next)) {
        if (!hasMessages) return { kind: 'empty', number };
        this.#pages.refuseRepeated(number + 1);
      }
      used.add(next);
      if (this.#isBeyond()) return { kind: 'beyond', number };
    }
  }

  #isBeyond(): boolean {
    const { promised, received } = this.taken;
    return promised !== undefined && received > promised;
  }

  #repeated(answer: Answer, number: number): never {
    if ('page' in answer) this.#pages.drop(answer.page);
    return this.#pages.refuseRepeated(number);
  }

  #refused(refusal: RequestRefused, number: number): Ending {
    if (number === 1 || refusal.status === 204) return { kind: endOf({ refusal }, number, () => false)!, number };
    const { promised, received } = this.taken;
    if (promised === received) return { kind: 'refused', number };
    throw new LostReading(`page ${number} was refused (${refusal.status}): its cursor may have expired`);
  }
}
