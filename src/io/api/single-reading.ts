import type { LimitFunction } from 'p-limit';
import { endOf } from './end.ts';
import type { Ending, PagedReading, Pages } from './paged-reading.ts';
import { Taken } from './taken.ts';

/** Reads one range of an API that does not page: a response is complete unless it reaches `api-max-results`. */
export class SingleReading implements PagedReading {
  readonly taken = new Taken();
  readonly #pages: Pages;
  readonly #limit: LimitFunction;

  constructor(pages: Pages, limit: LimitFunction) {
    this.#pages = pages;
    this.#limit = limit;
  }

  async toEnd(): Promise<Ending> {
    const answer = await this.#limit(() => this.#pages.get({ number: 1, pageLength: 0 }));
    const kind = endOf(answer, 1, () => false);
    if ('page' in answer) {
      if (kind === undefined) await this.#pages.take(answer.page, (page, strays) => this.taken.note(1, page, strays));
      else this.#pages.drop(answer.page);
    }
    return { kind: kind ?? 'empty', number: 1 };
  }
}
