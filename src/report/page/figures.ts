import { bytes, counted, number } from '../../format.ts';
import { age, date } from '../dates.ts';
import { type Survey, timeOf } from '../survey.ts';
import type { SlotCoverage, Totals } from './coverage.ts';
import { type Content, type Html, html } from './html.ts';

/** The archive in a few numbers. */
export function figures({ staged, now }: Survey, slots: readonly SlotCoverage[], totals: Totals): Html {
  const { rows, objects, bytesIn, bytesOut } = totals;
  const [first, last, oldest] = [slots[0], slots.at(-1), staged[0]];
  return html`<dl class="figures">
${figure('Archived', counted(rows, 'message'), `in ${counted(objects, 'object')}`)}
${figure('Waiting for their alerts', counted(staged.length, 'message'), oldest && `the oldest for ${age(timeOf(oldest), now)}`)}
${first && last && figure('Covered', age(first.slot.start, Math.min(now, last.slot.end)), `from ${date(first.slot.start)} to ${date(Math.min(now, last.slot.end - 1))}`)}
${figure('Stored', bytes(bytesOut), `from ${bytes(bytesIn)} of JSON`)}
</dl>`;
}

/** What became of every message that was read: the numbers that each slot's proof is made of. */
export function proof({ counts }: Totals): Html {
  const { read, closed, open, unalerted, invalid, duplicates } = counts;
  const parts = [
    [closed, 'closed', 'archived'],
    [open, 'open', 'wait for their alerts'],
    [unalerted, 'unalerted', 'have no alerts'],
    [invalid, 'invalid', 'in quarantine, with the reason'],
    [duplicates, 'duplicates', 'came twice'],
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
