import { DAY_MS, day, type Interval, instant } from '../../windows/interval.ts';
import type { ApiSettings, ApiTimeFormat } from './settings.ts';

/** In the easternmost time zone (UTC+14), a day begins this much earlier than in UTC. */
const easternmostMs = 14 * 3_600_000;
const secondMs = 1000;

/** The smallest step of each time format, in ms. */
const unitsMs: Readonly<Record<ApiTimeFormat, number>> = {
  date: DAY_MS,
  iso: 1,
  'iso-s': secondMs,
  'iso-offset': secondMs,
  'epoch-s': secondMs,
  'epoch-ms': 1,
};

/** The start and the end of a range as a request states them. */
export interface RangeText {
  readonly start: string;
  readonly end: string;
}

/** Turns intervals into the ranges of requests. */
export class Ranges {
  readonly #settings: Pick<ApiSettings, 'pad' | 'timeFormat' | 'maxMs'>;
  readonly #now: () => number;

  /** @param now ms since 1970 */
  constructor(settings: Pick<ApiSettings, 'pad' | 'timeFormat' | 'maxMs'>, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  /**
   * Returns the range to request for an interval, in ms. It is first rounded outward, since a server's day may end hours
   * before the day in which the interval ends. It excludes days that have not begun in any time zone.
   */
  around({ start, end }: Interval): Interval {
    const { pad } = this.#settings;
    const unit = this.#unitMs;
    return this.#begun({
      start: Math.floor(start / unit) * unit - pad.start,
      end: Math.ceil(end / unit) * unit + pad.end,
    });
  }

  /** Returns whether one request can cover this interval. */
  fits(interval: Interval): boolean {
    const { start, end } = this.around(interval);
    return end - start <= this.#settings.maxMs;
  }

  /** Returns the days of an interval without padding, both with the day after its last as the end and with its last day. */
  ownDays({ start, end }: Interval): { readonly toEnd: Interval; readonly toLastDay: Interval } {
    const first = Math.floor(start / DAY_MS) * DAY_MS;
    const last = Math.ceil(end / DAY_MS) * DAY_MS;
    return {
      toEnd: this.#begun({ start: first, end: last }),
      toLastDay: this.#begun({ start: first, end: last - DAY_MS }),
    };
  }

  /** Returns the halves of an interval, in units of the time format of at least a second; undefined if it is too short. */
  halves({ start, end }: Interval): [Interval, Interval] | undefined {
    const unit = Math.max(this.#unitMs, secondMs);
    const middle = Math.round((start + end) / 2 / unit) * unit;
    if (middle > start && middle < end)
      return [
        { start, end: middle },
        { start: middle, end },
      ];
    return undefined;
  }

  /** Formats a range as requests state it. */
  text({ start, end }: Interval): RangeText {
    return { start: this.#time(start), end: this.#time(end) };
  }

  get #unitMs(): number {
    return unitsMs[this.#settings.timeFormat];
  }

  #begun(range: Interval): Interval {
    if (this.#settings.timeFormat !== 'date') return range;
    const today = Math.floor((this.#now() + easternmostMs) / DAY_MS) * DAY_MS;
    return { start: range.start, end: Math.max(range.start, Math.min(range.end, today)) };
  }

  #time(ms: number): string {
    return formatTime(ms, this.#settings.timeFormat);
  }
}

function formatTime(ms: number, format: ApiTimeFormat): string {
  switch (format) {
    case 'date':
      return day(ms);
    case 'iso':
      return instant(ms);
    case 'iso-s':
      return instant(ms).replace(/\.\d+Z$/, 'Z');
    case 'iso-offset':
      return instant(ms).replace(/\.\d+Z$/, '+0000');
    case 'epoch-s':
      return String(Math.floor(ms / secondMs));
    case 'epoch-ms':
      return String(ms);
  }
}

/** Formats an interval for people. */
export function label({ start, end }: Interval): string {
  return `${instant(start)} to ${instant(end)}`;
}
