import type { StagedMessage } from '../archive/ledger.ts';
import { type Instant, instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { Findings, OpenMessage } from './findings.ts';
import type { Merged } from './publish.ts';

/** What becomes of a slot's staged messages. */
export interface Waiting {
  readonly stage: readonly StagedMessage[];
  readonly unstage: readonly string[];
  readonly vanished: readonly string[];
  /** Of the staged messages, those that another run has read since: they stay as they are. */
  readonly later: readonly StagedMessage[];
  /** Staged messages when all is done. */
  readonly remaining: number;
}

/**
 * Decides what is staged and unstaged after a merge.
 * @param laterAt when the whole slot was read, where that was later than these findings and is merged already: then what
 *   is open here and neither archived nor staged there was not shown as open any more
 */
export function waitingAfter(
  slot: Slot,
  findings: Findings,
  staged: readonly StagedMessage[],
  merged: Pick<Merged, 'reopened' | 'closedSince'>,
  laterAt: Instant | undefined,
): Waiting {
  const readAt = instant(findings.readAt);
  const known = new Map(staged.map((message) => [message.message_id, message]));
  const reopened = new Set(merged.reopened);
  const later = staged.filter(({ read_at }) => read_at > readAt);
  const settledSince = new Set([...merged.closedSince, ...later.map(({ message_id }) => message_id)]);
  const open = findings.open
    .filter(({ id }) => !settledSince.has(id))
    .map((message): StagedMessage => {
      const before = known.get(message.id);
      const vanishedAt = laterAt && (before?.removed_at ?? laterAt);
      return {
        ...foundOpen(slot, message, readAt, before),
        reason: reopened.has(message.id) ? 'reopened' : 'open',
        ...(vanishedAt !== undefined && { removed_at: vanishedAt }),
      };
    });
  const isOpen = new Set(open.map(({ message_id }) => message_id));
  const isDone = (id: string) =>
    settledSince.has(id) || findings.closed.find(id) !== undefined || findings.unalerted.has(id);
  const own = staged.filter(({ read_at, message_id }) => read_at <= readAt && !isOpen.has(message_id));
  const vanished = own.filter(({ message_id }) => !isDone(message_id)).map((message) => foundNoMore(message, readAt));
  return {
    stage: [...open, ...vanished],
    unstage: own.map(({ message_id }) => message_id).filter(isDone),
    vanished: vanished.map(({ message_id }) => message_id),
    later,
    remaining: open.length + vanished.length + later.length,
  };
}

/** What is known of the message from before stays. */
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

function foundNoMore(message: StagedMessage, readAt: Instant): StagedMessage {
  const checks = checksAt(readAt, message);
  return { ...message, read_at: readAt, checks, removed_at: message.removed_at ?? readAt };
}

/** A reading that is merged again, since another writer came first, is still one. */
function checksAt(readAt: Instant, before: StagedMessage | undefined): number {
  if (before === undefined) return 1;
  return before.checks + (before.read_at === readAt ? 0 : 1);
}
