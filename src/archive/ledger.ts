import type { ErrorCode } from '../errors.ts';
import type { SourceName } from '../messages/message.ts';
import type { Instant } from '../windows/interval.ts';

/** What became of every message of one reading. `read` is the sum of the others. */
export interface Counts {
  readonly read: number;
  readonly closed: number;
  readonly open: number;
  readonly unalerted: number;
  readonly invalid: number;
  readonly duplicates: number;
}

/** Cases that a person may want to look into; each is also named in the log of the run that met it. */
export interface Cases {
  /** Archived messages that the source shows with an open alert again. */
  readonly reopened: number;
  /** Archived messages that the source shows with another content. */
  readonly amended: number;
  /** Archived messages that the source no longer shows. */
  readonly removed: number;
  /** Staged messages that the source no longer shows. */
  readonly removed_pending: number;
  /** Pairs of messages with one id and different content, within one reading. */
  readonly conflicting: number;
}

/** What could not be read as messages. */
export interface InvalidFacts {
  /** The most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** The smallest hashes of the messages' bytes, cut to 48 bits, in hex: what several slots met is counted once by them. */
  readonly marks: readonly string[];
  /** The same, of the hashes of ids that could be read; absent where there are none. */
  readonly ids?: readonly string[];
}

/** What a source says that it holds of a slot; compared by the audit with what it said when the slot was read. */
export interface SourceCount extends OwnDays {
  readonly total: number;
  readonly alerted?: number;
  readonly closed?: number;
}

/**
 * How many messages lie on a slot's own days, where its total also counts a day on each side: else a message that comes late
 * would hide behind one that leaves those days. Servers take the end of a range as part of it or not, so both are counted.
 */
export interface OwnDays {
  /** Asked for from its first day to the day at which it ends. */
  readonly to_end?: number;
  /** Asked for from its first day to its last day. */
  readonly to_last_day?: number;
}

/** The failed attempt after which no other succeeded. */
export interface LastError {
  readonly at: Instant;
  readonly code: ErrorCode;
  readonly message: string;
  readonly run_url?: string;
}

/** What a plan asked for and its leg did not get to, while nothing has made up for it. */
export interface Deferred {
  readonly at: Instant;
  readonly action: 'read' | 're-check';
  /**
   * `time`: the leg's time budget was spent; `source`: its source was not to be had for the slots before it; `leg`: the leg
   * ended without a word.
   */
  readonly because: 'time' | 'source' | 'leg';
  readonly run_url?: string;
}

/** A message with alerts that a reading of one slot returned and that lies in another one. */
export interface UnownedMessage {
  readonly message_id: string;
  /** µs since 1970, as decimal text. */
  readonly timestamp: string;
  /** When it was first seen so: the instant at which that reading began. */
  readonly seen_at: Instant;
}

/** Messages that the slots that they lie in did not know when they were seen, or were not read yet. */
export interface Unowned {
  readonly count: number;
  /** As many as some 16 kB hold, evenly picked. */
  readonly messages: readonly UnownedMessage[];
}

/** One record of the ledger, a slot each. Its names are those under which it is stored. */
export interface LedgerRecord {
  /** The slot's id: `20240601T000000Z-20240701T000000Z`. */
  readonly slot: string;
  /** Counts the writes of this record: the condition of the next write. */
  readonly revision: number;
  /** The instant just before the source was first asked for the whole slot; absent while no reading succeeded. */
  readonly read_at?: Instant;
  /** The same, of the last look again at staged messages only. */
  readonly rechecked_at?: Instant;
  readonly source?: SourceName;
  readonly counts?: Counts;
  readonly cases?: Cases;
  /** Absent where nothing was invalid. */
  readonly invalid?: InvalidFacts;
  /** Of `outside`, the messages with alerts that no other slot is known to hold. */
  readonly unowned?: Unowned;
  /** Set where a source without totals was read in one pass, as a live slot is: nothing tells whether that was all. */
  readonly unproven?: true;
  /** Messages that the reading met and left to their own slots; `counts.read` and these are the source's total. */
  readonly outside: number;
  /** Absent where the source gives no totals. */
  readonly source_count?: SourceCount;
  /** Rows of the slot's object; 0 where there is none. */
  readonly rows: number;
  /** Hex SHA-256 of the object's content; absent where there is no object. */
  readonly digest?: string;
  /** Hex SHA-256 of the object's own bytes; absent where there is no object, and in records of before it was kept. */
  readonly object_sha256?: string;
  /** The archive's version (S3: ETag) of the object that this record speaks of. */
  readonly version?: string;
  /** Hex SHA-256, and so the name, of the object that holds what of the last whole reading is invalid; absent where nothing is. */
  readonly quarantine_sha256?: string;
  /** The same of the list of archived messages that the source no longer returns. */
  readonly removed_sha256?: string;
  /** Bytes of JSON that the reading took in, and bytes of the object. */
  readonly bytes_in: number;
  readonly bytes_out: number;
  /** Duration of the last reading, in ms. */
  readonly took_ms: number;
  readonly run_id?: string;
  readonly run_url?: string;
  readonly last_error?: LastError;
  readonly deferred?: Deferred;
}

/** An index that `elasticsearch-index` covers and that no search reaches, so that its messages are not read. */
export interface Unsearched {
  readonly index: string;
  /** `unreadable`: the key may see that it is there, and not read it. */
  readonly why: 'closed' | 'hidden' | 'frozen' | 'unreadable';
}

/** What a source holds that lies in no slot. One record for each source, beside those of slots. */
export interface SourceRecord {
  readonly source: SourceName;
  /** Counts the writes of this record: the condition of the next write. */
  readonly revision: number;
  /** The instant just before the source was asked; absent while no reading succeeded. */
  readonly read_at?: Instant;
  /** Messages that no slot owns; they are in quarantine. Absent while no reading succeeded. */
  readonly unplaced?: Unplaced;
  /** Messages before and after the range that the run was given; absent where the source would not count them. */
  readonly outside?: number;
  /** How many indices no search reaches; absent where the source would not tell. */
  readonly unsearched_count?: number;
  /** The first 100 of them. */
  readonly unsearched?: readonly Unsearched[];
  readonly last_error?: LastError;
  readonly run_url?: string;
}

/** Messages that no slot owns: most often their timestamp cannot be read. */
export interface Unplaced {
  readonly count: number;
  /** Of these, messages whose bytes another one has too: they lie in quarantine once. */
  readonly duplicates: number;
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** Where they lie in the archive. */
  readonly objects: readonly string[];
}

/** A message that waits because an alert of it is open. Its names are those under which it is stored. */
export interface StagedMessage {
  readonly slot: string;
  readonly message_id: string;
  /** µs since 1970, as decimal text. */
  readonly timestamp: string;
  /** The first 100 ids of its open alerts. */
  readonly open_alerts: readonly string[];
  readonly open_alert_count: number;
  readonly reason: 'open' | 'reopened';
  readonly first_seen: Instant;
  readonly read_at: Instant;
  /** How many readings have found it open. */
  readonly checks: number;
  /** Set when the source no longer showed it, at this instant. */
  readonly removed_at?: Instant;
}

/** All that is known of an archive's slots. */
export interface ArchiveState {
  readonly ledger: readonly LedgerRecord[];
  readonly staged: readonly StagedMessage[];
  /** What sources hold that lies in no slot; absent where nothing is known of any. */
  readonly sources?: readonly SourceRecord[];
}
