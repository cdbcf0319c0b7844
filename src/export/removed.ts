import { removedFolder } from '../archive/layout.ts';
import type { LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import { linesPath, readLines } from '../archive/lines-object.ts';
import { lastReadAt } from '../archive/object-faults.ts';
import type { Rows } from '../archive/rows.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { counted, names, number } from '../format.ts';
import { instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { Findings } from './findings.ts';
import type { MergePlan } from './merge.ts';
import { publishLines } from './publish-lines.ts';

/** The number of ids in an error. */
const namesMax = 20;

/** State of a slot before a full read is merged. */
export interface StateBefore {
  readonly slot: Slot;
  readonly record: LedgerRecord | undefined;
  readonly staged: readonly StagedMessage[];
}

/** The archived rows, and which of them the read did not return. */
interface ArchivedDifferences {
  readonly rows: Rows;
  readonly plan: Pick<MergePlan, 'removed' | 'unalerted'>;
}

/**
 * Compares a full read with the slot's known messages. A source that no longer returns messages with alerts may have lost
 * them, so their removal must be accepted once, no matter how many messages were added.
 * @param archived absent if the archive holds exactly what was found
 * @throws UserError naming removed messages that were not accepted
 */
export async function assertNotShrunk(
  context: Context,
  before: StateBefore,
  findings: Findings,
  archived: ArchivedDifferences | undefined,
): Promise<void> {
  const { slot, record, staged } = before;
  if (record?.counts === undefined) return;
  const countBefore = record.counts.closed + record.counts.open;
  const count = findings.counts.closed + findings.counts.open;
  const removed = [
    ...new Set([
      ...(archived === undefined ? [] : await newlyRemoved(context, slot, record, archived)),
      ...newlyRemovedPending(record, staged, findings),
    ]),
  ].sort();
  if (removed.length === 0 && count >= countBefore) return;
  const unalerted = [...new Set([...(archived?.plan.unalerted ?? []), ...unalertedOf(staged, findings)])].sort();
  const comparison =
    count < countBefore
      ? `, down from ${number(countBefore)} on ${record.read_at}`
      : ` (${number(countBefore)} on ${record.read_at})`;
  const lost = [
    ...(removed.length > 0 ? [`no longer returned: ${names(removed, namesMax)}`] : []),
    ...(unalerted.length > 0 && count < countBefore ? [`now without alerts: ${names(unalerted, namesMax)}`] : []),
  ];
  throw new UserError(
    'slot-shrunk',
    `Slot ${slot.id} has shrunk: the source returned ${counted(count, 'message')} with alerts${comparison}${lost.map((what) => `; ${what}`).join('')}. Check the source. If the messages were removed on purpose, run with accept-fewer: true.`,
  );
}

/** Archived ids that the last full read still returned, or that were archived since. */
async function newlyRemoved(
  context: Context,
  slot: Slot,
  record: LedgerRecord,
  { rows, plan: { removed } }: ArchivedDifferences,
): Promise<string[]> {
  if (removed.length === 0) return [];
  // A record without a list only has the number of removed messages.
  if (record.removed_sha256 === undefined && removed.length <= (record.cases?.removed ?? 0)) return [];
  const accepted = new Set(await acceptedRemovals(context, slot, record));
  // A row newer than the record was published by a run that ended before it could write the record.
  const latest = lastReadAt(record);
  return removed.filter((id) => !accepted.has(id) && rows.readAt(rows.find(id)!) <= latest);
}

/** Staged ids that this read did not return, but the last full read did. */
function newlyRemovedPending(
  { read_at = '' }: LedgerRecord,
  staged: readonly StagedMessage[],
  findings: Findings,
): string[] {
  const isFound = finder(findings);
  return stagedBefore(staged, findings)
    .filter(({ message_id, removed_at }) => !isFound(message_id) && (removed_at === undefined || removed_at > read_at))
    .map(({ message_id }) => message_id);
}

/** Staged ids that have no alerts any more. */
export function unalertedOf(staged: readonly StagedMessage[], findings: Findings): string[] {
  return stagedBefore(staged, findings)
    .map(({ message_id }) => message_id)
    .filter((id) => findings.unalerted.has(id));
}

function stagedBefore(staged: readonly StagedMessage[], { readAt }: Findings): readonly StagedMessage[] {
  return staged.filter(({ read_at }) => read_at <= instant(readAt));
}

function finder({ closed, open, unalerted }: Findings): (id: string) => boolean {
  const isOpen = new Set(open.map(({ id }) => id));
  return (id) => closed.find(id) !== undefined || isOpen.has(id) || unalerted.has(id);
}

/** Ids of archived messages whose removal was accepted; none if the list is missing or damaged. */
async function acceptedRemovals(context: Context, slot: Slot, { removed_sha256 }: LedgerRecord): Promise<string[]> {
  if (removed_sha256 === undefined) return [];
  const path = linesPath(removedFolder(slot.id), removed_sha256);
  const found = await readLines(context.archive, path);
  if ('fault' in found) {
    context.log.warning(
      `The list ${path} of messages removed at the source is ${found.fault === 'absent' ? 'missing' : 'damaged'}. The messages must be accepted again.`,
    );
    return [];
  }
  const lines = found.bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { message_id: string }).message_id);
}

/**
 * Publishes the list of archived messages removed at the source, so that the next read knows which removals were accepted.
 * @param removed ids that a full read did not return; undefined after a re-check
 * @returns the SHA-256 of the list in hex; undefined if it is empty
 */
export async function publishRemoved(
  context: Context,
  { slot, record }: Omit<StateBefore, 'staged'>,
  findings: Findings,
  removed: readonly string[] | undefined,
): Promise<string | undefined> {
  if (removed === undefined && record?.removed_sha256 === undefined) return undefined;
  const isFound = finder(findings);
  const ids = removed ?? (await acceptedRemovals(context, slot, record!)).filter((id) => !isFound(id));
  const lines = [...ids].sort().map((message_id) => `${JSON.stringify({ message_id })}\n`);
  return publishLines(context, removedFolder(slot.id), lines);
}
