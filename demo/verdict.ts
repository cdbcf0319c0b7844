import { names, number } from '../src/format.ts';
import { DemoFailure } from './failure.ts';
import type { Queries } from './queries.ts';
import type { Screen } from './screen.ts';
import { layout, recentDays } from './settings.ts';
import type { SourceProcess } from './source-process.ts';
import { type Comparison, compare, expectation, isSame, type Observation } from './truth.ts';
import type { RunDone } from './workflow-run.ts';

/**
 * Compares the archive with the source's messages at the time of each run.
 * @throws DemoFailure if they differ
 */
export async function compareWithSource(
  source: SourceProcess,
  done: readonly RunDone[],
  queries: Queries,
  screen: Screen,
): Promise<void> {
  screen.heading('Compare the archive with the source');
  screen.status("  requesting the source's messages at the time of each run");
  const expected = expectation(await observations(source, done), layout, recentDays);
  const comparison = compare(expected, await queries.rows());
  screen.status('');
  screen.lines(verdict(comparison, expected.unnoticed), '  ');
  if (isSame(comparison)) return;
  const { missing, extra, twice, damaged, foreign } = comparison;
  const lists = Object.entries({ missing, extra, twice, damaged, foreign }).filter(([, ids]) => ids.length > 0);
  const details = lists.map(([kind, ids]) => `${kind}: ${names(ids)}`).join('\n');
  throw new DemoFailure('The archive differs from the source.', details);
}

/** Returns the result in a few lines. */
export function verdict(comparison: Comparison, unnoticed: number): string[] {
  const { messages, missing, extra, twice, damaged, foreign, older } = comparison;
  const lines = [
    `${number(messages)} messages expected: ${number(missing.length)} missing, ${number(extra.length)} extra, ` +
      `${number(twice.length)} duplicate`,
    `payloads: ${number(damaged.length)} differ from their SHA-256, ${number(foreign.length)} differ from the source's bytes`,
  ];
  if (older.length > 0) {
    lines.push(
      `${number(older.length)} changed at the source later: the archive keeps the closed version that it read`,
    );
  }
  if (unnoticed > 0) {
    lines.push(`${number(unnoticed)} got their first alert after their slot had settled: a later scrub will find them`);
  }
  return lines;
}

async function observations(source: SourceProcess, done: readonly RunDone[]): Promise<Observation[]> {
  const observed: Observation[] = [];
  for (const { run, plan } of done) {
    const read = plan.slots.filter(([, action]) => action === 'read').map(([slot]) => slot);
    observed.push({ at: Date.parse(run.asOf), read: new Set(read), truth: await source.truth(run.asOf) });
  }
  return observed;
}
