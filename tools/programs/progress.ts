import { duration } from '../../src/format.ts';

/** A line for people who wait. */
export function say(line: string): void {
  console.log(`tools  ${line}`);
}

/** Does something, and says how long it took: `tests: 3 min 20 s`. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  say(`${what}: ${duration(performance.now() - startedMs)}`);
  return result;
}
