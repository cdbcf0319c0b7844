/** A half-open time interval `[start, end)` in ms since 1970-01-01T00:00:00Z. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** `YYYY-MM-DDTHH:MM:SS.sssZ`. Fixed width, so text order is time order. */
export type Instant = string;

export const DAY_MS = 86_400_000;

/** Formats ms since 1970 as an {@link Instant}. */
export function instant(ms: number): Instant {
  return new Date(ms).toISOString();
}

/** The latest of the given instants; undefined if there are none. */
export function latest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined);
}

/** Formats ms since 1970 as `20240601T000000Z`, as in slot ids and object names. */
export function compactInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** The UTC day of `ms` since 1970, as `2024-06-01`. */
export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The inverse of {@link compactInstant}; undefined for any other text, including impossible dates. */
export function parseCompactInstant(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, date, hour, minute, second] = parts;
  const ms = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`);
  // Date.parse accepts February 30 and 24:00 as the following day.
  return Number.isNaN(ms) || compactInstant(ms) !== text ? undefined : ms;
}

/** True if the interval ends where it starts, or before. */
export function isEmpty(interval: Interval): boolean {
  return interval.end <= interval.start;
}

/** The overlap of two intervals; undefined if there is none, even if they touch. */
export function intersection(a: Interval, b: Interval): Interval | undefined {
  const shared = { start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) };
  return isEmpty(shared) ? undefined : shared;
}

export function covers(outer: Interval, inner: Interval): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/** True if the timestamp, in µs since 1970, is within the interval. */
export function contains(interval: Interval, us: bigint): boolean {
  return us >= BigInt(interval.start) * 1000n && us < BigInt(interval.end) * 1000n;
}

/** Merges intervals that overlap or touch, in time order. */
export function union(intervals: readonly Interval[]): Interval[] {
  const joined: Interval[] = [];
  for (const next of intervals.filter((each) => !isEmpty(each)).sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last && next.start <= last.end) {
      joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, next.end) };
    } else {
      joined.push({ start: next.start, end: next.end });
    }
  }
  return joined;
}
