import { toldOf } from '../errors.ts';
import type { Scope } from '../plan/facts.ts';
import { recordOffSlot } from '../export/off-slot.ts';
import type { Parts, Sources } from '../context.ts';
import { plan } from './plan.ts';
import { type Report, report } from './report.ts';
import { type Tally, tellTally } from '../export/result.ts';
import { type WorkOptions, workOff } from '../export/leg.ts';

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
  parts: Parts,
  sources: Sources,
  scope: Scope,
  options: WorkOptions & { readonly dryRun: boolean },
): Promise<RunDone | undefined> {
  const planned = await plan(parts, sources, scope).catch((error: unknown) => {
    if (options.dryRun) throw error;
    return { error };
  });
  if ('error' in planned) return { report: await reportFailure(parts, planned.error) };
  if (options.dryRun) return undefined;
  await recordOffSlot(parts, sources, planned);
  const tally = await workOff(parts, sources, planned.slots, options);
  tellTally(tally, parts.settings.shape.columns, parts.log);
  return { tally, report: await report(parts, planned.output) };
}

/** What kept the plan from being made may keep the report from it too: then the first is what matters. */
function reportFailure(parts: Parts, error: unknown): Promise<Report> {
  return report(parts, { failure: toldOf(error) }).catch(() => {
    throw error;
  });
}
