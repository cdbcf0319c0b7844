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
import { UserError } from '../errors.ts';
import type { SourceName } from '../messages/message.ts';
import type { Page } from '../messages/page.ts';
import type { Instant, Interval } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';

/** What a source said while it was read. */
export interface Pass {
  /**
   * Every total that it gave for the range asked for, in the order in which it gave them; empty where it gives none.
   * Where they differ, the source changed under the reading.
   */
  readonly totals: readonly number[];
  /** What the audit compares; absent where the source gives no totals. */
  readonly count?: SourceCount;
  /**
   * Set where the pass alone proves nothing, whatever its totals say: messages may have moved between its pages, or its end
   * was not shown by an empty page. Then another pass must find the same.
   */
  readonly isDoubtful?: true;
  /** Set where more messages came than any total of the pass allows; the pass stopped there. */
  readonly isBeyondTotal?: true;
}

/** A source of which no attempt, of a bounded number, got a whole answer: whatever is asked of it next will hardly fare better. */
export class Unavailable extends UserError {
  override readonly name = 'Unavailable';
  /** Of the last answer, where there was one that did not say how long to wait. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** A source received a request and refused it: another one may be accepted. */
export class RequestRefused extends UserError {
  override readonly name = 'RequestRefused';
  /** Of the HTTP response. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** A reading that broke off and proved nothing, but may be made again. Its message is a clause: `its point in time was lost`. */
export class LostReading extends UserError {
  override readonly name = 'LostReading';
}

/**
 * A source that serves no more of an interval than it has sent, or cannot be told from one: the interval is to be read in
 * parts. Its message is that of a reading in which nothing smaller can be asked for.
 */
export class TooDeep extends UserError {
  override readonly name = 'TooDeep';
  /** Together they are the interval. */
  readonly halves: readonly [Interval, Interval];
  /** What the source says that it holds of the whole interval, where it says so: it may be wrong. */
  readonly total: number | undefined;

