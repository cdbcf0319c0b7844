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

/** The API as a read of a range uses it. */
export interface Pages {
  get(request: PageRequest): Promise<Answer>;
  /** Passes on a page with messages, and counts those outside the range. */
  take(page: Page, note: (page: Page, strays: number) => void): Promise<void>;
  /** Releases the memory of a page that is not passed on. */
  drop(page: Page): void;
  /** @throws UserError if that is more pages than there can be */
  assertEnds(pages: number): void;
  /** @throws UserError always: a page repeats earlier ones, so the API ignores how it is paged */
  refuseRepeated(number: number): never;
}

/** The end of a read of a range. */
export interface Ending {
  /** `beyond`: more messages were received than any total allows, and how many more there are is unknown. */
  readonly kind: End | 'beyond';
  /** The page that showed it. */
  readonly number: number;
}

/** Reads the pages of one range until the end was seen. */
export interface PagedReading {
  readonly taken: Taken;
  toEnd(): Promise<Ending>;
}
