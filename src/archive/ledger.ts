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
  readonly gone: number;
  /** Staged messages that the source no longer shows. */
  readonly vanished: number;
  /** Pairs of messages with one id and different content, within one reading. */
  readonly conflicting: number;
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
  readonly message: string;
  readonly run_url?: string;
}

/** What a plan asked for and its leg did not get to, while nothing has made up for it. */
export interface Left {
  readonly at: Instant;
  readonly action: 'read' | 'look-again';
  /**
   * `time`: the leg's time budget was spent; `source`: its source was not to be had for the slots before it; `leg`: the leg
   * ended without a word.
   */
  readonly because: 'time' | 'source' | 'leg';
  readonly run_url?: string;
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
  readonly looked_at?: Instant;
  readonly source?: SourceName;
  readonly counts?: Counts;
  readonly cases?: Cases;
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
  /** The archive's version (S3: ETag) of the object that this record speaks of. */
  readonly version?: string;
  /** Bytes of JSON that the reading took in, and bytes of the object. */
  readonly bytes_in: number;
  readonly bytes_out: number;
  /** Duration of the last reading, in ms. */
  readonly took_ms: number;
  readonly run_id?: string;
  readonly run_url?: string;
  readonly last_error?: LastError;
  readonly left?: Left;
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
  readonly vanished_at?: Instant;
}
