import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseOutputs } from '../demo/outputs.ts';
import { windowAt } from '../src/windows/grid.ts';
import { DAY_MS, day } from '../src/windows/interval.ts';
import { runAction } from './action.ts';
import { median } from './comparison.ts';
import { archiveSource, asOf, sourceInputs, startSource } from './source.ts';

const windows = 43;
const windowDays = 60;

/** Measures the time to start the action, and to plan windows that are all settled. */
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
      const refused = await runAction({ command: 'nothing' }, {}, true);
      took.start.push(refused.firstLineMs);
      const output = join(into, 'output');
      await writeFile(output, '');
      const inputs = { ...sourceInputs(source, range, into), command: 'plan', 'scrub-windows': '0' };
      const planned = await runAction(inputs, { GITHUB_OUTPUT: output });
      const { count } = parseOutputs(await readFile(output, 'utf8'));
      // Every plan re-checks the few windows with pending messages.
      if (Number(count) > windows / 2) throw new Error(`Some slots are not settled:\n${planned.output}`);
      took.plan.push(planned.tookMs);
    }
    console.log(`\nStart-up, median of ${runs} runs:`);
    console.log(`  first line of output               ${Math.round(median(took.start))} ms`);
    console.log(`  plan of ${windows} settled windows         ${Math.round(median(took.plan))} ms`);
  } finally {
    await source.close();
  }
}
