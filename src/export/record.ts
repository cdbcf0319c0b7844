import { invalidFacts } from '../archive/invalid.ts';
import type { Cases, Counts, LedgerRecord, SourceCount, Unowned } from '../archive/ledger.ts';
import type { Context } from '../context.ts';
import { instant, latest } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { Merged, MergedObject } from './publish.ts';
import type { SlotReading } from './read.ts';
import type { Waiting } from './staged.ts';

/** What was read, and how it is to be taken. */
export interface Task {
  readonly slot: Slot;
  /** Whether the whole slot was read, or only what was staged was looked at again. */
  readonly isWhole: boolean;
  readonly startedMs: number;
  readonly acceptFewer: boolean;
  /** What a reading of the whole slot met outside of it that no other slot is known to hold. */
  readonly unowned?: Unowned | undefined;
}

/** What a whole reading has proved since stays; of an older one, only what it brought into the object is new. */
export function overtakenRecord(record: LedgerRecord, { object }: Merged): LedgerRecord {
  const { object_sha256: _, ...rest } = record;
  return { ...rest, revision: record.revision + 1, ...factsOf(object) };
}

function factsOf(
  object: MergedObject,
): Pick<LedgerRecord, 'rows' | 'digest' | 'object_sha256' | 'version' | 'bytes_out'> {
  return {
    rows: object.rows,
    ...(object.digest !== undefined && { digest: object.digest }),
    ...(object.sha256 !== undefined && { object_sha256: object.sha256 }),
    ...(object.version !== undefined && { version: object.version }),
    bytes_out: object.bytes,
  };
}

/** What the ledger is to say of a slot after a merge of this reading. */
export function nextRecord(
  context: Context,
  reading: SlotReading,
  { slot, isWhole, startedMs, unowned }: Task,
  record: LedgerRecord | undefined,
  { object, amended, reopened, removed, quarantineSha256, removedSha256 }: Merged,
  waiting: Waiting,
): LedgerRecord {
  const cases: Cases = {
    reopened: reopened.length,
    amended: amended.length,
    removed: isWhole ? removed.length : (record?.cases?.removed ?? 0),
    removed_pending: waiting.vanished.length,
    conflicting: reading.findings.conflicting.length,
  };
  // What a look at some messages met is in quarantine too, and the object of the last whole reading holds the rest.
  const quarantined = isWhole ? quarantineSha256 : record?.quarantine_sha256;
  return {
    slot: slot.id,
    revision: (record?.revision ?? 0) + 1,
    ...(isWhole ? readFacts(reading, record) : lookFacts(reading, record!, waiting)),
    cases,
    ...ofUnowned(isWhole ? unowned : record?.unowned),
    ...factsOf(object),
    ...(quarantined !== undefined && { quarantine_sha256: quarantined }),
    ...(removedSha256 !== undefined && { removed_sha256: removedSha256 }),
    took_ms: Math.round(context.elapsed() - startedMs),
    ...(context.run.id !== undefined && { run_id: context.run.id }),
    ...(context.run.url !== undefined && { run_url: context.run.url }),
  };
}

function ofUnowned(unowned: Unowned | undefined): Pick<LedgerRecord, 'unowned'> {
  return unowned === undefined ? {} : { unowned };
}

/** What a reading of the whole slot says. */
function readFacts({ findings, count, isUnproven }: SlotReading, record: LedgerRecord | undefined) {
  const read_at = instant(findings.readAt);
  const rechecked_at = record?.rechecked_at;
  const invalid = invalidFacts(findings.invalid);
  return {
    read_at,
    // Another run's look may have been later, and be merged already: that still holds.
    ...(rechecked_at !== undefined && rechecked_at > read_at && { rechecked_at }),
    source: findings.source,
    counts: findings.counts,
    ...(invalid && { invalid }),
    ...(isUnproven && { unproven: true as const }),
    outside: findings.outside,
    ...(count && { source_count: count }),
    bytes_in: findings.bytes,
  };
}

/** What a look again says, beside what the last whole reading did. */
function lookFacts({ findings }: SlotReading, record: LedgerRecord, waiting: Waiting) {
  const { read_at, source, counts, invalid, unproven, outside, source_count, bytes_in } = record;
  return {
    read_at: read_at!,
    rechecked_at: latest(record.rechecked_at, instant(findings.readAt))!,
    source: source!,
    counts: countsAfterLook(counts!, waiting, read_at!),
    ...(invalid && { invalid }),
    ...(unproven && { unproven }),
    outside,
    ...(source_count && { source_count: withoutClosed(source_count) }),
    bytes_in,
  };
}

/** Of the closed ones there are more after a look again, and nothing that the source said then tells how many. */
function withoutClosed({ closed, ...rest }: SourceCount): SourceCount {
  return rest;
}

/** Derived, never incremented: what is still staged is open, and closed is what was read less the rest. */
function countsAfterLook(counts: Counts, { stage, later }: Waiting, readAt: string): Counts {
  const open = [...stage, ...later].filter(({ removed_at }) => removed_at === undefined || removed_at > readAt).length;
  return { ...counts, open, closed: counts.read - open - counts.unalerted - counts.invalid - counts.duplicates };
}
