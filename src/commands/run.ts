import type { Context, Sources } from '../context.ts';
import { codeOf, sentenceOf } from '../errors.ts';
import { type LegOptions, processLeg } from '../export/leg.ts';
import { recordOffSlot } from '../export/off-slot.ts';
import { type LegResult, logResult } from '../export/result.ts';
import type { Scope } from '../plan/facts.ts';
import { plan } from './plan.ts';
import { type Report, report } from './report.ts';

export interface RunResult {
  /** Absent if the plan failed. */
  readonly tally?: LegResult;
  readonly report: Report;
}

/**
 * Runs plan, all legs and report in one process. A failed plan is reported.
 * @returns undefined after a dry run, which ends with the plan
 */
export async function run(
  context: Context,
  sources: Sources,
  scope: Scope,
  options: LegOptions & { readonly dryRun: boolean },
): Promise<RunResult | undefined> {
  const planned = await plan(context, sources, scope).catch((error: unknown) => {
    if (options.dryRun) throw error;
    return { error };
  });
  if ('error' in planned) return { report: await reportFailure(context, planned.error) };
  if (options.dryRun) return undefined;
  await recordOffSlot(context, sources, planned);
  const result = await processLeg(context, sources, planned.slots, options);
  logResult(result, context.settings.shape.columns, context.log);
  return { tally: result, report: await report(context, planned.output) };
}

/** The cause of a failed plan may make the report fail too: then the plan's error is thrown. */
async function reportFailure(context: Context, error: unknown): Promise<Report> {
  const made = await report(context, { failure: sentenceOf(error) }).catch(() => {
    throw error;
  });
  return { ...made, code: codeOf(error) };
}
