import type { ArchiveSettings } from './archive/settings.ts';
import type { Archive, Log, Source, Staging } from './io/ports.ts';
import type { BufferPool } from './memory/buffer-pool.ts';
import type { Threads } from './worker/threads.ts';

/** The current run, as recorded in the ledger. */
export interface Run {
  readonly id?: string;
  readonly url?: string;
}

/** The sources to read messages from; both may be the same one. */
export interface Sources {
  /** For slots whose alerts may still change. */
  readonly live: Source;
  readonly settled: Source;
}

/** The stores, settings and services that every command works with. */
export interface Context {
  readonly settings: ArchiveSettings;
  readonly recentDays: number;
  /** A UUID: identifies the archive in the staging and in its tracking issue. */
  readonly archiveId: string;
  readonly archive: Archive;
  readonly staging: Staging;
  readonly threads: Threads;
  readonly memory: BufferPool;
  /** A folder for files that need not outlive the process. */
  readonly temporary: string;
  /** The current time, in ms since 1970; fixed where `as-of` is set. */
  readonly now: () => number;
  /** Time since the process started, in ms. */
  readonly elapsed: () => number;
  readonly newId: () => string;
  readonly run: Run;
  readonly log: Log;
}
