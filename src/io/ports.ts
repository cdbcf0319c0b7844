import type {
  ArchiveState,
  LedgerRecord,
  OwnDays,
  SourceCount,
  SourceRecord,
  StagedMessage,
  Unsearched,
} from '../archive/ledger.ts';
import type { ByteRanges } from '../archive/object.ts';
import { type ErrorCode, UserError } from '../errors.ts';
import type { SourceName } from '../messages/message.ts';
import type { Page } from '../messages/page.ts';
import type { Instant, Interval } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';

/** The source's own statements about one read of an interval: the evidence that the read was complete. */
export interface Pass {
  /**
   * Every total that the source gave for the requested range, in order; empty if it gives none. Totals that differ mean that
   * the source changed during the read.
   */
  readonly totals: readonly number[];
  /** The counts that the audit compares later; absent if the source gives no totals. */
  readonly count?: SourceCount;
  /**
   * Set if this pass proves nothing by itself, whatever its totals: messages may have moved between pages, or no empty page
   * confirmed the end. A second pass must then find the same messages.
   */
  readonly isDoubtful?: true;
  /** Set if the pass stopped because it received more messages than any of its totals. */
  readonly isBeyondTotal?: true;
}

/** A source or store failed all attempts of a request. Further requests will most likely fail too. */
export class Unavailable extends UserError {
  override readonly name = 'Unavailable';
  /** The status code of the last response; undefined without a response, or if that response requested a wait. */
  readonly status: number | undefined;

  constructor(code: ErrorCode, message: string, status?: number) {
    super(code, message);
    this.status = status;
  }
}

/** A source received a request and refused it for good. A different request may succeed. */
export class RequestRefused extends UserError {
  override readonly name = 'RequestRefused';
  /** The status code of the response. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(status === 401 || status === 403 ? 'source-unauthorized' : 'source-refused', message);
    this.status = status;
  }
}

/**
 * A read was interrupted, proved nothing, and may be repeated. Its message is a clause whose subject is the source:
 * `its point in time was lost`.
 */
export class LostReading extends Error {
  override readonly name = 'LostReading';
}

/**
 * A source cannot page through all of an interval, or may not have: the halves must be read instead. Its message is the
 * error for an interval that cannot be split further.
 */
export class TooDeep extends UserError {
  override readonly name = 'TooDeep';
  /** Together they are the interval. */
  readonly halves: readonly [Interval, Interval];
  /** The source's own total for the whole interval, if it gives one; it may be wrong. */
  readonly total: number | undefined;

