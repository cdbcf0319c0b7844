import { Temporal } from 'temporal-polyfill';

/** The first and last µs of the years 0001 to 9999 UTC, since 1970. */
const firstMicros = -62_135_596_800_000_000n;
const lastMicros = 253_402_300_799_999_999n;
const minuteMicros = 60_000_000n;
const dayMicros = 1_440n * minuteMicros;

/** A local date and time, with its offset or time zone if the text has one. */
export interface WallTime {
  /** µs since 1970, as if the local time were UTC. */
  readonly micros: bigint;
  /** Minutes ahead of UTC. */
  readonly offset?: number | undefined;
  /** IANA name. */
  readonly zone?: string | undefined;
}

/** Reasons why a text is not exactly one instant. */
export type TimeProblem =
  | 'timestamp cannot be parsed'
  | 'timestamp is ambiguous in its time zone'
  | 'timestamp does not exist in its time zone';

export const unreadable = 'timestamp cannot be parsed';

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export const weekdayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** Offsets of the RFC 5322 zone names, in minutes ahead of UTC. Military letters are omitted: mail uses them with either sign. */
export const mailZones: Readonly<Record<string, number>> = {
  UTC: 0,
  UT: 0,
  GMT: 0,
  Z: 0,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
};

/** The index of a name in the list by its first three letters; -1 if it is not there. */
export function nameIndex(names: readonly string[], name: string): number {
  const start = name.slice(0, 3).toLowerCase();
  return names.findIndex((each) => each.slice(0, 3).toLowerCase() === start);
}

export function inRange(micros: bigint | undefined): bigint | undefined {
  return micros !== undefined && micros >= firstMicros && micros <= lastMicros ? micros : undefined;
}

interface CivilTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  /** Digits of the fractional second. */
  readonly fraction?: string;
}

/**
 * µs since 1970 of a UTC date and time, finer digits truncated. 24:00:00 is midnight of the next day; a leap second counts
 * as the second before it. Undefined if the date or time does not exist.
 */
export function civilMicros(time: CivilTime): bigint | undefined {
  const { year, month, day, hour = 0, minute = 0, second = 0, fraction = '' } = time;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const isMidnight = hour === 24 && minute === 0 && second === 0 && /^0*$/.test(fraction);
  if ((hour > 23 && !isMidnight) || minute > 59 || second > 60) return undefined;
  date.setUTCHours(hour, minute, Math.min(second, 59));
  return BigInt(date.getTime()) * 1_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

/** Checks the weekday of a local time; true if no weekday is given. */
export function isWeekday(micros: bigint, name: string | undefined): boolean {
  if (name === undefined) return true;
  const days = Number((micros - (((micros % dayMicros) + dayMicros) % dayMicros)) / dayMicros);
  // 1 January 1970 was a Thursday.
  return nameIndex(weekdayNames, name) === (((days + 4) % 7) + 7) % 7;
}

/** Minutes of an offset such as `+0530`, `-05:00`, `+01` or `Z`. Undefined for 24 hours or more. */
export function offsetMinutes(text: string): number | undefined {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? [];
  if (sign === undefined) return /^z$/i.test(text) ? 0 : undefined;
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (hour > 23 || minute > 59) return undefined;
  return (hour * 60 + minute) * (sign === '-' ? -1 : 1);
}

/**
 * The instant of a local time in µs since 1970, or the reason why there is not exactly one.
 * @param zone for a time without offset and zone. Default: UTC
 */
export function instantOf(wall: WallTime, zone?: string): bigint | TimeProblem {
  const { micros, offset } = wall;
  if (offset !== undefined) return inRange(micros - BigInt(offset) * minuteMicros) ?? unreadable;
  const zoneName = wall.zone ?? zone;
  if (zoneName === undefined) return inRange(micros) ?? unreadable;
  return inRange(micros) === undefined ? unreadable : zonedInstant(micros, zoneName);
}

function zonedInstant(micros: bigint, zone: string): bigint | TimeProblem {
  const wall = Temporal.Instant.fromEpochNanoseconds(micros * 1_000n)
    .toZonedDateTimeISO('UTC')
    .toPlainDateTime();
  try {
    const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' });
    const later = wall.toZonedDateTime(zone, { disambiguation: 'later' });
    if (earlier.epochNanoseconds === later.epochNanoseconds)
      return inRange(earlier.epochNanoseconds / 1_000n) ?? unreadable;
    return earlier.toPlainDateTime().equals(wall)
      ? 'timestamp is ambiguous in its time zone'
      : 'timestamp does not exist in its time zone';
  } catch (error) {
    if (error instanceof RangeError) return unreadable;
    throw error;
  }
}

/** True if {@link instantOf} supports the time zone. */
export function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
