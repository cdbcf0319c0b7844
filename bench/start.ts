import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { windowAt } from '../src/windows/grid.ts';
import { DAY_MS, day } from '../src/windows/interval.ts';
import { runAction } from './action.ts';
import { median } from './comparison.ts';
import { archiveSource, asOf, sourceInputs, startSource } from './source.ts';

const windows = 43;
const windowDays = 60;

/** How long the action takes to start, and to plan over windows that are all settled. */
export async function benchStart(folder: string, runs: number): Promise<void> {
  const end = windowAt(Date.parse(asOf) - 2 * windowDays * DAY_MS, windowDays).start;
  const range = { from: day(end - windows * windowDays * DAY_MS), to: day(end), messages: 860 };
  const into = join(folder, 'settled');
  await mkdir(into, { recursive: true });
  const source = await startSource(range);
  try {
    await archiveSource(source, range, into);
    const took = { start: [] as number[], plan: [] as number[] };
    for (let n = 0; n < runs; n += 1) {
      const refused = await runAction({ command: 'nothing' }, {}, 1);
      took.start.push(refused.firstLineMs);
      const planned = await runAction({ ...sourceInputs(source, range, into), command: 'plan', 'scrub-windows': '0' });
      if (/slots? read:/.test(planned.output)) throw new Error(`Not all is settled:\n${planned.output}`);
      took.plan.push(planned.tookMs);
    }
    console.log(`\nStarting, median of ${runs}:`);
    console.log(`  to the first line of output        ${Math.round(median(took.start))} ms`);
    console.log(`  a whole plan, ${windows} settled windows   ${Math.round(median(took.plan))} ms`);
  } finally {
    await source.close();
  }
}