  constructor(message: string, halves: readonly [Interval, Interval], total: number | undefined) {
    super('source-limit', message);
    this.halves = halves;
    this.total = total;
  }
}

/**
 * A service that messages are read from. It keeps no state between reads: any call may be repeated. URLs and errors never
 * contain secrets.
 */
export interface Source {
  readonly name: SourceName;
  /**
   * True if one read delivers each stored message exactly once, so that a message received twice is stored twice. Otherwise, a
   * message may appear on two pages because the source changed during the read.
   */
  readonly deliversOnce: boolean;
  /** The source's URL for people, without secrets. */
  readonly url: string;
  /**
   * Reads every message of the interval. Pages are passed to `take` as they arrive, several concurrently; they may contain
   * messages outside the interval. Resolves once the source has no further pages; the caller proves from the returned totals
   * that they were complete.
   * @param attempt 0 for the first read, then 1, 2, …; consecutive attempts use different page boundaries where possible
   * @param take resolves when the page may be released; if it rejects, so does the read
   * @throws LostReading if the read should be repeated; TooDeep if the halves should be read instead; Unavailable if no
   *   attempt of a request succeeded; UserError if a request was refused or a response is invalid
   */
  read(interval: Interval, attempt: number, take: (page: Page) => Promise<void>): Promise<Pass>;
  /**
   * The source's own totals for intervals, in their order, counted as {@link read} counts; undefined for an interval without
   * a total.
   * @throws Unavailable, UserError as {@link read}
   */
  count(slots: readonly Interval[]): Promise<(SourceCount | undefined)[]>;
  /**
   * Counts the messages of an interval's own days. Absent unless {@link read} also requests days around an interval;
   * {@link count} returns the same fields.
   */
  readonly countOwnDays?: (interval: Interval) => Promise<OwnDays>;
  /**
   * Reads messages by id; ids that the source does not have are skipped. Absent if the source cannot: their days are read
   * instead.
   * @throws LostReading, Unavailable, UserError as {@link read}
   */
  readonly find?: (sought: readonly Sought[], take: (page: Page) => Promise<void>) => Promise<void>;
  /**
   * Reads one page of a range, with one attempt, and checks it against the inputs; absent where a source checks its inputs as it
   * looks up its fields. Returns undefined where the range has no messages.
   * @throws UserError where the response is no page; Unavailable
   */
  readonly probe?: (range: Interval) => Promise<Probed | undefined>;
  /** Counts messages that belong to no slot of a range; absent if the source cannot. A refused request is logged and skipped. */
  readonly strays?: (range: Interval) => Promise<Strays>;
  /**
   * Reads every message that may belong to the range but to none of its slots: its timestamp is unreadable, or lies in the
   * range where no search finds it. Each is passed to `take` as invalid, with the reason. Returns their number. Absent if the
   * source delivers such messages with those of slots.
   * @throws LostReading, Unavailable, UserError as {@link read}
   */
  readonly readUnplaced?: (range: Interval, take: (page: Page) => Promise<void>) => Promise<number>;
  /** Closes connections. No method may be called afterwards. */
  close(): Promise<void>;
}

/** Problems with the inputs that one page reveals, in sentences that name what the page contains instead. */
export interface Probed {
  /** Why none of several messages can be read; absent where one can. */
  readonly failure?: string;
  /** Possible mistakes, for a person to check. */
  readonly warnings: readonly string[];
}

/** A message to look up by id; its timestamp, in µs since 1970, if known. */
export type Sought = Pick<StagedMessage, 'message_id'> & Partial<Pick<StagedMessage, 'timestamp'>>;

/** Messages that belong to no slot of a range. */
export interface Strays {
  /** Messages without a readable timestamp; absent if the source refused to count them. */
  readonly withoutTimestamp?: number;
  /** Messages before and after the range; absent if the source refused to count them. */
  readonly outside?: number;
  /** Indices that the inputs cover and no search reaches; absent if the source refused to list them. */
  readonly unsearched?: readonly Unsearched[];
}

/** One object in a listing of the archive. */
export interface ListedObject {
  /** Relative to the archive: `month=2024-06/messages-….parquet`. */
  readonly path: string;
  /** Changes whenever the object is replaced; compared for equality only. */
  readonly version: string;
  readonly bytes: number;
}

/** An object was replaced while it was read, and its earlier version is no longer available. */
export class Overtaken extends UserError {
  override readonly name = 'Overtaken';

  constructor(message: string) {
    super('slot-contended', message);
  }
}

/** An object opened for reading. All bytes come from one version, whatever is published meanwhile. */
export interface OpenObject extends ByteRanges {
  readonly version: string;
  close(): Promise<void>;
}

/** The content to publish: a finished file, or the text of a small object. */
export type Body =
  | {
      readonly path: string;
      readonly bytes: number;
      /** Base64. */
      readonly sha256: string;
      readonly metadata: readonly (readonly [string, string])[];
    }
  | { readonly text: string };

/**
 * The result of {@link Archive.publish}. `committed`: the object is in place. `conflict`: a version other than the expected
 * one is there, and was kept. `missing`: a version was expected, and no object exists. `unknown`: the outcome could not be
 * determined, so nothing may be cleaned up.
 */
export type Outcome =
  | { readonly outcome: 'committed'; readonly version: string }
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'unknown'; readonly reason: string };

