import { inRange, instantOf, type TimeProblem, unreadable, type WallTime } from './calendar.ts';
import { parseEpoch } from './epoch.ts';
import { readCommon, readIsoTime } from './iso.ts';
import { readMailDate } from './mail-date.ts';
import type { TimeFormat } from './pattern.ts';

export { parseEpoch } from './epoch.ts';

/** How timestamps are read that do not speak for themselves. */
export interface TimeRules {
  /** Tried before anything else. */
  readonly format?: TimeFormat | undefined;
  /** The IANA name of the time zone of times without an offset; absent: UTC. */
  readonly zone?: string | undefined;
}

/** A longer text is no timestamp. Time zone annotations are the longest part of one. */
const timestampCharsMax = 128;
/** Of a JSON string every character may be written with six. A longer token is no timestamp. */
export const tokenCharsMax = 6 * timestampCharsMax + 2;
/** Fewer digits in a string may as well be a year or a date; from nine on, seconds are of 1973 or later. */
const epochDigitsMin = 9;

const epochText = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** A date and a time in digits alone, which would pass for a number of ms, µs or ns. */
const compactTime =
  /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-4])[0-5]\d(?:[0-6]\d(?:\d{3}|\d{6})?)?$/;
const microsoftDate = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/;
const noRules: TimeRules = {};

/** As {@link readTimestamp}; undefined where there is not one instant. */
export function parseTimestamp(token: string, rules: TimeRules = noRules): bigint | undefined {
  const read = readTimestamp(token, rules);
  return typeof read === 'bigint' ? read : undefined;
}

/**
 * Reads a timestamp from the text of a valid JSON token, as µs since 1970, finer digits dropped toward the past: a number as
 * {@link parseEpoch} does, an object as MongoDB's `{"$date": …}`, a string as {@link readTimeText} does. Otherwise says why
 * there is not one instant.
 */
export function readTimestamp(token: string, rules: TimeRules = noRules): bigint | TimeProblem {
  if (token.length > tokenCharsMax) return unreadable;
  if (token.startsWith('"')) return readTimeText(JSON.parse(token) as string, rules);
  if (token.startsWith('{')) return readMongoDate(JSON.parse(token), rules);
  const formatted = rules.format?.(token);
  return formatted === undefined ? (parseEpoch(token) ?? unreadable) : instantOf(formatted, rules.zone);
}

/**
 * Reads a text as µs since 1970, or says why it is not one instant. By the format, where there is one; else ISO 8601, the
 * date of an e-mail (RFC 5322), `/Date(ms)/`, or a number of s, ms, µs or ns as {@link parseEpoch} reads it, of at least 9
 * digits and none that spell a date.
 */
function readTimeText(text: string, rules: TimeRules): bigint | TimeProblem {
  const trimmed = text.trim();
  if (text.length > timestampCharsMax || trimmed === '') return unreadable;
  const wall = rules.format?.(trimmed) ?? readCommon(trimmed);
  if (wall !== undefined) return instantOf(wall, rules.zone);
  if (epochText.test(trimmed)) return readEpochText(trimmed);
  const [, millis] = microsoftDate.exec(trimmed) ?? [];
  if (millis !== undefined) return fromMillis(millis);
  const rare = readMailDate(trimmed) ?? readIsoTime(trimmed);
  return rare === undefined ? unreadable : instantOf(rare, rules.zone);
}

function readEpochText(text: string): bigint | TimeProblem {
  if (compactTime.test(text.replace(/\..*/, ''))) return unreadable;
  return parseEpoch(text, undefined, epochDigitsMin) ?? unreadable;
}

/** MongoDB's extended JSON: ISO 8601, a number of ms, or `{"$numberLong": "…"}`, which is one too. */
function readMongoDate(value: unknown, rules: TimeRules): bigint | TimeProblem {
  const date = onlyMember(value, '$date');
  if (typeof date === 'string') return readTimeText(date, rules);
  const millis = typeof date === 'number' ? String(date) : onlyMember(date, '$numberLong');
  return typeof millis === 'string' && /^-?\d{1,15}$/.test(millis) ? fromMillis(millis) : unreadable;
}

/** The value of the member of this name, where the object has no other. */
function onlyMember(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.keys(value).length === 1 ? Reflect.get(value, name) : undefined;
}

function fromMillis(digits: string): bigint | TimeProblem {
  return inRange(BigInt(digits) * 1_000n) ?? unreadable;
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
  const wall: WallTime | undefined = readIsoTime(text);
  const instant = wall === undefined ? undefined : instantOf(wall);
  return typeof instant === 'bigint' ? instant : undefined;
}
