import * as v from 'valibot';
import type { Comparison } from '../archive/comparison.ts';
import type { ArchiveState, LedgerRecord } from '../archive/ledger.ts';
import { asideFrom } from '../auxiliary.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { noteDeferred } from '../export/deferred.ts';
import { settleSeams } from '../export/seams.ts';
import { counted } from '../format.ts';
import { sourceNames } from '../messages/message.ts';
import { unpacked } from '../plan/codec.ts';
import { type PlanOutput, reasons } from '../plan/decide.ts';
import { doubtsOf } from '../report/doubts.ts';
import { faultText, type Seam } from '../report/faults.ts';
import { verdict } from '../report/missing.ts';
import { coveragePage } from '../report/page/page.ts';
import { summarize } from '../report/summary.ts';
import { isComplete, type Missing, type NoPlan, type Survey, survey, timeOf } from '../report/survey.ts';
import { instant } from '../windows/interval.ts';

const named = v.object({
  count: v.number(),
  named: v.array(v.object({ id: v.string(), shown: v.optional(v.picklist(['unalerted', 'invalid'])) })),
});

const span = { from: v.string(), to: v.string() };

const comparison = v.union([
  v.object({ ...span, failure: v.string() }),
  v.object({
    ...span,
    both: v.number(),
    lacking: v.array(v.object({ source: v.picklist(sourceNames), ...named.entries })),
    differing: named,
  }),
]) satisfies v.GenericSchema<unknown, Comparison>;

const planOutput = v.object({
  planned_at: v.string(),
  slots: v.array(v.tuple([v.string(), v.picklist(['read', 're-check']), v.picklist(reasons)])),
  comparison: v.optional(comparison),
}) satisfies v.GenericSchema<unknown, PlanOutput>;

const unplanned =
  'No plan was made: see why in the log of the job that plans, then run again; or where it made one, pass its output plan.';

/** What the report found. */
export interface Report {
  readonly survey: Survey;
  readonly isComplete: boolean;
  /** Markdown, for the job's summary. */
  readonly summary: string;
  readonly outputs: Record<string, string>;
  /** Why the run is red; none where it is not, also where no more than its time ran out. */
  readonly problems: readonly string[];
}

/**
 * Reads the `plan` input.
 * @throws UserError naming it
 */
export function parsePlan(text: string): PlanOutput {
  try {
    return v.parse(planOutput, unpacked(text));
  } catch {
    throw new UserError(
      'The input `plan` is not what the command `plan` gives as its output `plan`: pass that output unchanged.',
    );
  }
}

/**
 * Holds the ledger against the plan, and leaves what it found in the archive as `_report/ledger.json` and, for people,
 * `_report/index.html`. Slots whose leg ended without a word are noted in the ledger, so that they are not forgotten by runs
 * with another plan.
 */
export async function report(context: Context, plan: PlanOutput | NoPlan): Promise<Report> {
  const made = await surveyNow(context, plan);
  const complete = isComplete(made);
  const problems = problemsOf(made);
  for (const doubt of doubtsOf(made)) context.log.warning(doubt);
  await writeLedger(context, made, complete);
  await writePage(context, made, plan);
  context.log.line(complete ? 'The archive is complete.' : `The archive is not complete. ${verdict(made)}`);
  const [oldest] = made.staged;
  return {
    survey: made,
    isComplete: complete,
    problems,
    outputs: { complete: String(complete), 'oldest-open': oldest === undefined ? '' : instant(timeOf(oldest)) },
    summary: summarize(made),
  };
}

async function surveyNow(context: Context, plan: PlanOutput | NoPlan): Promise<Survey> {
  const { archive, settings, staging, run, recentDays } = context;
  const place = { archive: archive.url, now: context.now(), runUrl: run.url, layout: settings.layout, recentDays };
  const state = await staging.state();
  const { seams, ledger } = await settled(context, state);
  const found = survey(place, plan, { ...state, ledger }, seams);
  if ('failure' in plan) return found;
  const isNoted = ({ slot }: Missing) => (found.ledger.get(slot.id)?.deferred?.at ?? '') >= plan.planned_at;
  const silent = found.missing.filter((one) => one.why === 'leg' && one.reason !== undefined && !isNoted(one));
  if (silent.length === 0) return found;
  await noteDeferred(
    context,
    silent.map(({ slot, action }) => ({ slot, action, because: 'leg' })),
  );
  return survey(place, plan, await staging.state(), seams);
}

/** What is at the seams of slots; nothing where that cannot be told: the report is made without. */
async function settled(context: Context, { ledger, staged }: ArchiveState) {
  let found: { readonly seams: readonly Seam[]; readonly ledger: readonly LedgerRecord[] } = { seams: [], ledger };
  const failure = await asideFrom(async () => {
    found = await settleSeams(context, { ledger, staged });
  });
  if (failure !== undefined)
    context.log.warning(`Messages at the seams of slots were not looked for: ${failure.message}`);
  return found;
}

function problemsOf({ archive, noPlan, missing, isVoid, faults }: Survey): string[] {
  const own = missing.filter(({ reason }) => reason !== undefined);
  return [
    ...(noPlan === undefined ? [] : [noPlan.failure ?? unplanned]),
    ...own.filter(({ why }) => why === 'failed').map(({ message }) => message!),
    ...silentLegs(own),
    ...(isVoid
      ? [`No slot of ${archive} ever held a message: see that the source's address, query and JSON pointers are right.`]
      : []),
    ...faults.map(faultText),
  ];
}

function silentLegs(missing: readonly Missing[]): string[] {
  const silent = missing.filter(({ why }) => why === 'leg');
  return [...Map.groupBy(silent, ({ slot }) => slot.window)].map(
    ([window, group]) =>
      `The leg of window ${window} ended before ${counted(group.length, 'slot')}: see why in the log of its job, then run again.`,
  );
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
