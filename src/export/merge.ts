import { Rows } from '../archive/rows.ts';
import type { Findings } from './findings.ts';

/** The differences of archive and findings before payloads are compared. Rows are indices of the archived or the closed rows. */
export interface MergePlan {
  /** Closed rows that the archive lacks. */
  readonly added: readonly number[];
  /** Archived rows whose bytes differ from a later read: amended, or only formatted differently. */
  readonly differing: readonly { readonly archived: number; readonly found: number }[];
  /** Archived ids that have an open alert at the source. */
  readonly reopened: readonly string[];
  /** Archived ids without any alert at the source: amended, but the archived version stays. */
  readonly unalerted: readonly string[];
  /** Archived ids that were found open, and closed by a later read. */
  readonly closedSince: readonly string[];
  /** Archived ids that the source did not return; only a full read can tell. */
  readonly removed: readonly string[];
}

/**
 * When a read that is already merged last returned the archived version of an id, in ms since 1970; 0 if unknown. A row does
 * not say: it keeps the time when its content was first read.
 */
export type ConfirmedAt = (id: string) => number;

/** Compares the archived rows of a slot with the findings. */
export function planMerge(archived: Rows, found: Findings, isFullRead: boolean, confirmedAt: ConfirmedAt): MergePlan {
  const open = new Set(found.open.map(({ id }) => id));
  const differing: { archived: number; found: number }[] = [];
  const reopened: string[] = [];
  const closedSince: string[] = [];
  const unalerted: string[] = [];
  const removed: string[] = [];
  for (let at = 0; at < archived.size; at += 1) {
    const id = archived.id(at);
    const closedAt = found.closed.find(id);
    const archivedAt = Math.max(archived.readAt(at), confirmedAt(id));
    const isLater = archivedAt > found.readAt;
    if (closedAt !== undefined) {
      if (isNewer(found.closed, closedAt, { archived, at, archivedAt }))
        differing.push({ archived: at, found: closedAt });
    } else if (open.has(id)) (isLater ? closedSince : reopened).push(id);
    else if (isLater) continue;
    else if (found.unalerted.has(id)) unalerted.push(id);
    else if (isFullRead) removed.push(id);
  }
  const added: number[] = [];
  for (let at = 0; at < found.closed.size; at += 1)
    if (archived.find(found.closed.id(at)) === undefined) added.push(at);
  return { added, differing, reopened, closedSince, unalerted, removed };
}

/** True if a closed version with other bytes replaces the archived one. At the same instant, the greater hash wins. */
function isNewer(
  closed: Rows,
  closedAt: number,
  { archived, at, archivedAt }: { readonly archived: Rows; readonly at: number; readonly archivedAt: number },
): boolean {
  const order = Buffer.compare(closed.sha(closedAt), archived.sha(at));
  if (order === 0) return false;
  const foundAt = closed.readAt(closedAt);
  return foundAt === archivedAt ? order > 0 : foundAt > archivedAt;
}

/** The slot's next content: every archived row, with the amended ones replaced, and the added rows. */
export function nextRows(archived: Rows, closed: Rows, added: readonly number[], amended: readonly number[]): Rows {
  if (archived.size === 0 && added.length === closed.size) return closed;
  const next = new Rows();
  for (let at = 0; at < archived.size; at += 1) next.take(archived, at);
  for (const at of [...added, ...amended]) next.take(closed, at);
  return next;
}

/**
 * Checks the invariants of a slot's next content before it is published.
 * @throws Error naming the violated invariant: a bug
 */
export function assertContent(next: Rows, archived: Rows, slot: { id: string; start: number; end: number }): void {
  const fail = (invariant: string) => {
    throw new Error(`The next content of slot ${slot.id} violates an invariant: ${invariant}.`);
  };
  for (let at = 0; at < archived.size; at += 1)
    if (next.find(archived.id(at)) === undefined) fail('an archived message is missing');
  const [start, end] = [BigInt(slot.start) * 1000n, BigInt(slot.end) * 1000n];
  for (let at = 0; at < next.size; at += 1) {
    if (next.timestamp(at) < start || next.timestamp(at) >= end) fail('a timestamp is outside of the slot');
    if (next.find(next.id(at)) !== at) fail('an id occurs twice');
    if (next.position(at) < 0) fail('a payload is missing');
  }
}
