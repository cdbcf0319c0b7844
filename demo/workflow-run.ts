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
import { date } from './text.ts';

/** Dependencies of a run. */
export interface Stage {
  readonly action: Action;
  readonly source: SourceProcess;
  readonly screen: Screen;
}

/** A finished run. */
export interface RunDone {
  readonly run: Run;
  readonly plan: PlanOutput;
  readonly legs: LegsDone;
  readonly ledger: LedgerFile;
  readonly summaryPath: string;
}

/**
 * Runs the action as a workflow does: plan, legs in parallel, report.
 * @throws DemoFailure if a step fails or the archive is incomplete
 */
export async function runWorkflow(run: Run, name: string, before: RunDone | undefined, stage: Stage): Promise<RunDone> {
  const { action, screen } = stage;
  const inputs = clockInputs(run.asOf);
  screen.heading(`${date(run.asOf)}: ${run.title}`);
  const planned = await action.run(`${name}/plan`, { ...inputs, command: 'plan' });
  const plan = parsePlan(planned.outputs.plan!);
  const matrix: Leg[] = JSON.parse(planned.outputs.matrix!);
  printPlan(planned, plan, matrix, screen);
  const legs = await runLegs(matrix, name, inputs, stage);
  const reported = await action.run(`${name}/report`, { ...inputs, command: 'report', plan: planned.outputs.plan! });
  const ledger = await readLedger(places.archive);
  printReport(reported, legs, ledger, before?.ledger, screen);
  if (reported.outputs.complete !== 'true')
    throw new DemoFailure('The archive is incomplete.', reported.log.join('\n'));
  return { run, plan, legs, ledger, summaryPath: reported.summaryPath };
}

function printPlan(planned: Step, plan: PlanOutput, matrix: readonly Leg[], screen: Screen): void {
  const first = planned.log[0]!.replace(/^Plan.*?: /, '');
  screen.line(`  plan     ${first}`);
  screen.lines(planLines(plan), '           ');
  if (matrix.length === 0) screen.line('           Nothing to do.');
}

function printReport(
  { outputs }: Step,
  legs: LegsDone,
  ledger: LedgerFile,
  before: LedgerFile | undefined,
  screen: Screen,
): void {
  const { messages, objects, invalid, bytesIn, bytesOut } = totalsOf(ledger);
  screen.line(
    `  legs     ${counted(legs.legs, 'leg')}${legs.idle > 0 ? ` (${number(legs.idle)} with no changes)` : ''} in ${duration(legs.tookMs)}: ` +
      `${bytes(legs.bytesRead)} read (${rate(legs.bytesRead, legs.tookMs)}), ${counted(legs.archived, 'message')} archived, ` +
      `${counted(legs.objectsWritten, 'file')} written`,
  );
  screen.line(
    `  report   ${outputs.complete === 'true' ? 'complete' : 'incomplete'}: ${counted(messages, 'message')} in ` +
      `${counted(objects, 'file')}, ${bytes(bytesOut)} of Parquet from ${bytes(bytesIn)} of JSON`,
  );
  const oldest = outputs['oldest-open'] ? `, the oldest from ${date(outputs['oldest-open'])}` : '';
  screen.line(
    `           ${counted(ledger.staged.length, 'message')} pending${oldest}; ${number(invalid)} invalid, in quarantine`,
  );
  if (before !== undefined) printMoves(ledger, before, screen);
}

function printMoves(ledger: LedgerFile, before: LedgerFile, screen: Screen): void {
  const { archived, stillPending, newlyPending, reopened } = movesBetween(before, ledger);
  if (archived + newlyPending === 0) return;
  screen.line(
    `  pending  ${number(before.staged.length)} before: ${number(archived)} closed and archived, ` +
      `${number(stillPending)} still pending; ${number(newlyPending)} new`,
  );
  if (reopened > 0) {
    screen.line(`           ${number(reopened)} re-opened after archiving; the archived version stays`);
  }
}
