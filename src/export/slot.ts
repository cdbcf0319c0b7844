import type { LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import type { Context, Sources } from '../context.ts';
import { UserError } from '../errors.ts';
import { counted, names } from '../format.ts';
import type { Source } from '../io/ports.ts';
import type { PlannedSlot } from '../plan/decide.ts';
import { isLive } from '../plan/settled.ts';
import { type Instant, instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { countStatuses, type Findings } from './findings.ts';
import type { ShownAt } from './merge.ts';
import { Outside } from './outside.ts';
import { MergeConflict, type Merged, mergeObject, type ToMerge, together } from './publish.ts';
import { readStaged, readWhole, type SlotReading } from './read.ts';
import { nextRecord, overtakenRecord, type Task } from './record.ts';
import { assertNotShrunk, unalertedOf } from './removed.ts';
import { findUnowned } from './seams.ts';
import { waitingAfter } from './staged.ts';

/** Merges of one reading, when other writers are faster. */
const mergesMax = 5;

/** What was done with a slot. */
export interface SlotResult {
  readonly slot: Slot;
  readonly record: LedgerRecord;
  readonly added: number;
  readonly isWritten: boolean;
  /** Of an object that was written: how many rows have a value, by declared column. */
  readonly filled: readonly number[];
  /** JSON that was read for it, in bytes. */
  readonly bytesRead: number;
  /** Messages of the slot that are staged now. */
  readonly staged: number;
  /** Of the messages that were found open, how many have an alert of each status. */
  readonly openStatuses: ReadonlyMap<string, number>;
}

/**
 * Carries out the plan for one slot: reads it or looks again at its staged messages, and merges what was found into the
 * archive, the staging and the ledger. May be cut anywhere and made again.
 * @throws UserError when the slot cannot be brought up to date
 */
export async function processSlot(
  context: Context,
  sources: Sources,
  planned: PlannedSlot,
  acceptFewer: boolean,
): Promise<SlotResult> {
  const { slot } = planned;
  const live = isLive(slot, context.now(), context.recentDays);
  const source = live ? sources.live : sources.settled;
  const startedMs = context.elapsed();
  if (planned.action === 're-check') {
    const looked = await recheck(context, source, slot, { startedMs, acceptFewer, isFinal: !live });
    if (looked !== undefined) return looked;
  }
  return commitWhole(context, source, { slot, isWhole: true, startedMs, acceptFewer }, !live);
}

/** Reads the whole slot, and sees to it that what its reading met outside of it is known to other slots. */
async function commitWhole(context: Context, source: Source, task: Task, isFinal: boolean): Promise<SlotResult> {
  const outside = new Outside(task.slot);
  const reading = await readWhole(context, outside.watch(source), task.slot, isFinal);
  return commit(context, reading, {
    ...task,
    unowned: await findUnowned(context, task.slot, reading.findings, outside),
  });
}

interface Look {
  readonly startedMs: number;
  readonly acceptFewer: boolean;
  /** Whether the slot is to count as settled by a reading of all of it. */
  readonly isFinal: boolean;
}

/** Undefined when a staged message turned into something that only a whole reading can count. */
async function recheck(context: Context, source: Source, slot: Slot, { isFinal, ...look }: Look) {
  const { record, staged } = await context.staging.slot(slot);
  const readAt = record?.read_at;
  if (record?.counts === undefined || readAt === undefined || staged.length === 0) return undefined;
  // Staged by a run that ended before it could count what it had read.
  if (staged.some(({ first_seen }) => first_seen > readAt)) return undefined;
  const reading = await readStaged(context, source, slot, staged);
  if (!isCountable(reading.findings, staged, readAt)) {
    await reading.spool.close();
    return undefined;
  }
  const outside = new Outside(slot);
  const elsewhere = await readElsewhere(context, outside.watch(source), slot, reading, staged, isFinal);
  if (elsewhere !== undefined) {
    const unowned = await findUnowned(context, slot, elsewhere.findings, outside);
    return commit(context, elsewhere, { slot, isWhole: true, ...look, unowned });
  }
  return commit(context, reading, { slot, isWhole: false, ...look });
}

/**
 * A message that is not where it was staged may have moved to another day of its slot: only a reading of the whole slot tells.
 * It is made once: what that does not show either is noted as vanished.
 * @returns the reading of the whole slot, where it shows one of them; then the other reading is closed
 */
async function readElsewhere(
  context: Context,
  source: Source,
  slot: Slot,
  looked: SlotReading,
  staged: readonly StagedMessage[],
  isFinal: boolean,
): Promise<SlotReading | undefined> {
  const lost = staged.filter(
    ({ message_id, removed_at }) => removed_at === undefined && !shows(looked.findings, message_id),
  );
  if (lost.length === 0) return undefined;
  const whole = await readWhole(context, source, slot, isFinal).catch(async (error: unknown) => {
    await looked.spool.close();
    throw error;
  });
  const isFound = lost.some(({ message_id }) => shows(whole.findings, message_id));
  await (isFound ? looked : whole).spool.close();
  return isFound ? whole : undefined;
}

function shows({ closed, open, unalerted, invalid }: Findings, id: string): boolean {
  return (
    closed.find(id) !== undefined ||
    open.some((message) => message.id === id) ||
    unalerted.has(id) ||
    invalid.some((message) => message.id === id)
  );
}

/**
 * Whether every message found was open when the slot was read as a whole, and is open or closed now, of one content. One
 * that was not shown then, and so not counted, may be invalid now.
 */
function isCountable(findings: Findings, staged: readonly StagedMessage[], readAt: string): boolean {
  const uncounted = staged.filter(({ removed_at }) => removed_at !== undefined && removed_at <= readAt);
  const ids = new Set<string | undefined>(uncounted.map(({ message_id }) => message_id));
  if (findings.conflicting.length > 0 || findings.unalerted.size > 0 || findings.invalid.some(({ id }) => !ids.has(id)))
    return false;
  const isOpen = new Set(findings.open.map(({ id }) => id));
  return uncounted.every(({ message_id }) => !isOpen.has(message_id) && findings.closed.find(message_id) === undefined);
}

async function commit(context: Context, reading: SlotReading, task: Task): Promise<SlotResult> {
  const { findings, spool } = reading;
  const { slot, isWhole, acceptFewer } = task;
  let done: Merged | undefined;
  try {
    for (let attempt = 0; attempt < mergesMax; attempt += 1) {
      const { record, staged } = await context.staging.slot(slot);
      const before = { record, staged, laterAt: laterThan(findings, record) };
      const isHeld = isWhole && before.laterAt === undefined && !acceptFewer;
      const approve: ToMerge['approve'] = async (archived) => {
        if (isHeld) await assertNotShrunk(context, { slot, record, staged }, findings, archived);
      };
      const toMerge = { slot, record, findings, spool, isWhole, shownAt: shownBy(record, staged), approve };
      const merged = await mergeObject(context, toMerge).catch(whereConflict);
      if (merged === undefined) continue;
      done = together(done, merged);
      const result = await settle(context, reading, task, before, done);
      if (result !== undefined) return result;
    }
  } finally {
    await spool.close();
  }
  throw new UserError(
    `Slot ${slot.id} was written by somebody else ${mergesMax} times while it was merged: see that one run works on it at a time, then run again.`,
  );
}

/** What staging and ledger held of a slot when a merge began. */
interface Before {
  readonly record: LedgerRecord | undefined;
  readonly staged: readonly StagedMessage[];
  /** When the whole slot was read, where that was later than this reading and is merged already. */
  readonly laterAt: Instant | undefined;
}

function laterThan({ readAt }: Findings, record: LedgerRecord | undefined): Instant | undefined {
  return record?.read_at !== undefined && record.read_at > instant(readAt) ? record.read_at : undefined;
}

/** A reading of the whole slot showed the archived version of every message, but for those that wait. */
function shownBy(record: LedgerRecord | undefined, staged: readonly StagedMessage[]): ShownAt {
  const readAt = record?.read_at === undefined ? 0 : Date.parse(record.read_at);
  const waiting = new Set(staged.map(({ message_id }) => message_id));
  return (id) => (waiting.has(id) ? 0 : readAt);
}

function whereConflict(error: unknown): undefined {
  if (!(error instanceof MergeConflict)) throw error;
}

/** The steps after the object, as the design has them; undefined when another writer came first. */
async function settle(
  context: Context,
  reading: SlotReading,
  task: Task,
  { record, staged, laterAt }: Before,
  merged: Merged,
): Promise<SlotResult | undefined> {
  const { findings } = reading;
  const { slot, isWhole } = task;
  const waiting = waitingAfter(slot, findings, staged, merged, laterAt);
  await context.staging.stage(waiting.stage);
  const next =
    isWhole && laterAt !== undefined
      ? overtakenRecord(record!, merged)
      : nextRecord(context, reading, task, record, merged, waiting);
  if (!(await context.staging.record(next, record?.revision ?? 0))) return undefined;
  await context.staging.unstage(slot, waiting.unstage, instant(findings.readAt));

  tellCases(context, slot, merged, waiting.vanished, findings);
  const bare = unalertedOf(staged, findings).filter((id) => waiting.unstage.includes(id));
  if (bare.length > 0)
    context.log.warning(
      `Slot ${slot.id}: ${counted(bare.length, 'pending message')} without alerts now, and pending no longer: ${names(bare)}.`,
    );
  return {
    slot,
    record: next,
    added: merged.added,
    isWritten: merged.object.isWritten,
    filled: merged.object.filled ?? [],
    bytesRead: findings.bytes,
    openStatuses: countStatuses(findings.open),
    staged: waiting.remaining,
  };
}

function tellCases(
  context: Context,
  slot: Slot,
  merged: Merged,
  vanished: readonly string[],
  { conflicting, twins }: Findings,
): void {
  const tell = (ids: readonly string[], what: string) => {
    if (ids.length > 0)
      context.log.warning(`Slot ${slot.id}: ${counted(ids.length, 'message')} ${what}: ${names(ids)}.`);
  };
  tell(merged.reopened, 'of the archive opened again; the archived version stays until it is closed');
  tell(merged.amended, 'of the archive changed at the source');
  tell(merged.removed, 'of the archive no longer shown by the source; the archived version stays');
  tell(vanished, 'that wait no longer shown by the source; they stay staged');
  const hasSeveral = new Set(conflicting);
  tell(
    twins.filter((id) => !hasSeveral.has(id)),
    'that the source holds more than once; each is archived once and counted as a duplicate',
  );
  tell(conflicting, 'with more than one content in the source; the one whose alerts changed last is taken');
}
