import { counted } from '../format.ts';
import { monthNames } from '../messages/time/calendar.ts';
import { DAY_MS, type Interval } from '../windows/interval.ts';

/** Ages below these limits are given in days, then in months. */
const daysMax = 60;
const monthsMax = 24;

/** Returns the name of a month from 0 to 11: `June`. */
export function monthName(month: number): string {
  return monthNames[month]!;
}

/** Returns the UTC day of `ms` since 1970: `1 June 2024`. */
export function date(ms: number): string {
  return `${new Date(ms).getUTCDate()} ${monthOf(ms)}`;
}

/** Returns the UTC minute of `ms` since 1970: `1 June 2024, 03:17 UTC`. */
export function moment(ms: number): string {
  return `${date(ms)}, ${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

/** Returns whole UTC days of one month, the last one included: `June 2024`, `17 to 31 May 2024` or `17 May 2024`. */
export function span({ start, end }: Interval): string {
  const [first, last] = [new Date(start), new Date(end - 1)];
  if (first.getUTCDate() === 1 && new Date(end).getUTCDate() === 1) return monthOf(start);
  return end - start <= DAY_MS ? date(start) : `${first.getUTCDate()} to ${last.getUTCDate()} ${monthOf(start)}`;
}

/** Returns the time between two instants in ms since 1970: `12 days`, `14 months` or `7 years 7 months`. */
export function age(from: number, to: number): string {
  const days = Math.max(0, Math.floor((to - from) / DAY_MS));
  if (days < daysMax) return counted(days, 'day');
  const months = monthsBetween(new Date(from), new Date(to));
  if (months < monthsMax) return counted(months, 'month');
  const rest = months % 12;
  return `${counted(Math.floor(months / 12), 'year')}${rest > 0 ? ` ${counted(rest, 'month')}` : ''}`;
}

function monthsBetween(from: Date, to: Date): number {
  const begun = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  return to.getUTCDate() < from.getUTCDate() ? begun - 1 : begun;
}

function monthOf(ms: number): string {
  const at = new Date(ms);
  return `${monthName(at.getUTCMonth())} ${at.getUTCFullYear()}`;
}
