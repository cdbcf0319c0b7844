import type { Context, Sources } from '../context.ts';
import { UserError } from '../errors.ts';
import { type LegOptions, processLeg } from '../export/leg.ts';
import { type LegResult, logResult } from '../export/result.ts';
import { counted } from '../format.ts';
import { gatherFacts, type Scope } from '../plan/facts.ts';
import { type Assignment, decideLeg } from '../plan/legs.ts';

/** Processes one leg, from the current state. A dry run only logs how many slots it would process. */
export async function exportLeg(
  context: Context,
  sources: Sources,
  assignment: Assignment,
  options: Scope & LegOptions & { readonly dryRun: boolean },
): Promise<LegResult> {
  const { facts } = await gatherFacts(context, sources, options);
  const planned = decideLeg(facts, assignment);
  const todo = planned.filter(({ action }) => action !== 'none');
  context.log.line(`Leg ${assignment.name}: ${counted(todo.length, 'slot')} to process.`);
  const result = await processLeg(context, sources, options.dryRun ? [] : planned, options);
  if (!options.dryRun) logResult(result, context.settings.shape.columns, context.log);
  return result;
}

/** @throws UserError if a slot failed: the first failure, with the code that all failures have in common, or `slots-failed` */
export function assertNothingFailed({ failed }: LegResult): void {
  const [first, ...others] = failed;
  if (first === undefined) return;
  const code = others.every((other) => other.code === first.code) ? first.code : 'slots-failed';
  const more = others.length > 0 ? ` (${counted(others.length, 'other slot')} failed too)` : '';
  throw new UserError(code, `${first.message.replace(/\.$/, '')}${more}.`);
}
