import { number } from '../src/format.ts';
import type { PlanOutput } from '../src/plan/decide.ts';

/** Explanations of a plan's reasons. A reason without one is shown alone. */
const explanations: Readonly<Record<string, string>> = {
  new: 'never read before',
  live: 'alerts may still change',
  'no-longer-live': 'was live when last read',
  deferred: 'an earlier run did not get to it',
  failed: 'the last attempt failed',
  'missed-message': 'a later read of another slot returned a message of this one',
  'object-missing': 'its file was deleted',
  'object-changed': 'its file was changed by something else',
  refresh: 'requested',
  audit: "the source's counts have changed",
  scrub: 'read longest ago: routine re-read',
  pending: 'has pending messages',
};

/** Returns one line per action and reason of a plan, most frequent first. */
export function planLines({ slots }: Pick<PlanOutput, 'slots'>): string[] {
  const groups = [...Map.groupBy(slots, ([, action, reason]) => `${action} ${reason}`).values()];
  const rows = groups
    .sort((a, b) => b.length - a.length)
    .map((group) => ({ count: number(group.length), action: group[0]![1], reason: group[0]![2] }));
  const widest = (column: 'count' | 'action' | 'reason') => Math.max(0, ...rows.map((row) => row[column].length));
  const [counts, actions, reasons] = [widest('count'), widest('action'), widest('reason')];
  return rows.map(({ count, action, reason }) =>
    `${count.padStart(counts)} × ${action.padEnd(actions)}  ${reason.padEnd(reasons)}  ${explanations[reason] ?? ''}`.trimEnd(),
  );
}
