import type { StagedMessage } from '../archive/ledger.ts';
import { DAY_MS } from '../windows/interval.ts';
import { timeOf } from './survey.ts';

/** Age groups of pending messages: the name, and the age in days at which the group ends (exclusive). */
const ages: readonly (readonly [name: string, days: number])[] = [
  ['up to 7 days', 7],
  ['7 to 30 days', 30],
  ['30 to 90 days', 90],
  ['90 days to 1 year', 365],
  ['1 to 3 years', 1_096],
  ['over 3 years', Number.POSITIVE_INFINITY],
];

/** Groups messages by their age at `now` (ms since 1970), youngest first. Includes empty groups. */
export function byAge(
  staged: readonly StagedMessage[],
  now: number,
): { readonly name: string; readonly messages: readonly StagedMessage[] }[] {
  const ageOf = (message: StagedMessage) => ages.findIndex(([, days]) => (now - timeOf(message)) / DAY_MS < days);
  const groups = Map.groupBy(staged, ageOf);
  return ages.map(([name], n) => ({ name, messages: groups.get(n) ?? [] }));
}
