import type { ArchiveState, LedgerRecord } from '../archive/ledger.ts';
import type { Context } from '../context.ts';
import type { ErrorCode } from '../errors.ts';
import { recordDeferred } from '../export/deferred.ts';
import { settleSeams } from '../export/seams.ts';
import { counted } from '../format.ts';
import { failureOf } from '../optional-work.ts';
import type { PlanOutput } from '../plan/decide.ts';
import { doubtsOf } from '../report/doubts.ts';
import { faultText, type Seam } from '../report/faults.ts';
import { verdict } from '../report/missing.ts';
import { coveragePage } from '../report/page/page.ts';
import { summarize } from '../report/summary.ts';
import { isComplete, type Missing, type NoPlan, type Survey, survey, timeOf } from '../report/survey.ts';
import { instant } from '../windows/interval.ts';

const noPlanProblem =
  'There is no plan. See the log of the job `plan`, then re-run. If that job succeeded, pass its output `plan` to the report.';

export interface Report {
  readonly survey: Survey;
  readonly isComplete: boolean;
  /** Markdown, for the job summary. */
  readonly summary: string;
  readonly outputs: Record<string, string>;
  /** Why the run fails, as sentences; empty if it does not, even if slots were deferred because the time budget was spent. */
  readonly problems: readonly string[];
  /** The code of the first problem; absent if there is none. */
  readonly code?: ErrorCode;
}

interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Compares the ledger with the plan, and writes the result to the archive as `_report/ledger.json` and as the coverage page
 * `_report/index.html`. Slots whose leg ended without recording them are recorded as deferred, so that later runs read them.
 */
export async function report(context: Context, plan: PlanOutput | NoPlan): Promise<Report> {
  const made = await surveyNow(context, plan);
  const complete = isComplete(made);
  const problems = problemsOf(made);
  for (const doubt of doubtsOf(made)) context.log.warning(doubt);
  await writeLedger(context, made, complete);
  await writePage(context, made, plan);
  context.log.line(complete ? 'The archive is complete.' : `The archive is incomplete. ${verdict(made)}`);
  const [oldest] = made.staged;
  return {
    survey: made,
    isComplete: complete,
    problems: problems.map(({ message }) => message),
    ...(problems[0] !== undefined && { code: problems[0].code }),
    outputs: { complete: String(complete), 'oldest-open': oldest === undefined ? '' : instant(timeOf(oldest)) },
    summary: summarize(made),
  };
}

async function surveyNow(context: Context, plan: PlanOutput | NoPlan): Promise<Survey> {
  const { archive, settings, staging, run, recentDays } = context;
  const place = { archive: archive.url, now: context.now(), runUrl: run.url, layout: settings.layout, recentDays };
  const state = await staging.state();
  const { seams, ledger } = await checkSeams(context, state);
  const found = survey(place, plan, { ...state, ledger }, seams);
  if ('failure' in plan) return found;
  const isRecorded = ({ slot }: Missing) => (found.ledger.get(slot.id)?.deferred?.at ?? '') >= plan.planned_at;
  const unrecorded = found.missing.filter((one) => one.why === 'leg' && one.reason !== undefined && !isRecorded(one));
  if (unrecorded.length === 0) return found;
  await recordDeferred(
    context,
    unrecorded.map(({ slot, action }) => ({ slot, action, because: 'leg' })),
  );
  return survey(place, plan, await staging.state(), seams);
}

/** Messages missing at the seams of slots. If that check fails, the report is made without it. */
async function checkSeams(context: Context, { ledger, staged }: ArchiveState) {
  let found: { readonly seams: readonly Seam[]; readonly ledger: readonly LedgerRecord[] } = { seams: [], ledger };
  const failure = await failureOf(async () => {
    found = await settleSeams(context, { ledger, staged });
  });
  if (failure !== undefined)
    context.log.warning(`Slots were not checked for messages returned for their neighbors: ${failure.message}`);
  return found;
}

function problemsOf({ archive, noPlan, ledger, missing, isVoid, faults }: Survey): Problem[] {
  const planned = missing.filter(({ reason }) => reason !== undefined);
  const failed = planned.filter(({ why }) => why === 'failed');
  return [
    ...(noPlan === undefined ? [] : [{ code: 'plan-failed', message: noPlan.failure ?? noPlanProblem } as const]),
    ...failed.map(({ slot, message }) => ({
      code: ledger.get(slot.id)?.last_error?.code ?? 'slots-failed',
      message: message!,
    })),
    ...endedLegs(planned),
    ...(isVoid
      ? [
          {
            code: 'archive-incomplete',
            message: `No slot of ${archive} ever held a message. Check the source's URL, its query and the JSON pointers.`,
          } as const,
        ]
      : []),
    ...faults.map(
      (fault) =>
        ({
          code: fault.kind === 'lacking' ? 'source-lacking' : 'archive-incomplete',
          message: faultText(fault),
        }) as const,
    ),
  ];
}

function endedLegs(missing: readonly Missing[]): Problem[] {
  const unrecorded = missing.filter(({ why }) => why === 'leg');
  return [...Map.groupBy(unrecorded, ({ slot }) => slot.window)].map(([window, group]) => ({
    code: 'archive-incomplete',
    message: `The leg of window ${window} ended before it processed ${counted(group.length, 'slot')}. See the log of its job, then re-run.`,
  }));
}

async function writeLedger(context: Context, made: Survey, complete: boolean): Promise<void> {
  const { staged, sources } = made;
  const file = {
    archive: context.archive.url,
    written_at: instant(context.now()),
    complete,
    ledger: [...made.ledger.values()],
    staged,
    ...(sources.length > 0 && { sources }),
  };
  await context.archive.put(
    '_report/ledger.json',
    Buffer.from(`${JSON.stringify(file, null, 1)}\n`),
    'application/json',
  );
}

async function writePage(context: Context, made: Survey, plan: PlanOutput | NoPlan): Promise<void> {
  const { settings, recentDays, archive } = context;
  const plannedAt = 'failure' in plan ? instant(made.now) : plan.planned_at;
  const page = coveragePage(made, { ...settings, recentDays, plannedAt });
  await archive.put('_report/index.html', Buffer.from(page), 'text/html; charset=utf-8');
}
