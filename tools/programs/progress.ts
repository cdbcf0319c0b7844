import { duration } from '../../src/format.ts';

/** Prints a line about progress. */
export function say(line: string): void {
  console.log(`tools  ${line}`);
}

/** Runs `work` and prints its duration: `tested: 3 min 20 s`. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  say(`${what}: ${duration(performance.now() - startedMs)}`);
  return result;
}
