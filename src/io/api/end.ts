import type { Page, PageShape } from '../../messages/page.ts';
import { RequestRefused } from '../ports.ts';

/** The outcome of a request for a page. */
export type Answer =
  | {
      readonly page: Page;
      /** The next page: a URL or a cursor, as the response states it. */
      readonly next?: string | undefined;
    }
  | { readonly refusal: RequestRefused };

/**
 * How a server responds to a request for a page past the last one. `empty` proves the end. `refused` and `repeated` may also
 * mean that the server does not page that deep, so the end needs other proof.
 */
export type End = 'empty' | 'refused' | 'repeated';

/** Status codes with which servers refuse a page that is past the last one, or deeper than they page. */
const refusals: ReadonlySet<number> = new Set([400, 404, 416, 422]);
/** For an expired cursor, a server may also respond 410 Gone. */
const cursorRefusals: ReadonlySet<number> = new Set([...refusals, 410]);
const noContent = 204;

/**
 * The only place that recognizes an end. An end is a page without messages: an empty list, null, 204 No Content, or a body
 * without a list (on the first page only with a total of 0). After the first page it is also a refusal of the page (400, 404,
 * 416, 422), or a page that only repeats messages of earlier ones.
 * @param number the page's number, starting at 1
 * @param hasCome whether every message of a page was on earlier pages
 * @returns undefined if the page has new messages
 * @throws the refusal, if it is not an end
 */
export function endOf(answer: Answer, number: number, hasCome: (page: Page) => boolean): End | undefined {
  if ('refusal' in answer) {
    if (answer.refusal.status === noContent) return 'empty';
    if (number > 1 && isRefusedPage(answer.refusal)) return 'refused';
    throw answer.refusal;
  }
  const { page } = answer;
  if (page.messages.length === 0) return 'empty';
  return number > 1 && hasCome(page) ? 'repeated' : undefined;
}

/** Returns the accepted forms of an empty list. On a first page, a missing list usually means that `api-messages` is wrong. */
export function emptyListOf(number: number): NonNullable<PageShape['emptyList']> {
  return number === 1 ? 'null' : 'missing';
}

/** Returns whether a server refused this page, rather than the credentials or the URL. */
export function isRefusedPage(error: unknown): error is RequestRefused {
  return error instanceof RequestRefused && refusals.has(error.status);
}

/** Returns a refusal that may be an end or an expired cursor. @throws any other error unchanged */
export function refusalOf(error: unknown): Answer {
  if (error instanceof RequestRefused && (error.status === noContent || cursorRefusals.has(error.status)))
    return { refusal: error };
  throw error;
}
