import { afterAll, onTestFinished } from 'vitest';
import type { Format } from '../../src/archive/schema.ts';
import type { Scan } from '../../src/messages/page.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import { type Embedded, type EmbeddedOptions, embed } from './embedded.ts';
import { plainShape } from './messages.ts';

/** Fixtures for the tests of one file. */
export interface EmbeddedTests {
  readonly threads: Threads;
  /** Creates a context at the file's initial instant. It is closed after the current test. */
  newParts(options?: Partial<EmbeddedOptions>): Promise<Embedded>;
  /** Opens the same stores as another process would. They are closed after the current test. */
  again(embedded: Embedded, changes?: Partial<EmbeddedOptions>): Promise<Embedded>;
  /** Scans pages in a thread. */
  scan(format?: Format): Scan;
}

/** Returns the fixtures of a test file. Its threads stop with the file. */
export function useEmbedded(now: number, threadCount = 1): EmbeddedTests {
  const threads = new Threads(threadCount);
  afterAll(() => threads.close());
  const kept = (embedded: Embedded) => {
    onTestFinished(() => embedded.close());
    return embedded;
  };
  return {
    threads,
    newParts: async (options = {}) => kept(await embed(threads, { now, ...options })),
    again: async (embedded, changes) => kept(await embedded.again(changes)),
    scan: (format) => pageScanner(threads, plainShape, format === 'jsonl'),
  };
}
