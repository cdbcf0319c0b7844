import type { Pointer } from '../messages/pointer.ts';
import { DAY_MS } from '../windows/interval.ts';

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
  readonly stallMs?: number;
}

/** How far around the interval, in whole days where it is told days, a server is asked, in ms. */
export const padMs: Readonly<Record<ApiTimeFormat, number>> = { date: DAY_MS, iso: 0, 'epoch-ms': 0 };

/** The longest interval, in days, that is asked for when `intervalDays` whole days are wanted. */
export function requestDays(intervalDays: number, format: ApiTimeFormat): number {
  return intervalDays + (2 * padMs[format]) / DAY_MS;
}
