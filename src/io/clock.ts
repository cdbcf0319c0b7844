import { setTimeout } from 'node:timers/promises';

/** Time and chance, which tests replace. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
  /** The instant, in ms since 1970, beyond which no wait that a server asks for may last; absent: nobody has set one. */
  readonly waitsUntil?: number;
}

/** The clock, the waiting and the chance of the real world. */
export const clock: Clock = {
  now: Date.now,
  sleep: (ms) => setTimeout(ms),
  random: Math.random,
};

/**
 * How long to wait after so many attempts, in ms: drawn from a range that doubles with each, up to `maxMs` ("full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function backoffMs(clock: Clock, attempts: number, baseMs: number, maxMs: number): number {
  return clock.random() * Math.min(maxMs, baseMs * 2 ** attempts);
}
