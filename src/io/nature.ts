import { setTimeout } from 'node:timers/promises';
import type { Nature } from './http.ts';

/** The clock, the waiting and the chance of the real world. */
export const nature: Nature = {
  now: Date.now,
  sleep: (ms) => setTimeout(ms),
  random: Math.random,
};
