import type { Scope } from './facts.ts';
import type { Parts, Sources } from './parts.ts';
import { plan } from './plan.ts';
import { type Report, report } from './report.ts';
import { type Tally, tellTally, type WorkOptions, workOff } from './work.ts';

/** Plan, every leg and report, in one process; undefined after a dry run, which ends with the plan. */
export async function run(
  parts: Parts,
  sources: Sources,
  scope: Scope,
  options: WorkOptions & { readonly dryRun: boolean },
): Promise<{ tally: Tally; report: Report } | undefined> {
  const { slots, output } = await plan(parts, sources, scope);
  if (options.dryRun) return undefined;
  const tally = await workOff(parts, sources, slots, options);
  tellTally(tally, parts.log);
  return { tally, report: await report(parts, output) };
}
