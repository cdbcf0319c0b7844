import type { Findings } from '../archive/findings.ts';
import type { LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import type { ShownAt } from '../archive/merge.ts';
import { UserError } from '../errors.ts';
import type { Source } from '../io/ports.ts';
import { type Instant, instant } from '../windows/interval.ts';
import type { PlannedSlot } from '../windows/planner.ts';
import { isLive, type Slot } from '../windows/slots.ts';
import { counted, names, number } from '../words.ts';
import { MergeConflict, type Merged, mergeObject, together } from './merge-slot.ts';
import type { Parts, Sources } from './parts.ts';
import { readStaged, readWhole, type SlotReading } from './read-slot.ts';
import { nextRecord, overtakenRecord, type Task } from './slot-record.ts';
import { waitingAfter } from './waiting.ts';

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
}

/**
 * Carries out the plan for one slot: reads it or looks again at its staged messages, and merges what was found into the
 * archive, the staging and the ledger. May be cut anywhere and made again.
 * @throws UserError when the slot cannot be brought up to date
 */
export async function processSlot(
  parts: Parts,
  sources: Sources,
  planned: PlannedSlot,
  acceptFewer: boolean,
): Promise<SlotResult> {
  const { slot } = planned;
  const live = isLive(slot, parts.now(), parts.recentDays);
  const source = live ? sources.live : sources.settled;
  const startedMs = parts.elapsed();
  if (planned.action === 'look-again') {
    const looked = await lookAgain(parts, source, slot, startedMs, acceptFewer);
    if (looked !== undefined) return looked;
  }
  const reading = await readWhole(parts, source, slot, !live);
  return commit(parts, reading, { slot, isWhole: true, startedMs, acceptFewer });
}

/** Undefined when a staged message turned into something that only a whole reading can count. */
async function lookAgain(parts: Parts, source: Source, slot: Slot, startedMs: number, acceptFewer: boolean) {
  const { record, staged } = await parts.staging.slot(slot);
  const readAt = record?.read_at;
  if (record?.counts === undefined || readAt === undefined || staged.length === 0) return undefined;
  // Staged by a run that ended before it could count what it had read.
  if (staged.some(({ first_seen }) => first_seen > readAt)) return undefined;
  const reading = await readStaged(parts, source, slot, staged);
  if (isCountable(reading.findings, staged, readAt))
    return commit(parts, reading, { slot, isWhole: false, startedMs, acceptFewer });
  await reading.spool.close();
  return undefined;
}

/**
 * Whether every message found was open when the slot was read as a whole, and is open or closed now, of one content. One
 * that was not shown then, and so not counted, may be invalid now.
 */
function isCountable(findings: Findings, staged: readonly StagedMessage[], readAt: string): boolean {
  const uncounted = staged.filter(({ vanished_at }) => vanished_at !== undefined && vanished_at <= readAt);
  const ids = new Set<string | undefined>(uncounted.map(({ message_id }) => message_id));
  if (findings.conflicting.length > 0 || findings.unalerted.size > 0 || findings.invalid.some(({ id }) => !ids.has(id)))
    return false;
  const isOpen = new Set(findings.open.map(({ id }) => id));
  return uncounted.every(({ message_id }) => !isOpen.has(message_id) && findings.closed.find(message_id) === undefined);
}

async function commit(parts: Parts, reading: SlotReading, task: Task): Promise<SlotResult> {
  const { findings, spool } = reading;
  const { slot, isWhole, acceptFewer } = task;
  let done: Merged | undefined;
  try {
    for (let attempt = 0; attempt < mergesMax; attempt += 1) {
      const { record, staged } = await parts.staging.slot(slot);
      const before = { record, staged, laterAt: laterThan(findings, record) };
      if (isWhole && before.laterAt === undefined) assertNotShrunk(slot, record, findings, acceptFewer);
      const toMerge = { slot, record, findings, spool, isWhole, shownAt: shownBy(record, staged) };
      const merged = await mergeObject(parts, toMerge).catch(whereConflict);
      if (merged === undefined) continue;
      done = together(done, merged);
      const result = await settle(parts, reading, task, before, done);
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
  parts: Parts,
  reading: SlotReading,
  task: Task,
  { record, staged, laterAt }: Before,
  merged: Merged,
): Promise<SlotResult | undefined> {
  const { findings } = reading;
  const { slot, isWhole } = task;
  const waiting = waitingAfter(slot, findings, staged, merged, laterAt);
  await parts.staging.stage(waiting.stage);
  const next =
    isWhole && laterAt !== undefined
      ? overtakenRecord(record!, merged)
      : nextRecord(parts, reading, task, record, merged, waiting);
  if (!(await parts.staging.record(next, record?.revision ?? 0))) return undefined;
  await parts.staging.unstage(slot, waiting.unstage, instant(findings.readAt));

  tellCases(parts, slot, merged, waiting.vanished, findings);
  return {
    slot,
    record: next,
    added: merged.added,
    isWritten: merged.object.isWritten,
    filled: merged.object.filled ?? [],
    bytesRead: findings.bytes,
    staged: waiting.remaining,
  };
}

/** A source that shows fewer alerted messages than before may have lost some: that is not taken over on its word. */
function assertNotShrunk(slot: Slot, record: LedgerRecord | undefined, findings: Findings, acceptFewer: boolean): void {
  if (record?.counts === undefined || acceptFewer) return;
  const before = record.counts.closed + record.counts.open;
  const now = findings.counts.closed + findings.counts.open;
  if (now >= before) return;
  throw new UserError(
    `Slot ${slot.id} has shrunk: the source shows ${number(now)} messages with alerts where it showed ${number(before)} on ${record.read_at}; find out why, and run with accept-fewer: true if that is right.`,
  );
}

function tellCases(
  parts: Parts,
  slot: Slot,
  merged: Merged,
  vanished: readonly string[],
  { conflicting, twins }: Findings,
): void {
  const tell = (ids: readonly string[], what: string) => {
    if (ids.length > 0) parts.log.warning(`Slot ${slot.id}: ${counted(ids.length, 'message')} ${what}: ${names(ids)}.`);
  };
  tell(merged.reopened, 'of the archive opened again; the archived version stays until it is closed');
  tell(merged.amended, 'of the archive changed at the source');
  tell(merged.gone, 'of the archive no longer shown by the source; the archived version stays');
  tell(vanished, 'that wait no longer shown by the source; they stay staged');
  const hasSeveral = new Set(conflicting);
  tell(
    twins.filter((id) => !hasSeveral.has(id)),
    'that the source holds more than once; each is archived once and counted as a duplicate',
  );
  tell(conflicting, 'with more than one content in the source; the one whose alerts changed last is taken');
}
