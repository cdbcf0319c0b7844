import { removedFolder } from '../archive/layout.ts';
import type { LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import { lastReadAt } from '../archive/object-faults.ts';
import type { Rows } from '../archive/rows.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { counted, names, number } from '../format.ts';
import { instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { Findings } from './findings.ts';
import { linesPath, publishLines, readLines } from './lines-object.ts';
import type { MergePlan } from './merge.ts';

/** Ids that a sentence names. */
const namesMax = 20;

/** What is known of a slot when a reading of all of it is to be merged. */
export interface KnownBefore {
  readonly slot: Slot;
  readonly record: LedgerRecord | undefined;
  readonly staged: readonly StagedMessage[];
}

/**
 * Holds a whole reading against what the slot is known to hold: a source that no longer returns messages that it returned
 * with alerts before may have lost them, and its word alone is not taken for it, however many others have come since.
 * @param archived the rows of the slot's object, and what of them the reading did not find
 * @throws UserError naming messages that are not returned any more, unless that was accepted once
 */
export async function assertNotShrunk(
  context: Context,
  { slot, record, staged }: KnownBefore,
  findings: Findings,
  archived: { readonly rows: Rows; readonly plan: Pick<MergePlan, 'removed' | 'unalerted'> } | undefined,
): Promise<void> {
  if (record?.counts === undefined) return;
  const before = record.counts.closed + record.counts.open;
  const now = findings.counts.closed + findings.counts.open;
  const removed = [
    ...new Set([
      ...(archived === undefined ? [] : await newlyGone(context, slot, record, archived)),
      ...newlyVanished(record, staged, findings),
    ]),
  ].sort();
  if (removed.length === 0 && now >= before) return;
  const bare = [...new Set([...(archived?.plan.unalerted ?? []), ...unalertedOf(staged, findings)])].sort();
  const sum =
    now < before ? `, down from ${number(before)} on ${record.read_at}` : ` (${number(before)} on ${record.read_at})`;
  const lost = [
    ...(removed.length > 0 ? [`no longer returned: ${names(removed, namesMax)}`] : []),
    ...(bare.length > 0 && now < before ? [`without alerts now: ${names(bare, namesMax)}`] : []),
  ];
  throw new UserError(
    `Slot ${slot.id} has shrunk: the source returned ${counted(now, 'message')} with alerts${sum}${lost.map((what) => `; ${what}`).join('')}. Check the source, then run with accept-fewer: true if that is right.`,
  );
}

/** Archived ids that the last reading of the whole slot still found, or that were archived since. */
async function newlyGone(
  context: Context,
  slot: Slot,
  record: LedgerRecord,
  { rows, plan: { removed } }: { readonly rows: Rows; readonly plan: Pick<MergePlan, 'removed'> },
): Promise<string[]> {
  if (removed.length === 0) return [];
  // The record of an earlier version says how many were removed, and not which.
  if (record.removed_sha256 === undefined && removed.length <= (record.cases?.removed ?? 0)) return [];
  const accepted = new Set(await acceptedRemovals(context, slot, record));
  // A row that is newer than the record was published by a run that ended before it could say what it had read.
  const latest = lastReadAt(record);
  return removed.filter((id) => !accepted.has(id) && rows.readAt(rows.find(id)!) <= latest);
}

/** Staged ids that this reading did not find, but the last one of the whole slot did. */
function newlyVanished({ read_at = '' }: LedgerRecord, staged: readonly StagedMessage[], findings: Findings): string[] {
  const isFound = finder(findings);
  return earlier(staged, findings)
    .filter(({ message_id, removed_at }) => !isFound(message_id) && (removed_at === undefined || removed_at > read_at))
    .map(({ message_id }) => message_id);
}

/** Staged ids that have no alerts any more. */
export function unalertedOf(staged: readonly StagedMessage[], findings: Findings): string[] {
  return earlier(staged, findings)
    .map(({ message_id }) => message_id)
    .filter((id) => findings.unalerted.has(id));
}

function earlier(staged: readonly StagedMessage[], { readAt }: Findings): readonly StagedMessage[] {
  return staged.filter(({ read_at }) => read_at <= instant(readAt));
}

function finder({ closed, open, unalerted }: Findings): (id: string) => boolean {
  const isOpen = new Set(open.map(({ id }) => id));
  return (id) => closed.find(id) !== undefined || isOpen.has(id) || unalerted.has(id);
}

/** Ids of archived messages of which it is accepted that the source no longer returns them. None, where the list is not to be trusted. */
async function acceptedRemovals(context: Context, slot: Slot, { removed_sha256 }: LedgerRecord): Promise<string[]> {
  if (removed_sha256 === undefined) return [];
  const path = linesPath(removedFolder(slot.id), removed_sha256);
  const found = await readLines(context, path);
  if ('fault' in found) {
    context.log.warning(
      `The list ${path} of messages that the source no longer returns is ${found.fault === 'absent' ? 'missing' : 'damaged'}: they are named again.`,
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
 * Keeps the list of archived messages that the source no longer returns, so that the next reading knows which of them were
 * told of and accepted.
 * @param removed what a reading of the whole slot did not find; undefined where only some messages were looked for
 * @returns hex SHA-256 of the list; undefined where it is empty
 */
export async function keepRemoved(
  context: Context,
  slot: Slot,
  record: LedgerRecord | undefined,
  findings: Findings,
  removed: readonly string[] | undefined,
): Promise<string | undefined> {
  if (removed === undefined && record?.removed_sha256 === undefined) return undefined;
  const isFound = finder(findings);
  const ids = removed ?? (await acceptedRemovals(context, slot, record!)).filter((id) => !isFound(id));
  const lines = [...ids].sort().map((message_id) => `${JSON.stringify({ message_id })}\n`);
  return publishLines(context, removedFolder(slot.id), lines);
}
