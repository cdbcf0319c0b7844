import { inRange, instantOf, type TimeProblem, unreadable, type WallTime } from './calendar.ts';
import { parseEpoch } from './epoch.ts';
import { readCommon, readIsoTime } from './iso.ts';
import { readMailDate } from './mail-date.ts';
import type { TimeFormat } from './pattern.ts';

export { parseEpoch } from './epoch.ts';

/** Rules for timestamps that are not self-describing. */
export interface TimeRules {
  /** Tried first. */
  readonly format?: TimeFormat | undefined;
  /** IANA time zone of times without an offset. Default: UTC. */
  readonly zone?: string | undefined;
}

/** Longer texts are not timestamps. Time zone annotations are the longest part. */
const timestampCharsMax = 128;
/** Longer tokens are not timestamps. A JSON string may spell each character with six. */
export const tokenCharsMax = 6 * timestampCharsMax + 2;
/** A string of fewer digits may be a year or a date. Nine digits of seconds reach 1973. */
const epochDigitsMin = 9;

const epochText = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** A date and time in digits only, which could be mistaken for ms, µs or ns. */
const compactTime =
  /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-4])[0-5]\d(?:[0-6]\d(?:\d{3}|\d{6})?)?$/;
const microsoftDate = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/;
const noRules: TimeRules = {};

/** Like {@link readTimestamp}, but undefined if there is not exactly one instant. */
export function parseTimestamp(token: string, rules: TimeRules = noRules): bigint | undefined {
  const read = readTimestamp(token, rules);
  return typeof read === 'bigint' ? read : undefined;
}

/**
 * Parses a timestamp from a valid JSON token, in µs since 1970, rounding toward the past: a number as {@link parseEpoch}, an
 * object as MongoDB's `{"$date": …}`, a string as {@link readTimeText}. Returns the reason if there is not exactly one
 * instant.
 */
export function readTimestamp(token: string, rules: TimeRules = noRules): bigint | TimeProblem {
  if (token.length > tokenCharsMax) return unreadable;
  if (token.startsWith('"')) return readTimeText(JSON.parse(token) as string, rules);
  if (token.startsWith('{')) return readMongoDate(JSON.parse(token), rules);
  const formatted = rules.format?.(token);
  return formatted === undefined ? (parseEpoch(token) ?? unreadable) : instantOf(formatted, rules.zone);
}

/**
 * Parses a text in µs since 1970, or returns the reason why it is not exactly one instant. Tries the format of the rules
 * first; then ISO 8601, an e-mail date (RFC 5322), `/Date(ms)/`, or an epoch time as {@link parseEpoch} with at least 9
 * digits that do not spell a date.
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

/** MongoDB's extended JSON: ISO 8601, or ms as a number or as `{"$numberLong": "…"}`. */
function readMongoDate(value: unknown, rules: TimeRules): bigint | TimeProblem {
  const date = onlyMember(value, '$date');
  if (typeof date === 'string') return readTimeText(date, rules);
  const millis = typeof date === 'number' ? String(date) : onlyMember(date, '$numberLong');
  return typeof millis === 'string' && /^-?\d{1,15}$/.test(millis) ? fromMillis(millis) : unreadable;
}

/** The value of a member if it is the object's only one. */
function onlyMember(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.keys(value).length === 1 ? Reflect.get(value, name) : undefined;
}

function fromMillis(digits: string): bigint | TimeProblem {
  return inRange(BigInt(digits) * 1_000n) ?? unreadable;
}

/** Formats µs since 1970 as `2024-06-01T12:34:56.789012Z`. Fixed width for the years 0001 to 9999, so text order is time order. */
export function formatTimestamp(micros: bigint): string {
  const fraction = ((micros % 1_000n) + 1_000n) % 1_000n;
  const millis = new Date(Number((micros - fraction) / 1_000n)).toISOString();
  return `${millis.slice(0, -1)}${fraction.toString().padStart(3, '0')}Z`;
}

/**
 * Parses an ISO 8601 date or date-time in µs since 1970, rounding toward the past. UTC if it has no offset.
 * Undefined for anything else, for impossible dates, for digits only, and outside the years 0001 to 9999.
 */
export function parseInstant(text: string): bigint | undefined {
  if (text.length > timestampCharsMax || /^\d*$/.test(text)) return undefined;
  const wall: WallTime | undefined = readIsoTime(text);
  const instant = wall === undefined ? undefined : instantOf(wall);
  return typeof instant === 'bigint' ? instant : undefined;
}
