import type { Page, ScannedMessage } from '../../messages/page.ts';
import { invalidMessage } from '../../messages/read.ts';
import { DAY_MS, type Interval } from '../../windows/interval.ts';
import type { ApiTimeFormat } from './settings.ts';

/** How far outside the requested range a message may be: servers use other time zones, and ends may be inclusive. */
const beyondMs: Readonly<Record<ApiTimeFormat, number>> = {
  date: 2 * DAY_MS,
  iso: 1000,
  'iso-s': 2000,
  'iso-offset': 2000,
  'epoch-s': 2000,
  'epoch-ms': 1000,
};
/**
 * A message this far outside comes from a wrong clock, such as 1970 or 2038. A nearer one was selected by a time other than
 * its own and belongs to another slot of the archive, so it must not be quarantined.
 */
const farMs = 92 * DAY_MS;
/** A single stray proves nothing about the server. */
const straysMin = 2;

/** A page whose messages far outside the requested range are marked invalid. */
export interface Kept {
  readonly page: Page;
  readonly far: number;
  /** The time of a message outside the requested range but not far from it, in ms since 1970. */
  readonly near: number | undefined;
}

/** @param asked the requested range */
export function withoutStrays(page: Page, asked: Interval, format: ApiTimeFormat): Kept {
  const allowed = microseconds(asked, beyondMs[format]);
  const close = microseconds(asked, farMs);
  let far = 0;
  let near: bigint | undefined;
  const messages = page.messages.map((message): ScannedMessage => {
    const { timestamp } = message;
    if (timestamp === undefined || isWithin(timestamp, allowed)) return message;
    if (isWithin(timestamp, close)) {
      near ??= timestamp;
      return message;
    }
    far += 1;
    const { start, end, id } = message;
    return { start, ...invalidMessage(end, 'timestamp is far outside the requested range', id) };
  });
  return { page: far > 0 ? { ...page, messages } : page, far, near: near === undefined ? near : Number(near / 1000n) };
}

/** Returns whether this share of strays among the messages received means that the server ignores the range. */
export function ignoresRange(strays: number, received: number): boolean {
  return strays >= straysMin && strays > received / 2;
}

type Microseconds = readonly [start: bigint, end: bigint];

function microseconds({ start, end }: Interval, moreMs: number): Microseconds {
  return [BigInt(start - moreMs) * 1000n, BigInt(end + moreMs) * 1000n];
}

function isWithin(timestamp: bigint, [start, end]: Microseconds): boolean {
  return timestamp >= start && timestamp < end;
}
