import { number } from '../../format.ts';
import { DAY_MS, day } from '../../windows/interval.ts';
import type { Slot } from '../../windows/slot.ts';
import { monthName, span } from '../dates.ts';
import { type SlotCoverage, type State, yearOf } from './coverage.ts';
import { type Html, html } from './html.ts';

/** The maximum number of slots side by side in a month. If a month has more, all slots are small squares, seven in a row. */
const sideBySideMax = 3;

/** In the order of the legend. */
const meanings: readonly (readonly [State, string])[] = [
  ['complete', 'read and verified'],
  ['live', 'alerts may still change'],
  ['incomplete', 'not yet read'],
  ['failed', 'the last attempt failed'],
  ['empty', 'read, no messages'],
];

/** Returns the id of a slot's record in the page. */
export function anchorOf(slot: Slot): string {
  return `slot-${day(slot.start)}`;
}

/** Returns a link to the record of a slot. */
export function slotLink(slot: Slot): Html {
  return html`<a href="#${anchorOf(slot)}">${span(slot)}</a>`;
}

/** Returns every slot by year and month, as a link to its record, below a legend. */
export function calendar(slots: readonly SlotCoverage[], recentDays: number): Html {
  const byMonth = Map.groupBy(slots, ({ slot }) => day(slot.start).slice(0, 7));
  const isDense = [...byMonth.values()].some(({ length }) => length > sideBySideMax);
  const isDaily = slots.every(({ slot }) => daysOf(slot) === 1);
  const years = [...Map.groupBy(slots, ({ slot }) => yearOf(slot))];
  return html`${legend(slots)}
<div class="calendar ${isDense ? 'dense' : 'side-by-side'}" role="group" aria-labelledby="calendar" aria-describedby="calendar-hint">
${years.map(([year, group]) => yearBlock(year, group, isDaily))}</div>
<p class="note">A slot is <i>live</i> until ${recentDays} days after it ends: its alerts may still change, so every run reads it. One more read after that makes it <i>settled</i>.</p>
`;
}

function legend(slots: readonly SlotCoverage[]): Html {
  const pending = slots.filter((one) => one.pending > 0).length;
  return html`<ul class="legend">
${meanings.map(([state, meaning]) => legendItem(`slot ${state}`, state, slots.filter((one) => one.state === state).length, meaning))}
${legendItem('slot complete has-pending', 'with a dot', pending, 'pending messages')}
</ul>`;
}

function legendItem(mark: string, name: string, count: number, meaning: string): Html {
  return html`<li><span class="${mark}"></span><span><b>${number(count)} ${name}</b> <span class="meaning">${meaning}</span></span></li>
`;
}

function yearBlock(year: number, slots: readonly SlotCoverage[], isDaily: boolean): Html {
  const months = Map.groupBy(slots, ({ slot }) => new Date(slot.start).getUTCMonth());
  return html`<section class="year"><h3>${year}</h3><ol>
${Array.from({ length: 12 }, (_, month) => monthBlock(month, months.get(month) ?? [], isDaily))}</ol></section>
`;
}

/** Days are aligned by weekday, so that weekends show. */
function monthBlock(month: number, slots: readonly SlotCoverage[], isDaily: boolean): Html {
  const [first] = slots;
  const begins = isDaily && first ? ` weekday-${new Date(first.slot.start).getUTCDay()}` : '';
  return html`<li><span class="month">${monthName(month).slice(0, 3)}</span><span class="slots${begins}">${slots.map(mark)}</span></li>
`;
}

function mark({ slot, state, record, pending }: SlotCoverage): Html {
  const classes = `slot ${state} days-${daysOf(slot)}${pending > 0 ? ' has-pending' : ''}`;
  const label = `${state}, ${number(record?.rows ?? 0)} archived${pending > 0 ? `, ${number(pending)} pending` : ''}`;
  return html`<a href="#${anchorOf(slot)}" class="${classes}" aria-label="${span(slot)}: ${label}"></a>`;
}

function daysOf({ start, end }: Slot): number {
  return (end - start) / DAY_MS;
}
