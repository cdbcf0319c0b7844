import type { Page, ScannedMessage } from '../../messages/page.ts';
import { invalidMessage } from '../../messages/read.ts';
import { DAY_MS, type Interval } from '../../windows/interval.ts';
import type { ApiTimeFormat } from './settings.ts';

/** How far beyond what was asked for an answer may lie: servers count days elsewhere, and ends inclusively or not. */
const beyondMs: Readonly<Record<ApiTimeFormat, number>> = {
  date: 2 * DAY_MS,
  iso: 1000,
  'iso-s': 2000,
  'iso-offset': 2000,
  'epoch-s': 2000,
  'epoch-ms': 1000,
};
/**
 * A message so far away has a broken clock, as 1970 and 2038 do. One that is nearer was selected by another time than its
 * own, and belongs to another slot of the archive: it may not be put aside.
 */
const farMs = 92 * DAY_MS;
/** One alone tells nothing of the server. */
const straysMin = 2;

/** A page without messages from far outside of what was asked for: they stand in it as invalid. */
export interface Kept {
  readonly page: Page;
  readonly far: number;
  /** A message outside of what was asked for that is not far away, in ms since 1970. */
  readonly near: number | undefined;
}

/** @param asked the range that the server was asked for */
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
    return { start, ...invalidMessage(end, 'a timestamp far outside of the range that was asked for', id) };
  });
  return { page: far > 0 ? { ...page, messages } : page, far, near: near === undefined ? near : Number(near / 1000n) };
}

/** Whether so many strays among so many messages mean that the server does not heed the range. */
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
