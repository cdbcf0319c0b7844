import { UserError } from '../errors.ts';
import { DAY_MS, day, type Interval, isEmpty } from './interval.ts';

/** One interval of the fixed grid of `window-days` that is counted from 1970-01-01, in both directions. */
export interface Window extends Interval {
  /** `2024-05-17..2024-07-16`: its first day and the day after its last one. */
  readonly id: string;
}

/** The window that the instant `ms` (since 1970) lies in. `windowDays` is a whole number from 1 on. */
export function windowAt(ms: number, windowDays: number): Window {
  const length = windowDays * DAY_MS;
  const start = Math.floor(ms / length) * length;
  const end = start + length;
  return { id: `${day(start)}..${day(end)}`, start, end };
}

/** The windows that share an instant with the range, in time order; none for an empty range. */
export function windowsOf(range: Interval, windowDays: number): Window[] {
  if (isEmpty(range)) return [];
  const windows = [windowAt(range.start, windowDays)];
  for (let last = windows[0]!; last.end < range.end; windows.push(last)) last = windowAt(last.end, windowDays);
  return windows;
}

/**
 * The window of that id.
 * @throws UserError where the id is malformed, not on the grid, or of another length than `windowDays`.
 */
export function windowById(id: string, windowDays: number): Window {
  const firstDay = /^(\d{4}-\d\d-\d\d)\.\.\d{4}-\d\d-\d\d$/.exec(id)?.[1];
  const start = Date.parse(firstDay ?? '');
  if (Number.isNaN(start)) {
    const example = windowAt(0, windowDays).id;
    throw new UserError(`${JSON.stringify(id)} is not the id of a window: write two dates, such as ${example}.`);
  }
  const window = windowAt(start, windowDays);
  if (window.id === id) return window;
  throw new UserError(
    `${JSON.stringify(id)} is not a window of ${windowDays} days on the grid counted from 1970-01-01: ` +
      `the window that ${firstDay} lies in is ${window.id}.`,
  );
}
