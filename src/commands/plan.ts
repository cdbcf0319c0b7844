import type { Log, Strays } from '../io/ports.ts';
import { instant } from '../windows/interval.ts';
import { type Leg, legs } from '../windows/legs.ts';
import { decide, type Facts, type PlannedSlot, type PlanOutput } from '../windows/planner.ts';
import { bytes, counted, number } from '../words.ts';
import { asideFrom } from './aside.ts';
import { audited, gatherFacts, type Scope } from './facts.ts';
import { compareSources } from './overlap.ts';
import { packed } from './packed.ts';
import type { Parts, Sources } from './parts.ts';
import { strangers } from './strangers.ts';

export interface Plan {
  readonly facts: Facts;
  readonly slots: readonly PlannedSlot[];
  readonly legs: readonly Leg[];
  readonly output: PlanOutput;
}

/**
 * Decides what is to be done, and says so. Reads the state, one listing, and the source's counts; where there are two sources, it
 * compares them over some days. Writes nothing.
 */
export async function plan(parts: Parts, sources: Sources, scope: Scope): Promise<Plan> {
  const gathered = await gatherFacts(parts, sources, scope);
  const facts = await audited(gathered.facts, sources, parts.log);
  const strays = await straysOf(parts, sources, scope);
  const slots = decide(facts);
  const made = { facts, slots, legs: legs(slots, facts), output: outputOf(facts, slots) };
  for (const line of describePlan(made)) parts.log.line(line);
  if (strays !== undefined) tellStrays(strays, sources.settled.url, parts.log);
  for (const warning of strangers(gathered.objects, parts.settings.format, facts, slots)) parts.log.warning(warning);
  const comparison = await compareSources(parts, sources, scope.range, scope.overlapDays ?? 0);
  return comparison === undefined ? made : { ...made, output: { ...made.output, comparison } };
}

/** Undefined where the source cannot tell, or refuses to. */
async function straysOf({ log }: Parts, { settled }: Sources, { range }: Scope): Promise<Strays | undefined> {
  let found: Strays | undefined;
  const failure = await asideFrom(async () => {
    found = await settled.strays?.(range);
  });
  if (failure !== undefined)
    log.warning(`${failure.message} Messages in no slot were not counted; everything else goes on.`);
  return found;
}

/** The outputs of `plan`. */
export function planOutputs(made: Plan): Record<string, string> {
  return { matrix: JSON.stringify(made.legs), count: String(made.legs.length), plan: packed(made.output) };
}

function tellStrays({ outside, withoutTimestamp }: Strays, url: string, log: Log): void {
  if (outside > 0) log.line(`${counted(outside, 'message')} of ${url} lie outside of the range.`);
  if (withoutTimestamp > 0) {
    log.warning(
      `${counted(withoutTimestamp, 'message')} of ${url} have no timestamp that can be searched, and are in no slot: see message-timestamp and the index.`,
    );
  }
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
