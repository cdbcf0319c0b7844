import { bytes, counted, duration, number, rate } from '../src/format.ts';
import { parsePlan } from '../src/plan/codec.ts';
import type { PlanOutput } from '../src/plan/decide.ts';
import type { Leg } from '../src/plan/legs.ts';
import type { Action, Step } from './action.ts';
import { DemoFailure } from './failure.ts';
import { places } from './folder.ts';
import { type LedgerFile, movesBetween, readLedger, totalsOf } from './ledger.ts';
import { type LegsDone, runLegs } from './legs.ts';
import { planLines } from './plan-lines.ts';
import type { Screen } from './screen.ts';
import { clockInputs, type Run } from './settings.ts';
import type { SourceProcess } from './source-process.ts';
import { date } from './words.ts';

/** What a run works with. */
export interface Stage {
  readonly action: Action;
  readonly source: SourceProcess;
  readonly screen: Screen;
}

/** What a run leaves for what comes after it. */
export interface RunDone {
  readonly run: Run;
  readonly plan: PlanOutput;
  readonly legs: LegsDone;
  readonly ledger: LedgerFile;
  readonly summaryPath: string;
}

/** One run as a workflow has it: plan, legs in parallel, report. */
export async function rehearse(run: Run, name: string, before: RunDone | undefined, stage: Stage): Promise<RunDone> {
  const { action, screen } = stage;
  const inputs = clockInputs(run.asOf);
  screen.heading(`${date(run.asOf)}: ${run.title}`);
  const planned = await action.run(`${name}/plan`, { ...inputs, command: 'plan' });
  const plan = parsePlan(planned.outputs.plan!);
  const matrix: Leg[] = JSON.parse(planned.outputs.matrix!);
  tellPlan(planned, plan, matrix, screen);
  const legs = await runLegs(matrix, name, inputs, stage);
  const reported = await action.run(`${name}/report`, { ...inputs, command: 'report', plan: planned.outputs.plan! });
  const ledger = await readLedger(places.archive);
  tellReport(reported, legs, ledger, before?.ledger, screen);
  if (reported.outputs.complete !== 'true')
    throw new DemoFailure('The archive is not complete.', reported.log.join('\n'));
  return { run, plan, legs, ledger, summaryPath: reported.summaryPath };
}

function tellPlan(planned: Step, plan: PlanOutput, matrix: readonly Leg[], screen: Screen): void {
  const first = planned.log[0]!.replace(/^Plan of [^ ]+: /, '');
  screen.line(`  plan     ${first}`);
  screen.lines(planLines(plan), '           ');
  if (matrix.length === 0) screen.line('           There is nothing to do.');
}

function tellReport(
  { outputs }: Step,
  legs: LegsDone,
  ledger: LedgerFile,
  before: LedgerFile | undefined,
  screen: Screen,
): void {
  const { messages, objects, invalid, bytesIn, bytesOut } = totalsOf(ledger);
  screen.line(
    `  legs     ${bytes(legs.bytesRead)} read in ${duration(legs.tookMs)} (${rate(legs.bytesRead, legs.tookMs)}): ` +
      `${counted(legs.archived, 'message')} newly archived, ${counted(legs.objectsWritten, 'object')} written`,
  );
  screen.line(
    `  report   ${outputs.complete === 'true' ? 'complete' : 'not complete'}: ${counted(messages, 'message')} in ` +
      `${counted(objects, 'object')}, ${bytes(bytesOut)} of Parquet from ${bytes(bytesIn)} of JSON`,
  );
  const oldest = outputs['oldest-open'] ? `, the oldest of ${date(outputs['oldest-open'])}` : '';
  screen.line(
    `           ${counted(ledger.staged.length, 'message')} waiting for their alerts${oldest}; ` +
      `${number(invalid)} in quarantine with the reason`,
  );
  if (before !== undefined) tellMoves(ledger, before, screen);
}

function tellMoves(ledger: LedgerFile, before: LedgerFile, screen: Screen): void {
  const { joined, stillWaiting, newlyWaiting, reopened } = movesBetween(before, ledger);
  if (joined + newlyWaiting === 0) return;
  screen.line(
    `  staging  of ${counted(before.staged.length, 'message')} that waited, ${number(joined)} were closed and joined the archive, ` +
      `${number(stillWaiting)} still wait; ${number(newlyWaiting)} are new here`,
  );
  if (reopened > 0) {
    screen.line(`           opened again after they were archived: ${number(reopened)}; the archived version stays`);
  }
}
