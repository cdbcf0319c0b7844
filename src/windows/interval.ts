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

/** Writes ms since 1970 as `20240601T000000Z`: the form of slot ids and object names. */
export function compactInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** Writes the UTC day that `ms` lies in as `2024-06-01`. */
export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
