import { Temporal } from 'temporal-polyfill';

/** µs since 1970 of the first and the last instant of the years 0001 to 9999, UTC. */
const firstMicros = -62_135_596_800_000_000n;
const lastMicros = 253_402_300_799_999_999n;
/** Digits of the greatest number of µs in that range. */
const microsDigitsMax = 18;
/** A number with more digits before its point is epoch ms; the others, below 10^11, are epoch s. */
const secondsDigitsMax = 11;
/** A longer text is no timestamp. Time zone annotations are the longest part of one. */
const timestampCharsMax = 128;
/** Of a JSON string every character may be written with six. */
const tokenCharsMax = 6 * timestampCharsMax + 2;

const common = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))?)?$/;
const jsonNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Reads a timestamp from the text of a valid JSON token, a string with its quotes or a number, as µs since 1970: a string
 * as {@link parseInstant} does, a number as {@link parseEpoch} does. Undefined for anything else.
 */
export function parseTimestamp(token: string): bigint | undefined {
  if (token.length > tokenCharsMax) return undefined;
  return token.startsWith('"') ? parseInstant(JSON.parse(token) as string) : parseEpoch(token);
}

/** Writes µs since 1970 as `2024-06-01T12:34:56.789012Z`: of one width for the years 0001 to 9999, so text order is time order. */
export function formatTimestamp(micros: bigint): string {
  const fraction = ((micros % 1_000n) + 1_000n) % 1_000n;
  const millis = new Date(Number((micros - fraction) / 1_000n)).toISOString();
  return `${millis.slice(0, -1)}${fraction.toString().padStart(3, '0')}Z`;
}

/**
 * Reads an ISO 8601 date or date-time as µs since 1970, finer digits dropped toward the past. Without an offset it is UTC.
 * Undefined for anything else, for impossible dates, for digits alone, and outside the years 0001 to 9999.
 */
export function parseInstant(text: string): bigint | undefined {
  if (text.length > timestampCharsMax || /^\d*$/.test(text)) return undefined;
  return inRange(parseCommon(text) ?? parseRare(text));
}

/**
 * Reads the text of a JSON number as µs since 1970, by exact decimal arithmetic, finer digits dropped toward the past:
 * from a magnitude of 10^11 on it is ms since 1970, below that s. Undefined outside the years 0001 to 9999.
 */
export function parseEpoch(number: string): bigint | undefined {
  if (number.length > timestampCharsMax) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = jsonNumber.exec(number) ?? [];
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return 0n;
  // The number is 0.digits × 10^point; the first `kept` of its digits are whole µs.
  const point = digits.length - fraction.length + Number(exponent);
  const kept = Math.max(0, point + (point > secondsDigitsMax ? 3 : 6));
  if (kept > microsDigitsMax) return undefined;
  const micros = BigInt(digits.slice(0, kept).padEnd(kept, '0'));
  const isExact = /^0*$/.test(digits.slice(kept));
  return inRange(sign === '-' ? -micros - (isExact ? 0n : 1n) : micros);
}

function inRange(micros: bigint | undefined): bigint | undefined {
  return micros !== undefined && micros >= firstMicros && micros <= lastMicros ? micros : undefined;
}

/** Reads the forms that nearly all sources use, at a small part of Temporal's cost. Undefined: Temporal decides. */
function parseCommon(text: string): bigint | undefined {
  const match = common.exec(text);
  if (match === null) return undefined;
  const numbers = match.map((digits) => Number(digits ?? 0));
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, , , offsetHour = 0, offsetMinute = 0] =
    numbers;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const isTime = hour <= 23 && minute <= 59 && second <= 59 && offsetHour <= 23 && offsetMinute <= 59;
  if (!isDate || !isTime) return undefined;
  const offset = (offsetHour * 60 + offsetMinute) * (match[8] === '-' ? -1 : 1);
  date.setUTCHours(hour, minute - offset, second);
  const micros = (match[7] ?? '').slice(0, 6).padEnd(6, '0');
  return BigInt(date.getTime()) * 1_000n + BigInt(micros);
}

/** Reads what Temporal takes for an instant, or would with `Z` at the end, or with a midnight. */
function parseRare(text: string): bigint | undefined {
  for (const candidate of [text, `${text}Z`, `${text}T00Z`]) {
    try {
      const { epochNanoseconds } = Temporal.Instant.from(candidate);
      const micros = epochNanoseconds / 1_000n;
      return micros * 1_000n > epochNanoseconds ? micros - 1n : micros;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}
