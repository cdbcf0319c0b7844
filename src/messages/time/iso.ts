import { Temporal } from 'temporal-polyfill';
import { civilMicros, offsetMinutes, type WallTime } from './calendar.ts';

const common = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-]\d\d:?\d\d))?)?$/;
/** A time, and behind it its offset or UTC, as databases and programs write them. */
const spacedOffset = /^(.*:\d\d(?:[.,]\d+)?) ?(?:(?:[+-]00:?00 )?(?:UTC|GMT|Z)|([+-]\d\d:?\d\d))$/i;

/** Reads an ISO 8601 date or date-time, also with a space before the offset or with `UTC` for it. Undefined for anything else. */
export function readIsoTime(text: string): WallTime | undefined {
  return readCommon(text) ?? readSpaced(text) ?? readRare(text);
}

/** Reads the forms that nearly all sources use, at a small part of Temporal's cost. */
export function readCommon(text: string): WallTime | undefined {
  const match = common.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction, utc, offset] = match;
  // A leap second is left to Temporal, and so is whatever else it may know.
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

/** Reads what Temporal takes for an instant, or would with `Z` at the end, or with a midnight. */
function readRare(text: string): WallTime | undefined {
  // Temporal takes no more digits of a fraction.
  const cut = text.replace(/([.,]\d{9})\d+/, '$1');
  for (const [candidate, isPlaced] of [
    [cut, true],
    [`${cut}Z`, false],
    [`${cut}T00Z`, false],
  ] as const) {
    try {
      const { epochNanoseconds } = Temporal.Instant.from(candidate);
      const whole = epochNanoseconds / 1_000n;
      const micros = whole * 1_000n > epochNanoseconds ? whole - 1n : whole;
      return isPlaced ? { micros, offset: 0 } : { micros };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}
