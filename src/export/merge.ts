import { Rows } from '../archive/rows.ts';
import type { Findings } from './findings.ts';

/** What a merge finds before it looks into payloads. Rows are numbers: of the archived rows, or of the closed ones found. */
export interface MergePlan {
  /** Closed rows found that the archive does not hold. */
  readonly added: readonly number[];
  /** Archived rows whose bytes differ from the closed ones found, which were read later: amended, or only spelled otherwise. */
  readonly differing: readonly { readonly archived: number; readonly found: number }[];
  /** Archived ids that the source shows with an open alert. */
  readonly reopened: readonly string[];
  /** Archived ids that the source shows without any alert: amended, with nothing to put in their place. */
  readonly unalerted: readonly string[];
  /** Archived ids that were found open, and shown closed by a reading later than that. */
  readonly closedSince: readonly string[];
  /** Archived ids that the source does not show; only a reading of the whole slot can tell. */
  readonly removed: readonly string[];
}

/**
 * Tells, in ms since 1970, when a reading that is merged already showed the archived version of an id as the source's; 0
 * where none is known to. A row cannot say so itself: of content that did not change it keeps when that was first read.
 */
export type ShownAt = (id: string) => number;

/** Compares what the archive holds of a slot with what was found. */
export function planMerge(archived: Rows, found: Findings, isWholeSlot: boolean, shownAt: ShownAt): MergePlan {
  const open = new Set(found.open.map(({ id }) => id));
  const differing: { archived: number; found: number }[] = [];
  const reopened: string[] = [];
  const closedSince: string[] = [];
  const unalerted: string[] = [];
  const removed: string[] = [];
  for (let at = 0; at < archived.size; at += 1) {
    const id = archived.id(at);
    const closedAt = found.closed.find(id);
    const keptAt = Math.max(archived.readAt(at), shownAt(id));
    const isSince = keptAt > found.readAt;
    if (closedAt !== undefined) {
      if (isNewer(found.closed, closedAt, archived, at, keptAt)) differing.push({ archived: at, found: closedAt });
    } else if (open.has(id)) (isSince ? closedSince : reopened).push(id);
    else if (isSince) continue;
    else if (found.unalerted.has(id)) unalerted.push(id);
    else if (isWholeSlot) removed.push(id);
  }
  const added: number[] = [];
  for (let at = 0; at < found.closed.size; at += 1)
    if (archived.find(found.closed.id(at)) === undefined) added.push(at);
  return { added, differing, reopened, closedSince, unalerted, removed };
}

/** Whether a closed version has other bytes and is to replace the archived one. One instant: the greater hash, in any order. */
function isNewer(closed: Rows, closedAt: number, archived: Rows, at: number, keptAt: number): boolean {
  const order = Buffer.compare(closed.sha(closedAt), archived.sha(at));
  if (order === 0) return false;
  const foundAt = closed.readAt(closedAt);
  return foundAt === keptAt ? order > 0 : foundAt > keptAt;
}

/** The slot's next content: every archived row, the amended ones replaced, and the rows added. */
export function nextRows(archived: Rows, closed: Rows, added: readonly number[], amended: readonly number[]): Rows {
  if (archived.size === 0 && added.length === closed.size) return closed;
  const next = new Rows();
  for (let at = 0; at < archived.size; at += 1) next.take(archived, at);
  for (const at of [...added, ...amended]) next.take(closed, at);
  return next;
}

/**
 * What must hold of a slot's next content before it is published.
 * @throws Error naming the invariant that does not hold: a defect, never a user's mistake
 */
export function assertContent(next: Rows, archived: Rows, slot: { id: string; start: number; end: number }): void {
  const fail = (invariant: string) => {
    throw new Error(`The next content of slot ${slot.id} is refused: ${invariant}.`);
  };
  for (let at = 0; at < archived.size; at += 1)
    if (next.find(archived.id(at)) === undefined) fail('an archived message is missing');
  const [start, end] = [BigInt(slot.start) * 1000n, BigInt(slot.end) * 1000n];
  for (let at = 0; at < next.size; at += 1) {
    if (next.timestamp(at) < start || next.timestamp(at) >= end) fail('a timestamp lies outside of the slot');
    if (next.find(next.id(at)) !== at) fail('an id stands twice');
    if (next.position(at) < 0) fail('a payload is not at hand');
  }
}
