import type { Page } from '../../messages/page.ts';
import type { Answer, End } from './end.ts';
import type { Taken } from './taken.ts';

/** Which page of a range a request is for. */
export interface PageRequest {
  /** From 1 on. */
  readonly number: number;
  /** Messages on the first page; 0 as long as it has not come. */
  readonly pageLength: number;
  /** The URL or the cursor that the page before it stated. */
  readonly next?: string | undefined;
}

/** How a reading of a range works with the API. */
export interface Pages {
  get(request: PageRequest): Promise<Answer>;
  /** Hands over a page that holds messages, and counts those from outside of the range. */
  take(page: Page, note: (page: Page, strays: number) => void): Promise<void>;
  /** Gives the memory of a page back that is not handed over. */
  drop(page: Page): void;
  /** @throws UserError where that are more pages than there can be */
  assertEnds(pages: number): void;
  /** @throws UserError, since a page is one that came before: the API does not page as it is asked to */
  refuseRepeated(number: number): never;
}

/** Where a reading of a range came to its end. */
export interface Ending {
  /** `beyond`: more messages came than any total allows, and nobody knows how many more there are. */
  readonly kind: End | 'beyond';
  /** Of the page that showed it. */
  readonly number: number;
}

/** Reads the pages of one range until the end was seen. */
export interface PagedReading {
  readonly taken: Taken;
  toEnd(): Promise<Ending>;
}
