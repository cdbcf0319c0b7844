import { bytes } from '../src/format.ts';
import type { Finished } from './process.ts';

const nameWidth = 20;

/** Repeated runs of one program. */
export interface Measured {
  readonly name: string;
  readonly runs: readonly Finished[];
  /** Bytes stored by one run. */
  readonly storedBytes: number;
}

/** Runs both programs alternately, so that other load on the machine affects both. */
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

/** `Message Archive  54.6 MB/s, peak memory 664 MB, 95.6 MB stored (27.9 %)`. */
export function measuredLine({ name, runs, storedBytes }: Measured, sourceBytes: number): string {
  const rate = sourceBytes / 1e3 / median(runs.map(({ tookMs }) => tookMs));
  const peakBytes = Math.max(...runs.map(({ rssBytes }) => rssBytes));
  const percent = ((100 * storedBytes) / sourceBytes).toFixed(1);
  return (
    `  ${name.padEnd(nameWidth)} ${rate.toFixed(1).padStart(6)} MB/s, peak memory ${bytes(peakBytes)}, ` +
    `${bytes(storedBytes)} stored (${percent} %)`
  );
}

/** Compares the durations pair by pair. */
export function ratioLine(ours: readonly Finished[], theirs: readonly Finished[]): string {
  const ratios = ours.map(({ tookMs }, n) => theirs[n]!.tookMs / tookMs);
  const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  return `  ${median(ratios).toFixed(2)} times as fast (median of ${ratios.length} pairs: ${each}), with every check and sorted.`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
