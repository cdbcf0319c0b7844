import type { LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import type { Context, Sources } from '../context.ts';
import { UserError } from '../errors.ts';
import { counted, names } from '../format.ts';
import type { Source } from '../io/ports.ts';
import type { PlannedSlot } from '../plan/decide.ts';
import { isLive } from '../plan/settled.ts';
import { type CaseName, caseLine } from '../report/phrases.ts';
import { type Instant, instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { countStatuses, type Findings } from './findings.ts';
import type { ConfirmedAt } from './merge.ts';
import { OutsideMessages } from './outside.ts';
import { combined, MergeConflict, type Merged, mergeObject, type ToMerge } from './publish.ts';
import { readFull, readStaged, type SlotReading } from './read.ts';
import { type CommitOptions, nextRecord, overtakenRecord } from './record.ts';
import { assertNotShrunk, unalertedOf } from './removed.ts';
import { findUnowned } from './seams.ts';
import { stagedChanges } from './staged.ts';

/** Merges of one read, while other writers are faster. */
const mergesMax = 5;

export interface SlotResult {
  readonly slot: Slot;
  readonly record: LedgerRecord;
  /** Messages archived for the first time. */
  readonly added: number;
  readonly isWritten: boolean;
  /** For a written object: the number of rows with a value, by declared column. */
  readonly filled: readonly number[];
  /** Bytes of JSON read. */
  readonly bytesRead: number;
  /** Pending messages of the slot. */
  readonly staged: number;
  /** The number of open messages with an alert of each status. */
  readonly openStatuses: ReadonlyMap<string, number>;
}

/**
 * Processes a planned slot: reads it or re-checks its pending messages, and merges the findings into archive, staging and
 * ledger. May be interrupted anywhere and repeated.
 * @throws UserError if the slot could not be processed
 */
export async function processSlot(
  context: Context,
  sources: Sources,
  planned: PlannedSlot,
  acceptFewer: boolean,
): Promise<SlotResult> {
  const { slot } = planned;
  const live = isLive(slot, context.now(), context.recentDays);
  const task = {
    slot,
    source: live ? sources.live : sources.settled,
    startedMs: context.elapsed(),
    acceptFewer,
    isFinal: !live,
  };
  const rechecked = planned.action === 're-check' ? await recheck(context, task) : undefined;
  return rechecked ?? processFull(context, task);
}

interface Task extends Omit<CommitOptions, 'isFull' | 'unowned'> {
  readonly source: Source;
  /** True if the slot counts as settled after a full read. */
  readonly isFinal: boolean;
}

async function processFull(context: Context, task: Task): Promise<SlotResult> {
  const outside = new OutsideMessages(task.slot);
  const reading = await readFull(context, outside.watch(task.source), task.slot, task.isFinal);
  return commitFull(context, task, reading, outside);
}

async function commitFull(
  context: Context,
  task: Task,
  reading: SlotReading,
  outside: OutsideMessages,
): Promise<SlotResult> {
  const unowned = await findUnowned(context, task.slot, reading.findings, outside);
  return commit(context, reading, { ...task, isFull: true, unowned });
}

/** Re-checks pending messages; undefined if only a full read can count what has become of them. */
async function recheck(context: Context, task: Task): Promise<SlotResult | undefined> {
  const { source, slot } = task;
  const { record, staged } = await context.staging.slot(slot);
  const readAt = record?.read_at;
  if (record?.counts === undefined || readAt === undefined || staged.length === 0) return undefined;
  // Staged by a run that ended before it could record its counts.
  if (staged.some(({ first_seen }) => first_seen > readAt)) return undefined;
  const reading = await readStaged(context, source, slot, staged);
  if (!isCountable(reading.findings, staged, readAt)) {
    await reading.spool.close();
    return undefined;
  }
  const outside = new OutsideMessages(slot);
  const full = await readMoved(context, { ...task, source: outside.watch(source) }, reading, staged);
  if (full !== undefined) return commitFull(context, task, full, outside);
  return commit(context, reading, { ...task, isFull: false });
}

/**
 * Reads the full slot if a re-check did not find a message: it may have moved to another day of the slot. This is done once:
 * a message that the full read does not return either is recorded as removed at the source.
 * @returns the full read if it returned one of the messages; the re-check is closed then
 */
async function readMoved(
  context: Context,
  { source, slot, isFinal }: Task,
  rechecked: SlotReading,
  staged: readonly StagedMessage[],
): Promise<SlotReading | undefined> {
  const lost = staged.filter(
    ({ message_id, removed_at }) => removed_at === undefined && !isFound(rechecked.findings, message_id),
  );
  if (lost.length === 0) return undefined;
  const full = await readFull(context, source, slot, isFinal).catch(async (error: unknown) => {
    await rechecked.spool.close();
    throw error;
  });
  const isAnyFound = lost.some(({ message_id }) => isFound(full.findings, message_id));
  await (isAnyFound ? rechecked : full).spool.close();
  return isAnyFound ? full : undefined;
}

function isFound({ closed, open, unalerted, invalid }: Findings, id: string): boolean {
  return (
    closed.find(id) !== undefined ||
    open.some((message) => message.id === id) ||
    unalerted.has(id) ||
    invalid.some((message) => message.id === id)
  );
}

/**
 * True if every message found was open in the last full read, and is open or closed now, with one content. A message that the
 * full read did not return, and so did not count, may be invalid now.
 */
function isCountable(findings: Findings, staged: readonly StagedMessage[], readAt: string): boolean {
  const uncounted = staged.filter(({ removed_at }) => removed_at !== undefined && removed_at <= readAt);
  const ids = new Set<string | undefined>(uncounted.map(({ message_id }) => message_id));
  if (findings.conflicting.length > 0 || findings.unalerted.size > 0 || findings.invalid.some(({ id }) => !ids.has(id)))
    return false;
  const isOpen = new Set(findings.open.map(({ id }) => id));
  return uncounted.every(({ message_id }) => !isOpen.has(message_id) && findings.closed.find(message_id) === undefined);
}

/** Merges a read, again as long as other writers come first. Closes its spool. */
async function commit(context: Context, reading: SlotReading, options: CommitOptions): Promise<SlotResult> {
  const { findings, spool } = reading;
  const { slot, isFull, acceptFewer } = options;
  let done: Merged | undefined;
  try {
    for (let attempt = 0; attempt < mergesMax; attempt += 1) {
      const { record, staged } = await context.staging.slot(slot);
      const before = { record, staged, laterAt: laterReadAt(findings, record) };
      const mustNotShrink = isFull && before.laterAt === undefined && !acceptFewer;
      const approve: ToMerge['approve'] = async (archived) => {
        if (mustNotShrink) await assertNotShrunk(context, { slot, record, staged }, findings, archived);
      };
      const confirmedAt = confirmedBy(record, staged);
      const toMerge = { slot, record, findings, spool, isFull, confirmedAt, approve };
      const merged = await mergeObject(context, toMerge).catch(ignoreConflict);
      if (merged === undefined) continue;
      done = combined(done, merged);
      const result = await recordMerge(context, options, { reading, merged: done, ...before });
      if (result !== undefined) return result;
    }
  } finally {
    await spool.close();
  }
  throw new UserError(
    'slot-contended',
    `Other runs wrote slot ${slot.id} during all ${mergesMax} attempts to merge it. Check that only one run at a time works on this archive, then re-run.`,
  );
}

/** The staging and ledger of a slot when a merge began, and the merge. */
interface MergeState {
  readonly reading: SlotReading;
  readonly merged: Merged;
  readonly record: LedgerRecord | undefined;
  readonly staged: readonly StagedMessage[];
  /** When the slot was fully read, if that was later than this read and is merged already. */
  readonly laterAt: Instant | undefined;
}

function laterReadAt({ readAt }: Findings, record: LedgerRecord | undefined): Instant | undefined {
  return record?.read_at !== undefined && record.read_at > instant(readAt) ? record.read_at : undefined;
}

/** A full read confirmed the archived version of every message that is not pending. */
function confirmedBy(record: LedgerRecord | undefined, staged: readonly StagedMessage[]): ConfirmedAt {
  const readAt = record?.read_at === undefined ? 0 : Date.parse(record.read_at);
  const pending = new Set(staged.map(({ message_id }) => message_id));
  return (id) => (pending.has(id) ? 0 : readAt);
}

function ignoreConflict(error: unknown): undefined {
  if (!(error instanceof MergeConflict)) throw error;
}

/** The steps after the object was published: stage, record, unstage. Undefined if another writer came first. */
async function recordMerge(
  context: Context,
  options: CommitOptions,
  { reading, merged, record, staged, laterAt }: MergeState,
): Promise<SlotResult | undefined> {
  const { findings } = reading;
  const { slot, isFull } = options;
  const changes = stagedChanges({ slot, findings, staged, merged, laterAt });
  await context.staging.stage(changes.stage);
  const next =
    isFull && laterAt !== undefined
      ? overtakenRecord(record!, merged)
      : nextRecord(context, options, { reading, merged, record, staging: changes });
  if (!(await context.staging.record(next, record?.revision ?? 0))) return undefined;
  await context.staging.unstage(slot, changes.unstage, instant(findings.readAt));

  const unalerted = unalertedOf(staged, findings).filter((id) => changes.unstage.includes(id));
  logCases(context, slot, { findings, merged, removedPending: changes.removed, unalerted });
  return {
    slot,
    record: next,
    added: merged.added,
    isWritten: merged.object.isWritten,
    filled: merged.object.filled ?? [],
    bytesRead: findings.bytes,
    openStatuses: countStatuses(findings.open),
    staged: changes.remaining,
  };
}

interface SlotCases {
  readonly findings: Findings;
  readonly merged: Merged;
  /** Ids of pending messages that the source no longer returns. */
  readonly removedPending: readonly string[];
  /** Ids of pending messages that have no alerts any more. */
  readonly unalerted: readonly string[];
}

function logCases(context: Context, slot: Slot, { findings, merged, removedPending, unalerted }: SlotCases): void {
  const conflicting = new Set(findings.conflicting);
  const cases: readonly (readonly [CaseName, readonly string[]])[] = [
    ['reopened', merged.reopened],
    ['amended', merged.amended],
    ['removed', merged.removed],
    ['removed_pending', removedPending],
    ['twins', findings.twins.filter((id) => !conflicting.has(id))],
    ['conflicting', findings.conflicting],
  ];
  for (const [name, ids] of cases) if (ids.length > 0) context.log.warning(`Slot ${slot.id}: ${caseLine(name, ids)}`);
  if (unalerted.length > 0)
    context.log.warning(
      `Slot ${slot.id}: ${counted(unalerted.length, 'pending message')} now without alerts, no longer pending: ${names(unalerted)}.`,
    );
}
