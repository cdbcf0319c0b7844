import type { Context, Sources } from '../context.ts';
import { counted } from '../format.ts';
import { type Log, type Source, type Strays, Unavailable } from '../io/ports.ts';
import { packed } from '../plan/codec.ts';
import { damageWarning } from '../plan/damaged.ts';
import { decide, type Facts, type PlannedSlot, type PlanOutput } from '../plan/decide.ts';
import { describePlan } from '../plan/describe.ts';
import { audited, gatherFacts, pastOf, type Scope } from '../plan/facts.ts';
import { type Leg, legs } from '../plan/legs.ts';
import { probeSources } from '../plan/probe.ts';
import { compareSources } from '../reconcile/overlap.ts';
import { unsearchedSentence } from '../report/off-slot.ts';
import { foreignObjectWarnings } from '../verify/foreign-objects.ts';
import { type Interval, instant } from '../windows/interval.ts';

export interface Plan {
  readonly facts: Facts;
  readonly slots: readonly PlannedSlot[];
  readonly legs: readonly Leg[];
  readonly output: PlanOutput;
  /** Messages in no slot, according to the source of settled slots; absent if it cannot tell. */
  readonly strays?: Strays | undefined;
}

/**
 * Decides what to do, and logs it. Reads the state, one listing of the archive, and the source's counts. If there are two
 * sources, compares them over some days. Writes nothing.
 */
export async function plan(context: Context, sources: Sources, scope: Scope): Promise<Plan> {
  const gathered = await gatherFacts(context, sources, scope);
  const facts = await audited(gathered.facts, sources, context.log);
  const strays = await straysOf(context, sources, pastOf(facts));
  const slots = decide(facts);
  await probeSources(sources, slots, facts, context.log);
  const made = { facts, slots, legs: legs(slots, facts), output: outputOf(facts, slots), strays };
  for (const line of describePlan(facts, slots, made.legs)) context.log.line(line);
  if (strays !== undefined) logStrays(strays, sources.settled, context.log);
  if (gathered.damaged.length > 0)
    context.log.warning(damageWarning(context.staging.url, gathered.damaged, context.settings.layout));
  for (const warning of foreignObjectWarnings(gathered.objects, context.settings.format, facts, slots))
    context.log.warning(warning);
  const comparison = await compareSources(context, sources, scope.range, scope.overlapDays ?? 0);
  return comparison === undefined ? made : { ...made, output: { ...made.output, comparison } };
}

/** The outputs of `plan`. */
export function planOutputs(made: Plan): Record<string, string> {
  return { matrix: JSON.stringify(made.legs), count: String(made.legs.length), plan: packed(made.output) };
}

/** If only the source of settled slots is unavailable, live slots are still read. A wrong setting of it fails the plan. */
async function straysOf({ log }: Context, { live, settled }: Sources, range: Interval): Promise<Strays | undefined> {
  try {
    return await settled.strays?.(range);
  } catch (error) {
    if (live === settled || !(error instanceof Unavailable)) throw error;
    log.warning(`Only the source ${live.name} can be read now: ${error.message}`);
    return {};
  }
}

function logStrays(
  { outside = 0, withoutTimestamp = 0, unsearched = [] }: Strays,
  { name, url }: Source,
  log: Log,
): void {
  const verb = (count: number, one: string, many: string) => (count === 1 ? one : many);
  if (outside > 0)
    log.line(`${counted(outside, 'message')} of ${url} ${verb(outside, 'is', 'are')} outside of the range.`);
  if (withoutTimestamp > 0)
    log.line(
      `${counted(withoutTimestamp, 'message')} of ${url} ${verb(withoutTimestamp, 'has', 'have')} no readable timestamp and ${verb(withoutTimestamp, 'belongs', 'belong')} to no slot.`,
    );
  if (unsearched.length > 0) log.warning(unsearchedSentence(name, unsearched));
}

function outputOf(facts: Facts, slots: readonly PlannedSlot[]): PlanOutput {
  return {
    planned_at: instant(facts.now),
    slots: slots.flatMap(({ slot, action, reason }) => (action === 'none' ? [] : [[slot.id, action, reason] as const])),
  };
}
