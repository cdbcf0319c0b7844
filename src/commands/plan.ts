import type { Context, Sources } from '../context.ts';
import { bytes, counted, number } from '../format.ts';
import { type Log, type Strays, Unavailable } from '../io/ports.ts';
import { packed } from '../plan/codec.ts';
import { decide, type Facts, type PlannedSlot, type PlanOutput } from '../plan/decide.ts';
import { audited, gatherFacts, pastOf, type Scope } from '../plan/facts.ts';
import { type Leg, legs } from '../plan/legs.ts';
import { probeSources } from '../plan/probe.ts';
import { compareSources } from '../reconcile/overlap.ts';
import { unsearchedSentence } from '../report/off-slot.ts';
import { foreignObjects } from '../verify/foreign-objects.ts';
import { type Interval, instant } from '../windows/interval.ts';

export interface Plan {
  readonly facts: Facts;
  readonly slots: readonly PlannedSlot[];
  readonly legs: readonly Leg[];
  readonly output: PlanOutput;
  /** What the source of settled slots says of messages that no slot holds; absent where it cannot tell. */
  readonly strays?: Strays | undefined;
}

/**
 * Decides what is to be done, and says so. Reads the state, one listing, and the source's counts; where there are two sources, it
 * compares them over some days. Writes nothing.
 */
export async function plan(context: Context, sources: Sources, scope: Scope): Promise<Plan> {
  const gathered = await gatherFacts(context, sources, scope);
  const facts = await audited(gathered.facts, sources, context.log);
  const strays = await straysOf(context, sources, pastOf(facts));
  const slots = decide(facts);
  await probeSources(sources, slots, facts, context.log);
  const made = { facts, slots, legs: legs(slots, facts), output: outputOf(facts, slots), strays };
  for (const line of describePlan(made)) context.log.line(line);
  if (strays !== undefined) tellStrays(strays, sources.settled.url, context.log);
  for (const warning of foreignObjects(gathered.objects, context.settings.format, facts, slots))
    context.log.warning(warning);
  const comparison = await compareSources(context, sources, scope.range, scope.overlapDays ?? 0);
  return comparison === undefined ? made : { ...made, output: { ...made.output, comparison } };
}

/** The outputs of `plan`. */
export function planOutputs(made: Plan): Record<string, string> {
  return { matrix: JSON.stringify(made.legs), count: String(made.legs.length), plan: packed(made.output) };
}

/** Live slots with a source of their own are read while the other one is unavailable; a wrong setting of it ends the plan. */
async function straysOf({ log }: Context, { live, settled }: Sources, range: Interval): Promise<Strays | undefined> {
  try {
    return await settled.strays?.(range);
  } catch (error) {
    if (live === settled || !(error instanceof Unavailable)) throw error;
    log.warning(`Only ${live.name} can be read now: ${error.message}`);
    return {};
  }
}

function tellStrays({ outside = 0, withoutTimestamp = 0, unsearched = [] }: Strays, url: string, log: Log): void {
  if (outside > 0) log.line(`${counted(outside, 'message')} of ${url} lie outside of the range.`);
  if (withoutTimestamp > 0)
    log.line(
      `${counted(withoutTimestamp, 'message')} of ${url} have no timestamp that can be read, and are in no slot.`,
    );
  if (unsearched.length > 0) log.warning(unsearchedSentence(unsearched));
}

function outputOf(facts: Facts, slots: readonly PlannedSlot[]): PlanOutput {
  return {
    planned_at: instant(facts.now),
    slots: slots.flatMap(({ slot, action, reason }) => (action === 'none' ? [] : [[slot.id, action, reason] as const])),
  };
}

function describePlan({ facts, slots, legs: made }: Plan): string[] {
  const idle = slots.filter(({ action }) => action === 'none').length;
  const waiting = [...facts.staged.values()].reduce((sum, count) => sum + count, 0);
  const known = [...facts.ledger.values()];
  const read = known.reduce((sum, { bytes_in }) => sum + bytes_in, 0);
  const stored = known.reduce((sum, { bytes_out }) => sum + bytes_out, 0);
  const lines = [
    `Plan of ${instant(facts.now)}: ${counted(slots.length, 'slot')}, of which ${number(idle)} are settled and left alone; ${counted(waiting, 'message')} waiting.`,
  ];
  if (known.length > 0) lines.push(`The archive holds ${bytes(stored)}, made from ${bytes(read)} of JSON.`);
  const byWindow = Map.groupBy(
    slots.filter(({ action }) => action !== 'none'),
    ({ slot }) => slot.window,
  );
  for (const [window, group] of byWindow) lines.push(`  ${window}  ${describeGroup(group, facts)}`);
  lines.push(made.length === 0 ? 'There is nothing to do.' : `${counted(made.length, 'leg')}.`);
  return lines;
}

function describeGroup(group: readonly PlannedSlot[], facts: Facts): string {
  const reasons = [
    ...Map.groupBy(group, ({ action, reason }) => (action === 'read' ? `read: ${reason}` : 'look again')),
  ];
  const what = reasons.map(([reason, slots]) => `${counted(slots.length, 'slot')} ${reason}`).join(', ');
  const from = [...new Set(group.map(({ source }) => source))].join(' and ');
  const staged = group.reduce((sum, { staged: count }) => sum + count, 0);
  const whole = group.filter(({ action }) => action === 'read');
  const read = whole.reduce((sum, { slot }) => sum + (facts.ledger.get(slot.id)?.bytes_in ?? 0), 0);
  const details = [
    `from ${from}`,
    ...(staged > 0 ? [`${number(staged)} waiting`] : []),
    ...(read > 0 ? [`${bytes(read)} last time`] : []),
  ];
  return `${what}; ${details.join(', ')}`;
}
