import { number } from '../../format.ts';
import { DAY_MS, day } from '../../windows/interval.ts';
import type { Slot } from '../../windows/slot.ts';
import { monthName, span } from '../dates.ts';
import { type SlotCoverage, type State, yearOf } from './coverage.ts';
import { type Html, html } from './html.ts';

/** Slots that fit side by side into a month; where one holds more, all are small squares, seven in a row. */
const abreastMax = 3;

/** In the order in which they are told. */
const meanings: readonly (readonly [State, string])[] = [
  ['complete', 'read and proven'],
  ['live', 'alerts still move, so every run reads it again'],
  ['incomplete', 'still to be read'],
  ['failed', 'the last attempt failed'],
  ['empty', 'read, and holds no message'],
];

/** The id of a slot's record within the page. */
export function anchorOf(slot: Slot): string {
  return `slot-${day(slot.start)}`;
}

/** A link to the record of a slot. */
export function slotLink(slot: Slot): Html {
  return html`<a href="#${anchorOf(slot)}">${span(slot)}</a>`;
}

/** Every slot by year and month, as a link to its record, and what the marks mean. */
export function calendar(slots: readonly SlotCoverage[]): Html {
  const byMonth = Map.groupBy(slots, ({ slot }) => day(slot.start).slice(0, 7));
  const isDense = [...byMonth.values()].some(({ length }) => length > abreastMax);
  const isDaily = slots.every(({ slot }) => daysOf(slot) === 1);
  const years = [...Map.groupBy(slots, ({ slot }) => yearOf(slot))];
  return html`${legend(slots)}
<div class="calendar ${isDense ? 'dense' : 'abreast'}" role="group" aria-labelledby="calendar" aria-describedby="calendar-hint">
${years.map(([year, group]) => yearBlock(year, group, isDaily))}</div>
`;
}

function legend(slots: readonly SlotCoverage[]): Html {
  const waiting = slots.filter((one) => one.waiting > 0).length;
  return html`<ul class="legend">
${meanings.map(([state, meaning]) => legendItem(`slot ${state}`, state, slots.filter((one) => one.state === state).length, meaning))}
${legendItem('slot complete waits', 'with a dot', waiting, 'messages of it wait for their alerts')}
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

/** Days stand under their weekdays, so that weekends show. */
function monthBlock(month: number, slots: readonly SlotCoverage[], isDaily: boolean): Html {
  const [first] = slots;
  const begins = isDaily && first ? ` weekday-${new Date(first.slot.start).getUTCDay()}` : '';
  return html`<li><span class="month">${monthName(month).slice(0, 3)}</span><span class="slots${begins}">${slots.map(mark)}</span></li>
`;
}

function mark({ slot, state, record, waiting }: SlotCoverage): Html {
  const classes = `slot ${state} days-${daysOf(slot)}${waiting > 0 ? ' waits' : ''}`;
  const told = `${state}, ${number(record?.rows ?? 0)} archived${waiting > 0 ? `, ${number(waiting)} waiting` : ''}`;
  return html`<a href="#${anchorOf(slot)}" class="${classes}" aria-label="${span(slot)}: ${told}"></a>`;
}

function daysOf({ start, end }: Slot): number {
  return (end - start) / DAY_MS;
}
