import { DAY_MS, day, type Interval, instant } from '../../windows/interval.ts';
import type { ApiSettings, ApiTimeFormat } from './settings.ts';

/** In the easternmost zone (UTC+14) a day begins so much earlier. */
const easternmostMs = 14 * 3_600_000;
const secondMs = 1000;

/** What a server is told of a range: both as they are written in a request. */
export interface AskedRange {
  readonly start: string;
  readonly end: string;
}

/** What requests say of times. */
export class Ranges {
  readonly #settings: ApiSettings;
  readonly #now: () => number;

  /** @param now ms since 1970 */
  constructor(settings: ApiSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  /**
   * What is asked for, around an interval, in ms. Days are rounded outward first: a server may end its day hours before the
   * one that an interval ends within. No day is asked for that has not begun anywhere.
   */
  around({ start, end }: Interval): Interval {
    const { pad } = this.#settings;
    const unit = this.#unitMs;
    return this.#begun({
      start: Math.floor(start / unit) * unit - pad.start,
      end: Math.ceil(end / unit) * unit + pad.end,
    });
  }

  /** The days of an interval alone, with an end that is the day after its last one, and with one that is its last. */
  ownDays({ start, end }: Interval): { readonly toEnd: Interval; readonly toLastDay: Interval } {
    const first = Math.floor(start / DAY_MS) * DAY_MS;
    const last = Math.ceil(end / DAY_MS) * DAY_MS;
    return {
      toEnd: this.#begun({ start: first, end: last }),
      toLastDay: this.#begun({ start: first, end: last - DAY_MS }),
    };
  }

  /** Two parts of an interval that are asked for in units of the time format, but not in less than a second. */
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

  /** As a request writes it. */
  text({ start, end }: Interval): AskedRange {
    return { start: this.#time(start), end: this.#time(end) };
  }

  get #unitMs(): number {
    return this.#settings.timeFormat === 'date' ? DAY_MS : 1;
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
  if (format === 'epoch-ms') return String(ms);
  return format === 'iso' ? instant(ms) : day(ms);
}

/** An interval for people. */
export function label({ start, end }: Interval): string {
  return `${instant(start)} to ${instant(end)}`;
}
