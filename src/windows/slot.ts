import { UserError } from '../errors.ts';
import { type Window, windowAt, windowsOf } from './grid.ts';
import { compactInstant, DAY_MS, day, type Interval, intersection, isEmpty, parseCompactInstant } from './interval.ts';

export type PartitionBy = 'month' | 'day';

/** How an archive divides time. */
export interface Layout {
  /** A whole number from 1 on. */
  readonly windowDays: number;
  readonly partitionBy: PartitionBy;
}

/** What a window and a partition share: the unit of reading, writing and proof. */
export interface Slot extends Interval {
  /** `20240601T000000Z-20240701T000000Z`: its start, and its end, which is exclusive. */
  readonly id: string;
  /** The id of its window. */
  readonly window: string;
  /** `month=2024-06` or `day=2024-06-01`: the folder of its object. */
  readonly partition: string;
}

/** The slot that the instant `ms` (since 1970) lies in. */
export function slotAt(ms: number, layout: Layout): Slot {
  return slotOf(ms, windowAt(ms, layout.windowDays), layout.partitionBy);
}

/** The slots of a window, in time order: together they are the window. */
export function slotsOf(window: Window, partitionBy: PartitionBy): Slot[] {
  const slots = [slotOf(window.start, window, partitionBy)];
  for (let last = slots[0]!; last.end < window.end; slots.push(last)) last = slotOf(last.end, window, partitionBy);
  return slots;
}

/** The slots that share an instant with the range, in time order; none for an empty range. */
export function slotsIn(range: Interval, layout: Layout): Slot[] {
  return windowsOf(range, layout.windowDays)
    .flatMap((window) => slotsOf(window, layout.partitionBy))
    .filter((slot) => intersection(slot, range) !== undefined);
}

/** The shortest range of whole slots that holds the range, whose bounds are whole ms; an empty range stays as it is. */
export function widen(range: Interval, layout: Layout): Interval {
  if (isEmpty(range)) return range;
  return { start: slotAt(range.start, layout).start, end: slotAt(range.end - 1, layout).end };
}

/**
 * The slot of that id.
 * @throws UserError where the id is malformed, or is not that of a slot of this layout.
 */
export function slotById(id: string, layout: Layout): Slot {
  const start = parseCompactInstant(id.split('-')[0]!);
  if (start === undefined) {
    throw new UserError(
      `${JSON.stringify(id)} is not the id of a slot: write its start and end, such as ${slotAt(0, layout).id}.`,
    );
  }
  const slot = slotAt(start, layout);
  if (slot.id === id) return slot;
  throw new UserError(
    `${JSON.stringify(id)} is not a slot of an archive with window-days ${layout.windowDays} and partition-by ` +
      `${layout.partitionBy}: the slot that its start lies in is ${slot.id}.`,
  );
}

function slotOf(ms: number, window: Window, partitionBy: PartitionBy): Slot {
  const partition = partitionAt(ms, partitionBy);
  const start = Math.max(window.start, partition.start);
  const end = Math.min(window.end, partition.end);
  return {
    id: `${compactInstant(start)}-${compactInstant(end)}`,
    start,
    end,
    window: window.id,
    partition: partition.name,
  };
}

function partitionAt(ms: number, partitionBy: PartitionBy): Interval & { name: string } {
  const date = new Date(ms);
  const start = date.setUTCHours(0, 0, 0, 0);
  if (partitionBy === 'day') return { name: `day=${day(start)}`, start, end: start + DAY_MS };
  const first = date.setUTCDate(1);
  const end = date.setUTCMonth(date.getUTCMonth() + 1);
  return { name: `month=${day(first).slice(0, 7)}`, start: first, end };
}
