import { counted, number } from '../format.ts';
import type { Survey } from './survey.ts';

/** Fewer slots with the same total, or totals this small, occur by chance. */
const slotsMin = 2;
const totalMin = 10;
const digitsMax = 2;

/** Warns of a round total that several slots share and none exceeds: it is probably a limit rather than a count. */
export function ofRoundTotals({ ledger }: Pick<Survey, 'ledger'>): string[] {
  const totals = [...ledger.values()].flatMap(({ source, source_count }) =>
    source === 'api' && source_count !== undefined ? [source_count.total] : [],
  );
  const most = totals.reduce((a, b) => Math.max(a, b), 0);
  const slots = totals.filter((total) => total === most).length;
  if (slots < slotsMin || most < totalMin || !isRound(most)) return [];
  return [
    `${counted(slots, 'slot')} have a total of exactly ${number(most)}, and no slot has more: the API may stop counting there. Check api-total.`,
  ];
}

/** Returns true for a number with at most two digits before its trailing zeros: 40, 500, 2,500 or 10,000. */
function isRound(value: number): boolean {
  return value % 10 === 0 && String(value).replace(/0+$/, '').length <= digitsMax;
}
