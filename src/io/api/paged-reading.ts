import type { Page } from '../../messages/page.ts';
import type { Answer, End } from './end.ts';
import type { Taken } from './taken.ts';

/** Identifies the page of a range that a request is for. */
export interface PageRequest {
  /** Starts at 1. */
  readonly number: number;
  /** Messages on the first page; 0 before it was received. */
  readonly pageLength: number;
  /** The URL or the cursor that the previous page stated. */
  readonly next?: string | undefined;
}

/** The API as a read of a range uses it. */
export interface Pages {
  get(request: PageRequest): Promise<Answer>;
  /** Passes on a page with messages, and counts those outside the range. */
  take(page: Page, note: (page: Page, strays: number) => void): Promise<void>;
  /** Releases the memory of a page that is not passed on. */
  drop(page: Page): void;
  /** @throws UserError if that is more than the maximum number of pages */
  assertEnds(pages: number): void;
  /** @throws UserError always: a page repeats earlier ones, so the API ignores the paging parameters */
  refuseRepeated(number: number): never;
}

/** The end of a read of a range. */
export interface Ending {
  /** `beyond`: more messages were received than any total allows, and how many more there are is unknown. */
  readonly kind: End | 'beyond';
  /** The page that showed it. */
  readonly number: number;
}

/** Reads the pages of one range to its end. */
export interface PagedReading {
  readonly taken: Taken;
  toEnd(): Promise<Ending>;
}
