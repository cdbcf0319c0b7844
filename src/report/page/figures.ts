import { bytes, counted, number } from '../../format.ts';
import { age, date } from '../dates.ts';
import { type Survey, timeOf } from '../survey.ts';
import type { SlotCoverage, Totals } from './coverage.ts';
import { type Content, type Html, html } from './html.ts';

/** Returns the key figures of the archive. */
export function figures({ staged, now }: Survey, slots: readonly SlotCoverage[], totals: Totals): Html {
  const { rows, objects, bytesIn, bytesOut } = totals;
  const [first, last, oldest] = [slots[0], slots.at(-1), staged[0]];
  return html`<dl class="figures">
${figure('Archived messages', number(rows), `in ${counted(objects, 'object')}`)}
${figure('Pending messages', number(staged.length), oldest ? `oldest: ${age(timeOf(oldest), now)}` : 'no open alerts')}
${first && last && figure('Covered', age(first.slot.start, Math.min(now, last.slot.end)), period(first.slot.start, last.slot.end, now))}
${figure('Stored', bytes(bytesOut), `from ${bytes(bytesIn)} of JSON`)}
</dl>`;
}

function period(start: number, end: number, now: number): string {
  return end >= now ? `since ${date(start)}` : `from ${date(start)} to ${date(end - 1)}`;
}

/** Returns the sum of all messages read, by outcome: the same sum holds for every slot. */
export function proof({ counts }: Totals): Html {
  const { read, closed, open, unalerted, invalid, duplicates } = counts;
  const parts = [
    [closed, 'closed', 'archived'],
    [open, 'open', 'pending'],
    [unalerted, 'without alerts', 'not archived'],
    [invalid, 'invalid', 'in quarantine'],
    [duplicates, 'duplicates', 'extra copies'],
  ] as const;
  return html`<ul class="proof">
${term(read, 'read', 'from the source')}
${parts.map(([count, name, meaning]) => term(count, name, meaning))}</ul>`;
}

function figure(name: string, value: string, more: Content): Html {
  return html`<div><dt>${name}</dt><dd class="value">${value}</dd><dd>${more}</dd></div>`;
}

function term(count: number, name: string, meaning: string): Html {
  return html`<li><b>${number(count)}</b> ${name} <span class="meaning">${meaning}</span></li>
`;
}
