import { names, number } from '../src/format.ts';
import { DemoFailure } from './failure.ts';
import type { Queries } from './queries.ts';
import type { RunDone } from './rehearsal.ts';
import type { Screen } from './screen.ts';
import { layout, recentDays } from './settings.ts';
import type { SourceProcess } from './source-process.ts';
import { type Comparison, compare, expectation, isSame, type Look } from './truth.ts';

/**
 * Holds the archive against what the source showed at each run.
 * @throws DemoFailure where it is not what it promises
 */
export async function judge(
  source: SourceProcess,
  done: readonly RunDone[],
  queries: Queries,
  screen: Screen,
): Promise<void> {
  screen.heading('What the source says');
  screen.status('  asking the source what it showed at each run');
  const expected = expectation(await looksOf(source, done), layout, recentDays);
  const comparison = compare(expected, await queries.rows());
  screen.status('');
  screen.lines(verdict(comparison, expected.unnoticed), '  ');
  if (isSame(comparison)) return;
  const { missing, extra, twice, damaged, foreign } = comparison;
  const lists = Object.entries({ missing, extra, twice, damaged, foreign }).filter(([, ids]) => ids.length > 0);
  const details = lists.map(([kind, ids]) => `${kind}: ${names(ids)}`).join('\n');
  throw new DemoFailure('The archive is not what the source says.', details);
}

/** The result in a few lines. */
export function verdict(comparison: Comparison, unnoticed: number): string[] {
  const { messages, missing, extra, twice, damaged, foreign, older } = comparison;
  const lines = [
    `compared with the source: ${number(messages)} messages, ${number(missing.length)} missing, ` +
      `${number(extra.length)} extra, ${number(twice.length)} twice`,
    `payloads: ${number(damaged.length)} differ from their SHA-256, ${number(foreign.length)} from the source's own bytes`,
  ];
  if (older.length > 0) {
    lines.push(
      `${number(older.length)} changed at the source since: the closed version that was read stays until a newer one is read`,
    );
  }
  if (unnoticed > 0) {
    lines.push(`${number(unnoticed)} got their first alert after their slot had settled: a later scrub finds them`);
  }
  return lines;
}

async function looksOf(source: SourceProcess, done: readonly RunDone[]): Promise<Look[]> {
  const looks: Look[] = [];
  for (const { run, plan } of done) {
    const read = plan.slots.filter(([, action]) => action === 'read').map(([slot]) => slot);
    looks.push({ at: Date.parse(run.asOf), read: new Set(read), truth: await source.truth(run.asOf) });
  }
  return looks;
}
