import { number } from '../src/format.ts';
import type { PlanOutput, Reason } from '../src/plan/decide.ts';

/** What each reason of a plan means. */
const meanings: Readonly<Record<Reason, string>> = {
  new: 'never read before',
  live: 'their alerts still move',
  'no-longer-live': 'were still live when they were last read',
  deferred: 'no leg of an earlier plan got to them',
  failed: 'the last attempt failed',
  'missed-message': 'another slot met messages of theirs',
  'object-missing': 'their object was deleted',
  'object-changed': 'their object was written by somebody else',
  refresh: 'asked for',
  audit: 'the source now counts otherwise than when they were read',
  scrub: 'in the window that was read longest ago',
  pending: 'messages of theirs wait for their alerts',
  'up-to-date': 'deferred alone',
};

/** A line for each action and reason of a plan, the most frequent first. */
export function planLines({ slots }: PlanOutput): string[] {
  const groups = [...Map.groupBy(slots, ([, action, reason]) => `${action} ${reason}`).values()];
  const rows = groups
    .sort((a, b) => b.length - a.length)
    .map((group) => {
      const [, action, reason] = group[0]!;
      return { count: number(group.length), action: action === 'read' ? 'read' : 'look again', reason };
    });
  const width = Math.max(0, ...rows.map(({ count }) => count.length));
  return rows.map(
    ({ count, action, reason }) =>
      `${count.padStart(width)} × ${action.padEnd(10)}  ${reason.padEnd(9)}  ${meanings[reason]}`,
  );
}
