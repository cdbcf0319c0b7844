import { UserError } from '../errors.ts';
import { DAY_MS, day, type Interval, isEmpty } from './interval.ts';

/** An interval of the fixed grid of `window-days`, which extends in both directions from 1970-01-01. */
export interface Window extends Interval {
  /** First day and exclusive end: `2024-05-17..2024-07-16`. */
  readonly id: string;
}

/** The window that contains the instant `ms` (since 1970). `windowDays` is a positive integer. */
export function windowAt(ms: number, windowDays: number): Window {
  const length = windowDays * DAY_MS;
  const start = Math.floor(ms / length) * length;
  const end = start + length;
  return { id: `${day(start)}..${day(end)}`, start, end };
}

/** The windows that overlap the range, in time order; none for an empty range. */
export function windowsOf(range: Interval, windowDays: number): Window[] {
  if (isEmpty(range)) return [];
  const windows = [windowAt(range.start, windowDays)];
  for (let last = windows[0]!; last.end < range.end; windows.push(last)) last = windowAt(last.end, windowDays);
  return windows;
}

/**
 * The window with this id.
 * @throws UserError if the id is malformed, off the grid, or not `windowDays` long
 */
export function windowById(id: string, windowDays: number): Window {
  const firstDay = /^(\d{4}-\d\d-\d\d)\.\.\d{4}-\d\d-\d\d$/.exec(id)?.[1];
  const start = Date.parse(firstDay ?? '');
  if (Number.isNaN(start)) {
    const example = windowAt(0, windowDays).id;
    throw new UserError(
      'input-invalid',
      `${JSON.stringify(id)} is not a window id. Use two dates, such as ${example}.`,
    );
  }
  const window = windowAt(start, windowDays);
  if (window.id === id) return window;
  throw new UserError(
    'input-invalid',
    `${JSON.stringify(id)} is not a window on the ${windowDays}-day grid that starts at 1970-01-01. ` +
      `The window that contains ${firstDay} is ${window.id}.`,
  );
}
