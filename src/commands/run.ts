import type { Context, Sources } from '../context.ts';
import { toldOf } from '../errors.ts';
import { type WorkOptions, workOff } from '../export/leg.ts';
import { recordOffSlot } from '../export/off-slot.ts';
import { type Tally, tellTally } from '../export/result.ts';
import type { Scope } from '../plan/facts.ts';
import { plan } from './plan.ts';
import { type Report, report } from './report.ts';

/** What a run did. */
export interface RunDone {
  /** Absent where no plan was made. */
  readonly tally?: Tally;
  readonly report: Report;
}

/**
 * Plan, every leg and report, in one process; undefined after a dry run, which ends with the plan. Where no plan can be made,
 * that is reported.
 */
export async function run(
  context: Context,
  sources: Sources,
  scope: Scope,
  options: WorkOptions & { readonly dryRun: boolean },
): Promise<RunDone | undefined> {
  const planned = await plan(context, sources, scope).catch((error: unknown) => {
    if (options.dryRun) throw error;
    return { error };
  });
  if ('error' in planned) return { report: await reportFailure(context, planned.error) };
  if (options.dryRun) return undefined;
  await recordOffSlot(context, sources, planned);
  const tally = await workOff(context, sources, planned.slots, options);
  tellTally(tally, context.settings.shape.columns, context.log);
  return { tally, report: await report(context, planned.output) };
}

/** What kept the plan from being made may keep the report from it too: then the first is what matters. */
function reportFailure(context: Context, error: unknown): Promise<Report> {
  return report(context, { failure: toldOf(error) }).catch(() => {
    throw error;
  });
}
