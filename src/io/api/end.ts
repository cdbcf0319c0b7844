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
 * How a server shows that a page lies behind the last one. `empty`: it says so. `refused`, `repeated`: it may say so, or
 * that it does not page that deep; then something else has to prove that this is the end.
 */
export type End = 'empty' | 'refused' | 'repeated';

/** By these statuses servers refuse a page behind the last one, or deeper than they go. */
const refusals: ReadonlySet<number> = new Set([400, 404, 416, 422]);
/** A cursor that has expired is gone, too. */
const cursorRefusals: ReadonlySet<number> = new Set([...refusals, 410]);
const noContent = 204;

/**
 * The one place that knows what an end looks like. An end is a page without messages: an empty list, one that is null, 204
 * No Content, and a body without a list, of which the first page must say that the total is 0. After the first page it is
 * also a refusal of the page (400, 404, 416, 422), and a page of nothing but messages that came before.
 * @param number of the page, from 1 on
 * @param hasCome whether every message of a page came on pages before it
 * @returns undefined where the page goes on with messages
 * @throws the refusal, where it is no end
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

/** What counts as an empty list on a page: a first page without one most often means that `api-messages` points elsewhere. */
export function emptyListOf(number: number): NonNullable<PageShape['emptyList']> {
  return number === 1 ? 'null' : 'missing';
}

/** Whether a server has something against this page, rather than against whoever asks. */
export function isRefusedPage(error: unknown): error is RequestRefused {
  return error instanceof RequestRefused && refusals.has(error.status);
}

/** A refusal that may be an end, or an expired cursor; anything else is thrown on. */
export function refusalOf(error: unknown): Answer {
  if (error instanceof RequestRefused && (error.status === noContent || cursorRefusals.has(error.status)))
    return { refusal: error };
  throw error;
}
