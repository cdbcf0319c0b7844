import type { ErrorCode } from '../errors.ts';
import type { SourceName } from '../messages/message.ts';
import type { Instant } from '../windows/interval.ts';

/** The messages of one read by outcome. `read` is the sum of the others. */
export interface Counts {
  readonly read: number;
  readonly closed: number;
  readonly open: number;
  readonly unalerted: number;
  readonly invalid: number;
  readonly duplicates: number;
}

/** Numbers of cases that may need attention. The log of the run lists each of them. */
export interface Cases {
  /** Archived messages that have an open alert again. */
  readonly reopened: number;
  /** Archived messages whose content at the source has changed. */
  readonly amended: number;
  /** Archived messages that the source no longer returns. */
  readonly removed: number;
  /** Staged messages that the source no longer returns. */
  readonly removed_pending: number;
  /** Pairs of messages with the same id and different content within one read. */
  readonly conflicting: number;
}

/** The invalid messages of one read. */
export interface InvalidFacts {
  /** Most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** The smallest SHA-256 of the messages' bytes, truncated to 48 bits, in hex. They identify messages met by several slots. */
  readonly marks: readonly string[];
  /** The same for the readable ids; absent if there are none. */
  readonly ids?: readonly string[];
}

/** A source's own counts for a slot. The audit compares the current counts with those recorded when the slot was read. */
export interface SourceCount extends OwnDays {
  readonly total: number;
  readonly alerted?: number;
  readonly closed?: number;
}

/**
 * Messages on a slot's own days, if its total also includes a day on each side: otherwise a late message could cancel out
 * one that leaves those days. Two counts, since servers may include or exclude the end of a range.
 */
export interface OwnDays {
  /** The requested range ends with the day after the last. */
  readonly to_end?: number;
  /** The requested range ends with the last day. */
  readonly to_last_day?: number;
}

/** The latest failure, if no attempt has succeeded since. */
export interface LastError {
  readonly at: Instant;
  readonly code: ErrorCode;
  readonly message: string;
  readonly run_url?: string;
}

/** A slot that a run planned and did not get to, until another run processes it. */
export interface Deferred {
  readonly at: Instant;
  readonly action: 'read' | 're-check';
  /**
   * `time`: the leg's time budget was exhausted; `source`: the source was unavailable for the preceding slots; `leg`: the
   * leg died.
   */
  readonly because: 'time' | 'source' | 'leg';
  readonly run_url?: string;
}

/** A message with alerts that a read of one slot returned but that belongs to another slot. */
export interface UnownedMessage {
  readonly message_id: string;
  /** µs since 1970, as decimal text. */
  readonly timestamp: string;
  /** The start of the read that first returned it. */
  readonly seen_at: Instant;
}

/** Messages that their own slots do not contain, or have not read yet. */
export interface Unowned {
  readonly count: number;
  /** An even sample of about 16 kB. */
  readonly messages: readonly UnownedMessage[];
}

/** The ledger record of a slot. Field names are those of the stored record. */
export interface LedgerRecord {
  /** The slot id: `20240601T000000Z-20240701T000000Z`. */
  readonly slot: string;
  /** Number of writes of this record; the next write is conditional on it. */
  readonly revision: number;
  /** The instant just before the first request of the last full read; absent until one succeeds. */
  readonly read_at?: Instant;
  /** The same for the last re-check of staged messages. */
  readonly rechecked_at?: Instant;
  readonly source?: SourceName;
  readonly counts?: Counts;
  readonly cases?: Cases;
  /** Absent if no message was invalid. */
  readonly invalid?: InvalidFacts;
  /** The messages with alerts among `outside` that no other slot is known to contain. */
  readonly unowned?: Unowned;
  /** Set if the source has no totals and was read in one pass, as live slots are: completeness is not proven. */
  readonly unproven?: true;
  /** Messages that the read returned and that belong to other slots. Together with `counts.read` they are the source's total. */
  readonly outside: number;
  /** Absent if the source has no totals. */
  readonly source_count?: SourceCount;
  /** Rows of the slot's object; 0 if there is none. */
  readonly rows: number;
  /** The object's content digest (hex); absent if there is no object. */
  readonly digest?: string;
  /** Hex SHA-256 of the object's bytes; absent if there is no object, and in records of older versions. */
  readonly object_sha256?: string;
  /** The object's version in the archive (S3: ETag). */
  readonly version?: string;
  /** Hex SHA-256, and thus the name, of the quarantine object of the last full read; absent if no message was invalid. */
  readonly quarantine_sha256?: string;
  /** The same for the list of archived messages that the source no longer returns. */
  readonly removed_sha256?: string;
  /** JSON bytes read. */
  readonly bytes_in: number;
  /** Bytes of the object. */
  readonly bytes_out: number;
  /** Duration of the last read in ms. */
  readonly took_ms: number;
  readonly run_id?: string;
  readonly run_url?: string;
  readonly last_error?: LastError;
  readonly deferred?: Deferred;
}

/** An index that matches `elasticsearch-index` but is not searchable, so that its messages are not read. */
export interface Unsearched {
  readonly index: string;
  /** `unreadable`: the key can see the index but not read it. */
  readonly why: 'closed' | 'hidden' | 'frozen' | 'unreadable';
}

/** The messages of a source that belong to no slot. The ledger has one such record for each source. */
export interface SourceRecord {
  readonly source: SourceName;
  /** Number of writes of this record; the next write is conditional on it. */
  readonly revision: number;
  /** The instant just before the first request; absent until a read succeeds. */
  readonly read_at?: Instant;
  /** Quarantined messages without a slot; absent until a read succeeds. */
  readonly unplaced?: Unplaced;
  /** Messages before and after the run's range; absent if the source could not count them. */
  readonly outside?: number;
  /** Number of unsearchable indices; absent if the source could not list them. */
  readonly unsearched_count?: number;
  /** The first 100 of them. */
  readonly unsearched?: readonly Unsearched[];
  readonly last_error?: LastError;
  readonly run_url?: string;
}

/** Messages without a slot, usually because their timestamp cannot be parsed. */
export interface Unplaced {
  readonly count: number;
  /** Messages whose bytes equal those of another: quarantine has them once. */
  readonly duplicates: number;
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** Paths in the archive. */
  readonly objects: readonly string[];
}

/** A pending message: at least one of its alerts is open. Field names are those of the stored item. */
export interface StagedMessage {
  readonly slot: string;
  readonly message_id: string;
  /** µs since 1970, as decimal text. */
  readonly timestamp: string;
  /** Ids of the first 100 open alerts. */
  readonly open_alerts: readonly string[];
  readonly open_alert_count: number;
  readonly reason: 'open' | 'reopened';
  readonly first_seen: Instant;
  readonly read_at: Instant;
  /** Number of reads that found it open. */
  readonly checks: number;
  /** When the source no longer returned it. */
  readonly removed_at?: Instant;
}

/** The state of an archive. */
export interface ArchiveState {
  readonly ledger: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
  /** Absent if there is no record of any source. */
  readonly sources?: readonly SourceRecord[];
}
