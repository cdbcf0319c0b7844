import { bytes, counted, number } from '../format.ts';
import type { SourceName } from '../messages/message.ts';
import type { Facts, PlannedSlot } from './decide.ts';
import type { Leg } from './legs.ts';

const sourceLabels: Readonly<Record<SourceName, string>> = {
  api: 'API',
  elasticsearch: 'Elasticsearch',
  opensearch: 'OpenSearch',
};

/** The log lines of a plan: totals, the archive's size, one line for each window with work, and the number of legs. */
export function describePlan(facts: Facts, slots: readonly PlannedSlot[], legs: readonly Leg[]): string[] {
  const todo = slots.filter(({ action }) => action !== 'none');
  const pending = [...facts.staged.values()].reduce((sum, count) => sum + count, 0);
  const reasons = todo.length === 0 ? '' : ` (${countReasons(todo)})`;
  const lines = [
    `Plan: ${counted(slots.length, 'slot')}: ${number(slots.length - todo.length)} up to date, ${number(todo.length)} to process${reasons}. ${counted(pending, 'message')} pending.`,
  ];
  const records = [...facts.ledger.values()];
  if (records.length > 0) {
    const read = records.reduce((sum, { bytes_in }) => sum + bytes_in, 0);
    const stored = records.reduce((sum, { bytes_out }) => sum + bytes_out, 0);
    lines.push(`The archive holds ${bytes(stored)}, from ${bytes(read)} of JSON.`);
  }
  for (const [window, group] of Map.groupBy(todo, ({ slot }) => slot.window))
    lines.push(`  ${window}  ${describeGroup(group, facts)}`);
  lines.push(legs.length === 0 ? 'Nothing to do.' : `${counted(legs.length, 'leg')}.`);
  return lines;
}

/** `18 re-check, 5 live, 2 scrub`: the most frequent first. */
function countReasons(slots: readonly PlannedSlot[]): string {
  const label = ({ action, reason }: PlannedSlot) => {
    if (action === 're-check') return action;
    return reason === 'failed' ? 'failed before' : reason.replaceAll('-', ' ');
  };
  return [...Map.groupBy(slots, label)]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([name, group]) => `${number(group.length)} ${name}`)
    .join(', ');
}

/** `3 slots: read 1 new, 1 live; re-check 1 pending message (API, 2.1 MB last time)`. */
function describeGroup(group: readonly PlannedSlot[], facts: Facts): string {
  const read = group.filter(({ action }) => action === 'read');
  const recheck = group.filter(({ action }) => action === 're-check');
  const pending = recheck.reduce((sum, { staged }) => sum + staged, 0);
  const lastBytes = read.reduce((sum, { slot }) => sum + (facts.ledger.get(slot.id)?.bytes_in ?? 0), 0);
  const work = [
    ...(read.length > 0 ? [`read ${countReasons(read)}`] : []),
    ...(recheck.length > 0 ? [`re-check ${counted(pending, 'pending message')}`] : []),
  ];
  const details = [
    ...new Set(group.map(({ source }) => sourceLabels[source])),
    ...(lastBytes > 0 ? [`${bytes(lastBytes)} last time`] : []),
  ];
  return `${counted(group.length, 'slot')}: ${work.join('; ')} (${details.join(', ')})`;
}
