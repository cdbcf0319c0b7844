/** A half-open span of time `[start, end)`, both in ms since 1970-01-01T00:00:00Z. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** `YYYY-MM-DDTHH:MM:SS.sssZ`: of fixed width, so that text order is time order. */
export type Instant = string;

export const DAY_MS = 86_400_000;

/** Writes ms since 1970 as an {@link Instant}. */
export function instant(ms: number): Instant {
  return new Date(ms).toISOString();
}

/** The latest of those that are there; undefined where none is. */
export function latest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined);
}

/** Writes ms since 1970 as `20240601T000000Z`: the form of slot ids and object names. */
export function compactInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** Writes the UTC day that `ms` lies in as `2024-06-01`. */
export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Reads what {@link compactInstant} writes, as ms since 1970; undefined for any other text, also for `20240230T000000Z`. */
export function parseCompactInstant(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, date, hour, minute, second] = parts;
  const ms = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`);
  // Date.parse takes the 30th of February for the 1st of March, and 24:00 for the next day.
  return Number.isNaN(ms) || compactInstant(ms) !== text ? undefined : ms;
}

/** Whether the interval holds no instant: it ends where it starts, or before. */
export function isEmpty(interval: Interval): boolean {
  return interval.end <= interval.start;
}

/** What two intervals share; undefined where they share no instant, so also where they only touch. */
export function intersection(a: Interval, b: Interval): Interval | undefined {
  const shared = { start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) };
  return isEmpty(shared) ? undefined : shared;
}

/** Whether all of `inner` lies in `outer`. */
export function covers(outer: Interval, inner: Interval): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/** Whether a message's timestamp, in µs since 1970, lies in the interval, whose bounds are whole ms. */
export function contains(interval: Interval, us: bigint): boolean {
  return us >= BigInt(interval.start) * 1000n && us < BigInt(interval.end) * 1000n;
}

/** The fewest intervals that hold the same instants, in time order: those that overlap or touch become one. */
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