/** The store of the archive's objects. All methods throw UserError if the store cannot be used. */
export interface Archive {
  /** For people: `file:folder` or `s3://bucket/prefix`. */
  readonly url: string;
  /** A folder for files to publish, which {@link prepare} creates; on the archive's file system if it has one. */
  readonly scratch: string;
  /**
   * Prepares the archive for writing.
   * @throws UserError if it cannot be written, or if the store does not honor conditional writes
   */
  prepare(): Promise<void>;
  /** Every object in a folder of a month or a day, including files that no run wrote. */
  list(): Promise<ListedObject[]>;
  /**
   * Opens an object's current version; undefined if there is no such object. A later read of it throws {@link Overtaken} if
   * the object was replaced and the opened version is no longer available.
   */
  open(path: string): Promise<OpenObject | undefined>;
  /**
   * Atomically replaces the expected version, or creates the object if `expected` is undefined; otherwise changes nothing.
   * Readers see the object before or after, never in between. Of several writers with the same expected version, exactly
   * one succeeds. Every outcome that {@link Outcome} describes is returned, not thrown. The body's file may be deleted.
   */
  publish(path: string, body: Body, expected: string | undefined): Promise<Outcome>;
  /** Atomically creates or replaces a small object, unconditionally. */
  put(path: string, bytes: Uint8Array, contentType: string): Promise<void>;
  close(): Promise<void>;
}

/** The log of a run. Each text becomes one line; secrets are masked. */
export interface Log {
  line(text: string): void;
  /** A problem that a person should check; the run continues. */
  warning(text: string): void;
  /** A problem that makes the run fail at its end. */
  error(text: string): void;
}

/** An archive's tracking issue. */
export interface Issue {
  readonly number: number;
  readonly isOpen: boolean;
  /** The current body, which a person may have edited. */
  readonly body: string;
}

/** The title and body to write to an issue. */
export interface IssueText {
  readonly title: string;
  /** Markdown of at most 65,536 characters, GitHub's limit. */
  readonly body: string;
}

/**
 * Keeps the one issue that is open while an archive is incomplete. A request whose response was lost is not repeated before
 * it is known to have had no effect. All methods throw UserError if the issue tracker cannot be used.
 */
export interface Tracker {
  /** The archive's issue, open or closed; undefined if there is none. If a race created several, closes all but the oldest. */
  find(): Promise<Issue | undefined>;
  /** Opens the archive's issue and returns its number; if another run has just opened one, that one's number. */
  open(text: IssueText): Promise<number>;
  /** Replaces the issue's title and body, and opens or closes it. */
  update(number: number, text: IssueText, isOpen: boolean): Promise<void>;
  /** Adds a comment to the issue. */
  comment(number: number, body: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * The store of one archive's pending messages and ledger. Reads are strongly consistent: they see every completed write. All
 * methods throw UserError if the store cannot be used.
 */
export interface Staging {
  /** For people: `sqlite:file` or `dynamodb:table`. */
  readonly url: string;
  /** Checks that the store can be used, before anything is written. */
  prepare(): Promise<void>;
  /** The whole ledger and all staged messages, each in the order of slots; damaged items apart. */
  state(): Promise<ArchiveState>;
  /**
   * One slot's record and staged messages; the record is read no later than the messages. A damaged one has only its valid
   * members, and defaults for the others, so that a reading of the slot can replace it.
   */
  slot(slot: Slot): Promise<{ record: LedgerRecord | undefined; staged: StagedMessage[] }>;
  /**
   * Writes a record of revision `revision + 1`, on condition that the stored one is still at `revision` (0: that none is
   * stored, or one whose revision no run can have written). Returns false, and writes nothing, if the condition does not hold.
   */
  record(record: LedgerRecord, revision: number): Promise<boolean>;
  /** A source's record; undefined if there is none. */
  source(name: SourceName): Promise<SourceRecord | undefined>;
  /** Writes a source's record under the condition of {@link record}. */
  recordSource(record: SourceRecord, revision: number): Promise<boolean>;
  /** Stages messages, replacing those with the same id, except where the stored one was read later. Replaces damaged ones. */
  stage(messages: readonly StagedMessage[]): Promise<void>;
  /** Removes staged messages, except those read later than `readAt`. Ids that are not staged are ignored. */
  unstage(slot: Slot, ids: readonly string[], readAt: Instant): Promise<void>;
  /** The text stored under a name by {@link keepNote}; undefined if there is none. */
  note(name: string): Promise<string | undefined>;
  /** Stores a text of at most 64 KiB of UTF-8 under a name. The last writer wins. */
  keepNote(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}
