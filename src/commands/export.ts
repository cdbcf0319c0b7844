import type { Context, Sources } from '../context.ts';
import { UserError } from '../errors.ts';
import { type WorkOptions, workOff } from '../export/leg.ts';
import { type Tally, tellTally } from '../export/result.ts';
import { counted } from '../format.ts';
import { gatherFacts, type Scope } from '../plan/facts.ts';
import { type Assignment, decideLeg } from '../plan/legs.ts';

/** Works off one leg, on the state as it is now. */
export async function exportLeg(
  context: Context,
  sources: Sources,
  scope: Scope,
  assignment: Assignment,
  options: WorkOptions & { readonly dryRun: boolean },
): Promise<Tally> {
  const { facts } = await gatherFacts(context, sources, scope);
  const planned = decideLeg(facts, assignment);
  const todo = planned.filter(({ action }) => action !== 'none');
  context.log.line(`Leg ${assignment.name}: ${counted(todo.length, 'slot')} to work off.`);
  const tally = await workOff(context, sources, options.dryRun ? [] : planned, options);
  if (!options.dryRun) tellTally(tally, context.settings.shape.columns, context.log);
  return tally;
}

/** @throws UserError when a slot failed, naming the first */
export function assertNothingFailed({ failed }: Tally): void {
  const [first] = failed;
  if (first === undefined) return;
  const others = failed.length > 1 ? ` (and ${counted(failed.length - 1, 'other slot')} failed too)` : '';
  throw new UserError(`${first.message.replace(/\.$/, '')}${others}.`);
}
