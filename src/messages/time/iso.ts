import { Temporal } from 'temporal-polyfill';
import { civilMicros, offsetMinutes, type WallTime } from './calendar.ts';

const common = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-]\d\d:?\d\d))?)?$/;
/** A time followed by an offset or `UTC`, as databases and programs write it. */
const spacedOffset = /^(.*:\d\d(?:[.,]\d+)?) ?(?:(?:[+-]00:?00 )?(?:UTC|GMT|Z)|([+-]\d\d:?\d\d))$/i;

/** Parses an ISO 8601 date or date-time; also accepts a space before the offset, or `UTC` as offset. Undefined for anything else. */
export function readIsoTime(text: string): WallTime | undefined {
  return readCommon(text) ?? readSpaced(text) ?? readRare(text);
}

/** Parses the forms that nearly all sources use, much faster than Temporal. */
export function readCommon(text: string): WallTime | undefined {
  const match = common.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction, utc, offset] = match;
  // Temporal handles leap seconds.
  if (Number(second) > 59) return undefined;
  const micros = civilMicros({
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    ...(fraction !== undefined && { fraction }),
  });
  if (micros === undefined) return undefined;
  if (utc !== undefined) return { micros, offset: 0 };
  if (offset === undefined) return { micros };
  const minutes = offsetMinutes(offset);
  return minutes === undefined ? undefined : { micros, offset: minutes };
}

function readSpaced(text: string): WallTime | undefined {
  const [, time, offset = 'Z'] = spacedOffset.exec(text) ?? [];
  return time === undefined ? undefined : readCommon(time + offset);
}

/** Parses what Temporal accepts as an instant, as it is or with `Z` or `T00Z` appended. */
function readRare(text: string): WallTime | undefined {
  // Temporal accepts at most nine fractional digits.
  const cut = text.replace(/([.,]\d{9})\d+/, '$1');
  for (const [candidate, hasOffset] of [
    [cut, true],
    [`${cut}Z`, false],
    [`${cut}T00Z`, false],
  ] as const) {
    try {
      const { epochNanoseconds } = Temporal.Instant.from(candidate);
      const whole = epochNanoseconds / 1_000n;
      const micros = whole * 1_000n > epochNanoseconds ? whole - 1n : whole;
      return hasOffset ? { micros, offset: 0 } : { micros };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}
