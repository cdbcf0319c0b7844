import { Temporal } from 'temporal-polyfill';
import { type Interval, instant } from '../windows/interval.ts';
import type { Given } from './given.ts';
import { moment } from './parsers.ts';

const historyYears = 7;

/**
 * Reads `from`, `to` and `as-of`, as ms since 1970. The range ends now (`as-of`, or `clock`) at the latest. Without `from`, it
 * starts at the UTC day 7 calendar years before its end.
 * @param isLocal whether archive and staging are on this machine, so that a future `as-of` is harmless
 * @throws UserError if one is invalid, or the range is empty
 */
export function readRange(
  given: Given,
  clock: number,
  isLocal: boolean,
): { range: Interval; asOf: number | undefined } {
  const asOf = given.read('as-of', moment);
  if (asOf !== undefined && asOf > clock && !isLocal) {
    throw given.refuse('as-of', `it is later than now (${instant(clock)}), which requires a local archive and staging`);
  }
  const now = asOf ?? clock;
  const end = Math.min(given.read('to', moment) ?? now, now);
  const start = given.read('from', moment) ?? yearsBefore(end);
  if (start >= now) {
    throw given.refuse('from', `it is not in the past: use an instant before ${instant(now)}`);
  }
  if (start >= end) {
    const shown = given.text('from') || instant(start);
    throw given.refuse('from', `use an instant before \`to\`, which is ${instant(end)}`, shown);
  }
  return { range: { start, end }, asOf };
}

function yearsBefore(ms: number): number {
  const end = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO('UTC');
  const start = end.subtract({ years: historyYears }).startOfDay();
  return Math.max(0, start.epochMilliseconds);
}
