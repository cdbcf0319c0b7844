import { Temporal } from 'temporal-polyfill';

/** µs since 1970 of the first and the last instant of the years 0001 to 9999, UTC. */
const firstMicros = -62_135_596_800_000_000n;
const lastMicros = 253_402_300_799_999_999n;
const minuteMicros = 60_000_000n;
const dayMicros = 1_440n * minuteMicros;

/** What a clock on the wall shows, and where the wall stands as far as the text says so. */
export interface WallTime {
  /** µs since 1970 if the clock showed UTC. */
  readonly micros: bigint;
  /** Minutes by which the clock is ahead of UTC. */
  readonly offset?: number | undefined;
  /** The IANA name of its time zone. */
  readonly zone?: string | undefined;
}

/** Why a text is not one instant. */
export type TimeProblem =
  | 'a timestamp that cannot be read'
  | 'a timestamp that occurs twice in its time zone'
  | 'a timestamp that its time zone skips';

export const unreadable = 'a timestamp that cannot be read';

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

/** Minutes that the zones of RFC 5322 are ahead of UTC. Its military letters are left out: mail has used them both ways. */
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

/** The position of a name in the list, by its first three letters; -1 where it is none of them. */
export function nameIndex(names: readonly string[], name: string): number {
  const start = name.slice(0, 3).toLowerCase();
  return names.findIndex((each) => each.slice(0, 3).toLowerCase() === start);
}

export function inRange(micros: bigint | undefined): bigint | undefined {
  return micros !== undefined && micros >= firstMicros && micros <= lastMicros ? micros : undefined;
}

export interface CivilTime {
  readonly year: number;
  /** From 1 on. */
  readonly month: number;
  readonly day: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  /** Digits of the second's fraction. */
  readonly fraction?: string;
}

/**
 * The µs since 1970 of a time in UTC, finer digits dropped. 24:00:00 is the next day's midnight; a leap second counts as
 * the one before it. Undefined for a date or time that does not exist.
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

/** Whether a wall time lies on a day of this name; of a time that has none, it does. */
export function isWeekday(micros: bigint, name: string | undefined): boolean {
  if (name === undefined) return true;
  const days = Number((micros - (((micros % dayMicros) + dayMicros) % dayMicros)) / dayMicros);
  // 1 January 1970 was a Thursday.
  return nameIndex(weekdayNames, name) === (((days + 4) % 7) + 7) % 7;
}

/** The minutes of an offset such as `+0530`, `-05:00`, `+01` or `Z`. Undefined for one of a day or more. */
export function offsetMinutes(text: string): number | undefined {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? [];
  if (sign === undefined) return /^z$/i.test(text) ? 0 : undefined;
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (hour > 23 || minute > 59) return undefined;
  return (hour * 60 + minute) * (sign === '-' ? -1 : 1);
}

/**
 * The instant of a wall time, in µs since 1970, or why it is not one.
 * @param zone of a time that says nothing of its place; absent: UTC
 */
export function instantOf(wall: WallTime, zone?: string): bigint | TimeProblem {
  const { micros, offset } = wall;
  if (offset !== undefined) return inRange(micros - BigInt(offset) * minuteMicros) ?? unreadable;
  const place = wall.zone ?? zone;
  if (place === undefined) return inRange(micros) ?? unreadable;
  return inRange(micros) === undefined ? unreadable : zonedInstant(micros, place);
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
      ? 'a timestamp that occurs twice in its time zone'
      : 'a timestamp that its time zone skips';
  } catch (error) {
    if (error instanceof RangeError) return unreadable;
    throw error;
  }
}

/** Whether it is a time zone that {@link instantOf} knows. */
export function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
