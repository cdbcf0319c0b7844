import type { Pointer } from '../../messages/json/pointer.ts';
import { DAY_MS } from '../../windows/interval.ts';

export type ApiTimeFormat = 'date' | 'iso' | 'epoch-ms';

export interface ApiSettings {
  readonly url: string;
  readonly token: string;
  readonly pageSize: number;
  readonly concurrency: number;
  readonly timeFormat: ApiTimeFormat;
  /** What else the query string carries: `status=all`. */
  readonly query: string;
  readonly messages: Pointer;
  readonly total: Pointer;
  readonly pad: Pad;
  readonly stallMs?: number;
}

/** How far around an interval a server is asked, in ms. */
export interface Pad {
  readonly start: number;
  readonly end: number;
}

/** A day on each side, where a server is told days: it may count them elsewhere, and inclusively or not. */
const dayPad: Pad = { start: DAY_MS, end: DAY_MS };
/** A server may leave out its start: no message is to lie exactly on it. */
const startMs = 1000;

/** @param maxDays what the server serves at once; a pad of less than a day is left out where it is no more than the interval */
export function padOf(format: ApiTimeFormat, intervalDays: number, maxDays: number): Pad {
  if (format === 'date') return dayPad;
  return { start: intervalDays < maxDays ? startMs : 0, end: 0 };
}

/** The days that a request for so many whole days asks for at least. */
export function requestDays(intervalDays: number, format: ApiTimeFormat): number {
  return format === 'date' ? intervalDays + (dayPad.start + dayPad.end) / DAY_MS : intervalDays;
}
