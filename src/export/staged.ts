import type { StagedMessage } from '../archive/ledger.ts';
import { type Instant, instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { Findings, OpenMessage } from './findings.ts';
import type { Merged } from './publish.ts';

/** The changes to a slot's staged messages after a merge. */
export interface StagedChanges {
  readonly stage: readonly StagedMessage[];
  /** Ids of messages that are no longer pending. */
  readonly unstage: readonly string[];
  /** Ids of pending messages that the source no longer returns. They stay staged. */
  readonly removed: readonly string[];
  /** Messages that another run has read since. They stay as they are. */
  readonly later: readonly StagedMessage[];
  /** The number of pending messages after the changes. */
  readonly remaining: number;
}

/** The findings of a read, and the state they are applied to. */
export interface StagedState {
  readonly slot: Slot;
  readonly findings: Findings;
  readonly staged: readonly StagedMessage[];
  readonly merged: Pick<Merged, 'reopened' | 'closedSince'>;
  /**
   * When the slot was fully read, if that was later than the findings and is already merged. That read no longer returned
   * messages that are open here and neither archived nor staged there.
   */
  readonly laterAt?: Instant | undefined;
}

/** Decides which messages to stage and unstage after a merge. */
export function stagedChanges({ slot, findings, staged, merged, laterAt }: StagedState): StagedChanges {
  const readAt = instant(findings.readAt);
  const known = new Map(staged.map((message) => [message.message_id, message]));
  const reopened = new Set(merged.reopened);
  const later = staged.filter(({ read_at }) => read_at > readAt);
  const settledSince = new Set([...merged.closedSince, ...later.map(({ message_id }) => message_id)]);
  const open = findings.open
    .filter(({ id }) => !settledSince.has(id))
    .map((message): StagedMessage => {
      const before = known.get(message.id);
      const removedAt = laterAt && (before?.removed_at ?? laterAt);
      return {
        ...foundOpen(slot, message, readAt, before),
        reason: reopened.has(message.id) ? 'reopened' : 'open',
        ...(removedAt !== undefined && { removed_at: removedAt }),
      };
    });
  const isOpen = new Set(open.map(({ message_id }) => message_id));
  const isDone = (id: string) =>
    settledSince.has(id) || findings.closed.find(id) !== undefined || findings.unalerted.has(id);
  const own = staged.filter(({ read_at, message_id }) => read_at <= readAt && !isOpen.has(message_id));
  const removed = own.filter(({ message_id }) => !isDone(message_id)).map((message) => notReturned(message, readAt));
  return {
    stage: [...open, ...removed],
    unstage: own.map(({ message_id }) => message_id).filter(isDone),
    removed: removed.map(({ message_id }) => message_id),
    later,
    remaining: open.length + removed.length + later.length,
  };
}

/** @param before the message as it was staged before: it keeps when it was first seen */
function foundOpen(
  slot: Slot,
  { id, timestamp, openAlerts, openAlertCount }: OpenMessage,
  readAt: Instant,
  before: StagedMessage | undefined,
) {
  return {
    slot: slot.id,
    message_id: id,
    timestamp: String(timestamp),
    open_alerts: openAlerts,
    open_alert_count: openAlertCount,
    first_seen: before?.first_seen ?? readAt,
    read_at: readAt,
    checks: checksAt(readAt, before),
  };
}

function notReturned(message: StagedMessage, readAt: Instant): StagedMessage {
  const checks = checksAt(readAt, message);
  return { ...message, read_at: readAt, checks, removed_at: message.removed_at ?? readAt };
}

/** A read whose merge is repeated, after a conflict, counts once. */
function checksAt(readAt: Instant, before: StagedMessage | undefined): number {
  if (before === undefined) return 1;
  return before.checks + (before.read_at === readAt ? 0 : 1);
}
