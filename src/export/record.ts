import { invalidFacts } from '../archive/invalid.ts';
import type { Cases, Counts, LedgerRecord, SourceCount, Unowned } from '../archive/ledger.ts';
import type { Context } from '../context.ts';
import { instant, latest } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { Merged, MergedObject } from './publish.ts';
import type { SlotReading } from './read.ts';
import type { StagedChanges } from './staged.ts';

/** How to commit a read of a slot. */
export interface CommitOptions {
  readonly slot: Slot;
  /** True for a full read of the slot, false for a re-check of pending messages. */
  readonly isFull: boolean;
  readonly startedMs: number;
  readonly acceptFewer: boolean;
  /** Messages that a full read returned outside of the slot and that their own slots lack. */
  readonly unowned?: Unowned | undefined;
}

/** A read, its merge, and the record and staging changes that precede the new record. */
export interface MergedReading {
  readonly reading: SlotReading;
  readonly merged: Merged;
  readonly record: LedgerRecord | undefined;
  readonly staging: StagedChanges;
}

/** The record after the merge of a read that a later full read overtook: only the facts of the object are new. */
export function overtakenRecord(record: LedgerRecord, { object }: Merged): LedgerRecord {
  const { object_sha256: _, ...rest } = record;
  return { ...rest, revision: record.revision + 1, ...objectFields(object) };
}

function objectFields(
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

/** The slot's ledger record after a merge. */
export function nextRecord(
  context: Context,
  { slot, isFull, startedMs, unowned }: CommitOptions,
  { reading, merged, record, staging }: MergedReading,
): LedgerRecord {
  const cases: Cases = {
    reopened: merged.reopened.length,
    amended: merged.amended.length,
    removed: isFull ? merged.removed.length : (record?.cases?.removed ?? 0),
    removed_pending: staging.removed.length,
    conflicting: reading.findings.conflicting.length,
  };
  const nextUnowned = isFull ? unowned : record?.unowned;
  // The quarantine object of the last full read stays in the record; a re-check only adds another object.
  const quarantined = isFull ? merged.quarantineSha256 : record?.quarantine_sha256;
  return {
    slot: slot.id,
    revision: (record?.revision ?? 0) + 1,
    ...(isFull ? fullReadFields(reading, record) : recheckFields(reading, record!, staging)),
    cases,
    ...(nextUnowned !== undefined && { unowned: nextUnowned }),
    ...objectFields(merged.object),
    ...(quarantined !== undefined && { quarantine_sha256: quarantined }),
    ...(merged.removedSha256 !== undefined && { removed_sha256: merged.removedSha256 }),
    took_ms: Math.round(context.elapsed() - startedMs),
    ...(context.run.id !== undefined && { run_id: context.run.id }),
    ...(context.run.url !== undefined && { run_url: context.run.url }),
  };
}

function fullReadFields({ findings, count, isUnproven }: SlotReading, record: LedgerRecord | undefined) {
  const read_at = instant(findings.readAt);
  const rechecked_at = record?.rechecked_at;
  const invalid = invalidFacts(findings.invalid);
  return {
    read_at,
    // A later re-check by another run may be merged already; it still holds.
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

/** The fields of the last full read, updated by a re-check. */
function recheckFields({ findings }: SlotReading, record: LedgerRecord, staging: StagedChanges) {
  const { read_at, source, counts, invalid, unproven, outside, source_count, bytes_in } = record;
  return {
    read_at: read_at!,
    rechecked_at: latest(record.rechecked_at, instant(findings.readAt))!,
    source: source!,
    counts: countsAfterRecheck(counts!, staging, read_at!),
    ...(invalid && { invalid }),
    ...(unproven && { unproven }),
    outside,
    ...(source_count && { source_count: withoutClosed(source_count) }),
    bytes_in,
  };
}

/** The source's count of closed messages is outdated after a re-check. */
function withoutClosed({ closed, ...rest }: SourceCount): SourceCount {
  return rest;
}

/** Derived, never incremented: open is what is still staged, and closed is the rest of what was read. */
function countsAfterRecheck(counts: Counts, { stage, later }: StagedChanges, readAt: string): Counts {
  const open = [...stage, ...later].filter(({ removed_at }) => removed_at === undefined || removed_at > readAt).length;
  return { ...counts, open, closed: counts.read - open - counts.unalerted - counts.invalid - counts.duplicates };
}
