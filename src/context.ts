import type { ArchiveSettings } from './archive/settings.ts';
import type { Archive, Log, Source, Staging } from './io/ports.ts';
import type { BufferPool } from './memory/buffer-pool.ts';
import type { Threads } from './worker/threads.ts';

/** The run that is under way, as the ledger names it. */
export interface Run {
  readonly id?: string;
  readonly url?: string;
}

/** Who is asked for messages. */
export interface Sources {
  /** Where alerts still move. */
  readonly live: Source;
  readonly settled: Source;
}

/** What a command works with: the parts that the inputs name. */
export interface Context {
  readonly settings: ArchiveSettings;
  readonly recentDays: number;
  /** A UUID: the archive's name in the staging and in its tracking issue. */
  readonly archiveId: string;
  readonly archive: Archive;
  readonly staging: Staging;
  readonly threads: Threads;
  readonly memory: BufferPool;
  /** A folder for what need not outlive the process. */
  readonly temporary: string;
  /** The instant that the run takes for now, in ms since 1970. */
  readonly now: () => number;
  /** The time that passed since the process began, in ms. */
  readonly elapsed: () => number;
  readonly newId: () => string;
  readonly run: Run;
  readonly log: Log;
}
