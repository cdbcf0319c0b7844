import { setTimeout } from 'node:timers/promises';

/** Time and randomness, which tests replace. */
export interface Clock {
  /** The current time, in ms since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** A random number in [0, 1). */
  random(): number;
  /** The latest end of a wait that a server requests, in ms since 1970; absent if there is no time budget. */
  readonly waitsUntil?: number;
}

/** The system's clock; `elapsed` is the time since the process started, in ms. */
export const clock: Clock & { elapsed(): number } = {
  now: Date.now,
  elapsed: () => performance.now(),
  sleep: (ms) => setTimeout(ms),
  random: Math.random,
};

/**
 * The backoff after so many attempts, in ms: drawn from a range that doubles with each attempt, up to `maxMs` ("full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function backoffMs(clock: Clock, attempts: number, baseMs: number, maxMs: number): number {
  return clock.random() * Math.min(maxMs, baseMs * 2 ** attempts);
}