  constructor(message: string, halves: readonly [Interval, Interval], total: number | undefined) {
    super(message);
    this.halves = halves;
    this.total = total;
  }
}

/** Where messages come from. */
export interface Source {
  readonly name: SourceName;
  /**
   * Whether a reading hands over each message that the source holds exactly once, so that what comes twice is held twice.
   * Elsewhere a message may come on two pages, when the source changes under the reading.
   */
  readonly deliversOnce: boolean;
  /** The source for people: its address, without what is secret. */
  readonly url: string;
  /**
   * Reads every message of the interval once, and hands over each page as it comes, several at a time; pages may hold
   * messages around the interval, as the source was asked for a little more. It resolves only when the source has
   * nothing left; whether that was everything is for the caller to prove from the totals.
   * Nothing is remembered: a reading that failed may be made again.
   * @param attempt 0 for the first reading; of two that follow each other, the borders of pages differ where they can
   * @throws LostReading when it should be made again; TooDeep when the interval is to be read in parts; Unavailable;
   *   UserError when a request failed for good or an answer is no answer
   */
  read(interval: Interval, attempt: number, take: (page: Page) => Promise<void>): Promise<Pass>;
  /** What the source says it holds of each slot, by slot id, as {@link read} would; a slot without a total is left out. */
  count(slots: readonly Interval[]): Promise<(SourceCount | undefined)[]>;
  /**
   * Counts what lies on an interval's own days, where {@link read} asks for days around it too; {@link count} gives the same
   * fields. Absent where nothing is asked for around an interval.
   */
  readonly countOwnDays?: (interval: Interval) => Promise<OwnDays>;
  /**
   * Reads messages by their ids; absent where a source cannot, then their days are read.
   * @throws LostReading when it should be made again; UserError as {@link read}
   */
  readonly find?: (sought: readonly Sought[], take: (page: Page) => Promise<void>) => Promise<void>;
  /**
   * Reads one page of a range, with one attempt, and checks it against the inputs; absent where a source checks its inputs as it
   * looks up its fields. Returns undefined where the range has no messages.
   * @throws UserError where the response is no page; Unavailable
   */
  readonly probe?: (range: Interval) => Promise<Probed | undefined>;
  /** Tells of messages that no slot of a range holds; absent where a source cannot. A refused request is logged and skipped. */
  readonly strays?: (range: Interval) => Promise<Strays>;
  /**
   * Reads, whole, every message that no slot of a range holds though it may belong to one: its timestamp cannot be read, or
   * lies in the range where a search does not find it. Each is handed over as invalid, with the reason. Returns how many there
   * are; absent where a source hands such messages over with those of slots.
   * @throws LostReading when it should be made again; UserError as {@link read}
   */
  readonly readUnplaced?: (range: Interval, take: (page: Page) => Promise<void>) => Promise<number>;
  close(): Promise<void>;
}

/** What one page shows of the inputs, in sentences that name what is there instead. */
export interface Probed {
  /** Why none of several messages can be read; absent where one can. */
  readonly failure?: string;
  /** What a person should look into. */
  readonly warnings: readonly string[];
}

/** A message that a source is asked for; its timestamp, in µs since 1970, where it is known. */
export type Sought = Pick<StagedMessage, 'message_id'> & Partial<Pick<StagedMessage, 'timestamp'>>;

/** Messages that no slot of a range holds. */
export interface Strays {
  /** Without a timestamp that can be read; absent where the source would not count them. */
  readonly withoutTimestamp?: number;
  /** Before and after the range; absent where the source would not count them. */
  readonly outside?: number;
  /** What the inputs name and no reading reaches; absent where the source would not tell. */
  readonly unsearched?: readonly Unsearched[];
}

/** An object of the archive as one listing shows it. */
export interface ListedObject {
  /** Relative to the archive: `month=2024-06/messages-….parquet`. */
  readonly path: string;
  readonly version: string;
  readonly bytes: number;
}

/** An object was replaced while it was read, and its bytes of before are no longer to be had. */
export class Overtaken extends UserError {
  override readonly name = 'Overtaken';
}

/** An object that is open for reading: all its bytes are of one version, whatever is published meanwhile. */
export interface OpenObject extends ByteRanges {
  readonly version: string;
  close(): Promise<void>;
}

/** Bytes to publish: a finished file, or a small object in memory. */
export type Body =
  | {
      readonly path: string;
      readonly bytes: number;
      readonly sha256: string;
      readonly metadata: readonly (readonly [string, string])[];
    }
  | { readonly text: string };

/**
 * What became of a publication. `conflict`: another version than the one expected is there, and stays; `missing`: the
 * version expected is gone and nothing took its place; `unknown`: it cannot be told, nothing may be cleaned up.
 */
export type Outcome =
  | { readonly outcome: 'committed'; readonly version: string }
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'unknown'; readonly reason: string };

/** Where slots live. */
export interface Archive {
  /** For people: `file:folder` or `s3://bucket/prefix`. */
  readonly url: string;
  /** A folder for files that will be published: on the archive's own file system where it has one. */
  readonly scratch: string;
  /** Makes the archive ready for writing; throws UserError when it cannot be written or does not honour conditions. */
  prepare(): Promise<void>;
  /** Every object in the folder of a month or a day: those of slots, and whatever else somebody has put there. */
  list(): Promise<ListedObject[]>;
  /** Undefined where there is no such object. Reading from it later throws Overtaken when its bytes are no longer there. */
  open(path: string): Promise<OpenObject | undefined>;
  /**
   * Puts a whole object in the place of the version expected, or where nothing is (`undefined`), or does nothing.
   * A reader sees the object before or after, never between; of several writers who expect the same version, one wins.
   * Never throws for what {@link Outcome} can say. A body's file is left in place or taken away.
   */
  publish(path: string, body: Body, expected: string | undefined): Promise<Outcome>;
  /** Writes a small object whatever is there, whole or not at all. */
  put(path: string, bytes: Uint8Array, contentType: string): Promise<void>;
  close(): Promise<void>;
}

/** Where a command says what it does. */
export interface Log {
  line(text: string): void;
  /** Something that a person should look into; the run goes on. */
  warning(text: string): void;
  /** Something that makes the run fail in its end. */
  error(text: string): void;
}

/** An issue that tells people that an archive is incomplete. */
export interface Issue {
  readonly number: number;
  readonly isOpen: boolean;
  /** As it was written last, by a run or by a person. */
  readonly body: string;
}

/** What an issue is to say. */
export interface IssueText {
  readonly title: string;
  /** Markdown. GitHub takes 65,536 characters. */
  readonly body: string;
}

/**
 * Where people are told that an archive is incomplete: one issue, never two. A request whose answer was lost is never made
 * twice in effect. Every method throws UserError where the issue cannot be had, with what to do.
 */
export interface Tracker {
  /** The archive's issue, open or closed; where a race has made several, the oldest one, and the others are closed. */
  find(): Promise<Issue | undefined>;
  /** Opens the archive's issue; the number of the one that another run has just opened, where one has. */
  open(text: IssueText): Promise<number>;
  /** Rewrites the issue, and opens or closes it. */
  update(number: number, text: IssueText, isOpen: boolean): Promise<void>;
  /** Says something to all who follow the issue. */
  comment(number: number, body: string): Promise<void>;
  close(): Promise<void>;
}

/** Where open messages wait, and the ledger; of one archive. Every read sees every write that was made before. */
export interface Staging {
  /** For people: `sqlite:file` or `dynamodb:table`. */
  readonly url: string;
  /** Throws UserError when the store cannot be used. */
  prepare(): Promise<void>;
  /** Everything, in one paged query. */
  state(): Promise<ArchiveState>;
  /** One slot's record and staged messages. */
  slot(slot: Slot): Promise<{ record: LedgerRecord | undefined; staged: StagedMessage[] }>;
  /**
   * Writes a record whose revision is one more than `revision`, if the stored one is still at `revision` (0: there is
   * none); false, and nothing is written, where it moved.
   */
  record(record: LedgerRecord, revision: number): Promise<boolean>;
  /** What is known of a source beside its slots. */
  source(name: SourceName): Promise<SourceRecord | undefined>;
  /** As {@link record}, of a source. */
  recordSource(record: SourceRecord, revision: number): Promise<boolean>;
  /** Puts each message, unless the one stored of that id was read later. */
  stage(messages: readonly StagedMessage[]): Promise<void>;
  /** Removes each message, unless it was read later than `readAt`. Absent ones are no error. */
  unstage(slot: Slot, ids: readonly string[], readAt: Instant): Promise<void>;
  /** A small text that an earlier run left under this name, beside slots and messages; undefined if there is none. */
  note(name: string): Promise<string | undefined>;
  /** Stores a small text under a name, replacing any earlier one; the last writer wins. At most 64 KiB of UTF-8. */
  keepNote(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}
