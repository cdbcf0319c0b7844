import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

/** Preloaded, it makes the action's own waits take no time: its clock jumps to their end instead. */
let skippedMs = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + skippedMs;
timers.setTimeout = (async (ms?: number, value?: unknown) => {
  skippedMs += ms ?? 0;
  return value;
}) as typeof timers.setTimeout;
syncBuiltinESMExports();
