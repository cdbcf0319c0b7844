import type { Pointer } from '../../messages/json/pointer.ts';
import { DAY_MS } from '../../windows/interval.ts';
import type { Header, RequestTemplate } from './template.ts';

export const apiTimeFormats = ['date', 'iso', 'iso-s', 'iso-offset', 'epoch-s', 'epoch-ms'] as const;
export type ApiTimeFormat = (typeof apiTimeFormats)[number];

export const apiPagings = ['page', 'offset', 'next', 'none'] as const;
export type ApiPaging = (typeof apiPagings)[number];

/** Where a response states a number or the next page: in its body, or in a header, by its name in lower case. */
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

/** Who asks: the headers of each request and the secrets that fill them. */
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
  /** The most messages that the API serves of one range; undefined: as many as there are. */
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

/** How far around an interval messages are requested, in ms. */
export interface Pad {
  readonly start: number;
  readonly end: number;
}

/** A day on each side for dates: servers count days in other zones, and inclusively or not. */
const dayPad: Pad = { start: DAY_MS, end: DAY_MS };
/** A server may leave out its start: no message is to lie exactly on it. */
const startMs = 1000;

/** @param maxDays the longest range of one request; an interval of exactly this length leaves no room for a pad of less than a day */
export function padOf(format: ApiTimeFormat, intervalDays: number, maxDays: number): Pad {
  if (format === 'date') return dayPad;
  return { start: intervalDays === maxDays ? 0 : startMs, end: 0 };
}

/** Days in the range of one request for so many whole days. */
export function requestDays(intervalDays: number, format: ApiTimeFormat): number {
  return format === 'date' ? intervalDays + (dayPad.start + dayPad.end) / DAY_MS : intervalDays;
}
