import { bytes } from '../src/format.ts';
import type { Finished } from './process.ts';

const nameWidth = 20;

/** A program that did the same work some times. */
export interface Measured {
  readonly name: string;
  readonly runs: readonly Finished[];
  /** What one run stored. */
  readonly storedBytes: number;
}

/** Runs both programs in turns, so that what else the machine does meets both alike. */
export async function inTurns(
  count: number,
  ours: (n: number) => Promise<Finished>,
  theirs: (n: number) => Promise<Finished>,
): Promise<{ ours: Finished[]; theirs: Finished[] }> {
  const done = { ours: [] as Finished[], theirs: [] as Finished[] };
  for (let n = 0; n < count; n += 1) {
    done.ours.push(await ours(n));
    done.theirs.push(await theirs(n));
  }
  return done;
}

/** `Message Archive  54.6 MB/s, at most 664 MB of memory, 95.6 MB stored (27.9 %)`. */
export function measuredLine({ name, runs, storedBytes }: Measured, sourceBytes: number): string {
  const rate = sourceBytes / 1e3 / median(runs.map(({ tookMs }) => tookMs));
  const peakBytes = Math.max(...runs.map(({ rssBytes }) => rssBytes));
  const percent = ((100 * storedBytes) / sourceBytes).toFixed(1);
  return (
    `  ${name.padEnd(nameWidth)} ${rate.toFixed(1).padStart(6)} MB/s, at most ${bytes(peakBytes)} of memory, ` +
    `${bytes(storedBytes)} stored (${percent} %)`
  );
}

/** How many times as fast ours is, pair by pair. */
export function ratioLine(ours: readonly Finished[], theirs: readonly Finished[]): string {
  const ratios = ours.map(({ tookMs }, n) => theirs[n]!.tookMs / tookMs);
  const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  return `  ${median(ratios).toFixed(2)} times as fast (median of ${ratios.length} pairs: ${each}), checked and sorted.`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
