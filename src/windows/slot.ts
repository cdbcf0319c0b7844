import { UserError } from '../errors.ts';
import { type Window, windowAt, windowsOf } from './grid.ts';
import { compactInstant, DAY_MS, day, type Interval, intersection, isEmpty, parseCompactInstant } from './interval.ts';

type PartitionBy = 'month' | 'day';

/** How an archive partitions time. */
export interface Layout {
  /** A positive integer. */
  readonly windowDays: number;
  readonly partitionBy: PartitionBy;
}

/** The intersection of a window and a partition: the unit of reading, writing and proof. */
export interface Slot extends Interval {
  /** Start and exclusive end: `20240601T000000Z-20240701T000000Z`. */
  readonly id: string;
  /** The id of its window. */
  readonly window: string;
  /** The folder of its object: `month=2024-06` or `day=2024-06-01`. */
  readonly partition: string;
}

/** The slot that contains the instant `ms` (since 1970). */
export function slotAt(ms: number, layout: Layout): Slot {
  return slotOf(ms, windowAt(ms, layout.windowDays), layout.partitionBy);
}

/** The slots of a window, in time order and without gaps. */
export function slotsOf(window: Window, partitionBy: PartitionBy): Slot[] {
  const slots = [slotOf(window.start, window, partitionBy)];
  for (let last = slots[0]!; last.end < window.end; slots.push(last)) last = slotOf(last.end, window, partitionBy);
  return slots;
}

/** The slots that overlap the range, in time order; none for an empty range. */
export function slotsIn(range: Interval, layout: Layout): Slot[] {
  return windowsOf(range, layout.windowDays)
    .flatMap((window) => slotsOf(window, layout.partitionBy))
    .filter((slot) => intersection(slot, range) !== undefined);
}

/** Extends the range to slot boundaries. An empty range is returned unchanged. */
export function widen(range: Interval, layout: Layout): Interval {
  if (isEmpty(range)) return range;
  return { start: slotAt(range.start, layout).start, end: slotAt(range.end - 1, layout).end };
}

/**
 * The slot with this id.
 * @throws UserError if the id is malformed or not a slot of this layout
 */
export function slotById(id: string, layout: Layout): Slot {
  const start = parseCompactInstant(id.split('-')[0]!);
  if (start === undefined) {
    throw new UserError(
      'input-invalid',
      `${JSON.stringify(id)} is not a slot id. Use its start and end, such as ${slotAt(0, layout).id}.`,
    );
  }
  const slot = slotAt(start, layout);
  if (slot.id === id) return slot;
  throw new UserError(
    'input-invalid',
    `${JSON.stringify(id)} is not a slot of an archive with window-days ${layout.windowDays} and partition-by ` +
      `${layout.partitionBy}. The slot that contains its start is ${slot.id}.`,
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
