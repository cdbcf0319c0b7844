import type { Pointer } from '../../messages/json/pointer.ts';
import { DAY_MS } from '../../windows/interval.ts';
import type { Header, RequestTemplate } from './template.ts';

export const apiTimeFormats = ['date', 'iso', 'iso-s', 'iso-offset', 'epoch-s', 'epoch-ms'] as const;
export type ApiTimeFormat = (typeof apiTimeFormats)[number];

export const apiPagings = ['page', 'offset', 'next', 'none'] as const;
export type ApiPaging = (typeof apiPagings)[number];

/** Where a response states a number or the next page: in its body, or in a header, whose name is in lower case. */
export type Place = { readonly pointer: Pointer } | { readonly header: string };

/** How the pages after the first one are requested. */
export type Paging =
  | { readonly kind: 'page' | 'offset'; readonly first: number }
  /** `link`: the relation `next` of the header `Link` (RFC 8288). */
  | { readonly kind: 'next'; readonly next: Place | 'link' }
  | { readonly kind: 'none' };

/** OAuth 2.0 client credentials (RFC 6749, section 4.4). */
export interface OauthSettings {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
}

/** The headers that authenticate each request, and the secrets that they contain. */
export interface Authentication {
  readonly headers: readonly Header[];
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly oauth?: OauthSettings | undefined;
}

/** A client certificate and its private key, in PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface ApiSettings {
  readonly url: string;
  readonly request: RequestTemplate;
  readonly authentication: Authentication;
  readonly paging: Paging;
  readonly pageSize: number;
  readonly concurrency: number;
  readonly timeFormat: ApiTimeFormat;
  /** The longest range of one request, in ms; longer intervals are halved. */
  readonly maxMs: number;
  /** The maximum number of messages that the API serves for one range; undefined: no limit. */
  readonly maxResults: number | undefined;
  readonly messages: Pointer;
  /** The message within an element of the list. */
  readonly message: Pointer;
  /** Undefined: the API states no total. */
  readonly total: Place | undefined;
  readonly pad: Pad;
  readonly tls?: ClientCertificate | undefined;
  readonly stallMs?: number;
}

/** How far a requested range extends beyond its interval, in ms. */
export interface Pad {
  readonly start: number;
  readonly end: number;
}

/** A day on each side for dates: servers count days in other time zones, and include the last one or not. */
const dayPad: Pad = { start: DAY_MS, end: DAY_MS };
/** A server may exclude the start of a range, so the range starts a little earlier. */
const startMs = 1000;

/** @param maxDays the longest range of one request; an interval of exactly this length leaves no room for a pad of less than a day */
export function padOf(format: ApiTimeFormat, intervalDays: number, maxDays: number): Pad {
  if (format === 'date') return dayPad;
  return { start: intervalDays === maxDays ? 0 : startMs, end: 0 };
}

/** Returns the days in the range of a request for a number of whole days. */
export function requestDays(intervalDays: number, format: ApiTimeFormat): number {
  return format === 'date' ? intervalDays + (dayPad.start + dayPad.end) / DAY_MS : intervalDays;
}
