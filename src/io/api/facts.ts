import { formatPointer } from '../../messages/json/pointer.ts';
import { type Page, PageError, type PageShape } from '../../messages/page.ts';
import type { ResponseHead } from '../http/responses.ts';
import type { ApiSettings, Paging, Place } from './settings.ts';

type Headers = ResponseHead['headers'];
type Facts = Pick<ApiSettings, 'messages' | 'message' | 'total' | 'paging'>;

/** Returns the parts of a page's body to read. */
export function shapeOf({ messages, message, total, paging }: Facts): PageShape {
  const next = nextPlace(paging);
  return {
    messages,
    message,
    ...(total !== undefined && 'pointer' in total && { total: total.pointer }),
    ...(typeof next === 'object' && 'pointer' in next && { extras: [next.pointer] }),
  };
}

/**
 * Returns a page with its total, from the body or a header of the response.
 * @throws PageError if the header is not a count
 */
export function withTotal(page: Page, headers: Headers, place: Place | undefined): Page {
  if (place === undefined || 'pointer' in place) return page;
  const text = String(headers[place.header] ?? '').trim();
  const count = place.header === 'content-range' ? (/\/\s*(\S+)$/.exec(text)?.[1] ?? '*') : text;
  if (count === '' || count === '*') return page;
  const total = /^\d+$/.test(count) ? Number(count) : Number.NaN;
  if (!Number.isSafeInteger(total)) throw new PageError(`its header ${place.header} is not a whole number`);
  return { ...page, total };
}

/**
 * Returns the URL or cursor of the next page, as a response states it; undefined if there is no next page.
 * @throws PageError if it is neither a string nor a number
 */
export function nextOf(page: Page, headers: Headers, paging: Paging): string | undefined {
  const place = nextPlace(paging);
  if (place === undefined) return undefined;
  if (place === 'link') return linkNext(headers.link);
  if ('header' in place) return textOf(headers[place.header]);
  const text = page.extras?.[0];
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (value === null || value === false || value === '') return undefined;
  // The original text of the number, which may be too long for a double.
  if (typeof value === 'number') return text;
  if (typeof value === 'string') return textOf(value);
  throw new PageError(`its next page at ${formatPointer(place.pointer)} is neither a string nor a number`);
}

function nextPlace(paging: Paging): Place | 'link' | undefined {
  return paging.kind === 'next' ? paging.next : undefined;
}

function textOf(value: string | string[] | undefined): string | undefined {
  const text = String(value ?? '').trim();
  return text === '' ? undefined : text;
}

const linkPattern = /<([^>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]+))?)*)/g;
const parameterPattern = /;\s*([\w*-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s",;]+)))?/g;

/** Returns the target of the relation `next` (RFC 8288): `<https://…>; rel="next", <…>; rel="last"`. */
function linkNext(header: string | string[] | undefined): string | undefined {
  const text = [header ?? []].flat().join(', ');
  for (const [, target, parameters = ''] of text.matchAll(linkPattern)) {
    const relation = [...parameters.matchAll(parameterPattern)].find(([, name]) => name?.toLowerCase() === 'rel');
    const [, , quoted, bare] = relation ?? [];
    if ((quoted ?? bare ?? '').toLowerCase().split(/\s+/).includes('next')) return textOf(target);
  }
  return undefined;
}
