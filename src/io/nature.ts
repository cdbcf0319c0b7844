import { setTimeout } from 'node:timers/promises';

/** Time and chance, which tests replace. */
export interface Nature {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

/** The clock, the waiting and the chance of the real world. */
export const nature: Nature = {
  now: Date.now,
  sleep: (ms) => setTimeout(ms),
  random: Math.random,
};
