import { afterAll, onTestFinished } from 'vitest';
import type { Format } from '../../src/archive/schema.ts';
import type { Scan } from '../../src/messages/page.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import { type Embedded, type EmbeddedOptions, embed } from './embedded.ts';
import { plainShape } from './messages.ts';

/** What the tests of one file work with. */
export interface EmbeddedTests {
  readonly threads: Threads;
  /** New parts, at the instant that the file begins with; they are closed when the test in hand ends. */
  newParts(options?: Partial<EmbeddedOptions>): Promise<Embedded>;
  /** The same stores as another process would have them, closed in the same way. */
  again(embedded: Embedded, changes?: Partial<EmbeddedOptions>): Promise<Embedded>;
  /** Scans pages in a thread. */
  scan(format?: Format): Scan;
}

/** Gives a test file its threads, which end with it, and parts. */
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
