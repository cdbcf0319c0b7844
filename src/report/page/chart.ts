import { number } from '../../format.ts';
import { day } from '../../windows/interval.ts';
import { monthName } from '../dates.ts';
import type { SlotCoverage } from './coverage.ts';
import { type Html, html } from './html.ts';

/** In CSS pixels. Widths are in percent, so that text keeps its size at any page width. */
const plotHeight = 200;
const axisHeight = 24;
const heightMin = 2;
/** A bar's share of its month's width. */
const barWidth = 0.78;
const linesMax = 6;
const yearLabelsMax = 9;

interface Month {
  /** Months since year 0. */
  readonly index: number;
  readonly name: string;
  readonly archived: number;
  readonly pending: number;
}

/** Returns messages by month, pending ones stacked on archived ones, as a bar chart and as a table. */
export function chart(slots: readonly SlotCoverage[]): Html {
  const months = monthsOf(slots);
  if (months.length === 0) return html`<p>No slots have been read yet.</p>`;
  return html`<figure>
${picture(months)}
<figcaption class="keys"><span><i class="key archived"></i>archived</span> <span><i class="key pending"></i>pending</span></figcaption>
</figure>
<details><summary>Show as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Messages by month, as a table"><table class="months">
<thead><tr><th scope="col">Month</th><th scope="col" class="n">Archived</th><th scope="col" class="n">Pending</th></tr></thead>
<tbody>
${months.map(tableRow)}</tbody>
</table></div></details>`;
}

function monthsOf(slots: readonly SlotCoverage[]): Month[] {
  return [...Map.groupBy(slots, ({ slot }) => day(slot.start).slice(0, 7)).values()].map((group) => {
    const at = new Date(group[0]!.slot.start);
    return {
      index: at.getUTCFullYear() * 12 + at.getUTCMonth(),
      name: `${monthName(at.getUTCMonth())} ${at.getUTCFullYear()}`,
      archived: group.reduce((sum, { record }) => sum + (record?.rows ?? 0), 0),
      pending: group.reduce((sum, { pending }) => sum + pending, 0),
    };
  });
}

function picture(months: readonly Month[]): Html {
  const [first, last] = [months[0]!, months.at(-1)!];
  const count = last.index - first.index + 1;
  const most = months.reduce((a, b) => (b.archived + b.pending > a.archived + a.pending ? b : a));
  const step = stepOf(most.archived + most.pending);
  const top = Math.max(1, Math.ceil((most.archived + most.pending) / step)) * step;
  const x = (index: number) => percent((index - first.index) / count);
  const y = (messages: number) => plotHeight * (1 - messages / top);
  const label = `Messages by month from ${first.name} to ${last.name}. Peak: ${most.name}, ${number(most.archived)} archived and ${number(most.pending)} pending`;
  return html`<svg class="chart" role="img" aria-label="${label}" width="100%" height="${plotHeight + axisHeight}">
<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground" width="4" height="4"/><rect class="stripe" width="2" height="4"/></pattern></defs>
${lines(top, step).map((value) => html`<line x1="0" x2="100%" y1="${round(y(value))}" y2="${round(y(value))}"/>\n`)}
${months.map((month) => bar(month, x(month.index), percent(barWidth / count), y))}
${yearLabels(first, last).map((index) => html`<line class="tick" x1="${x(index)}" x2="${x(index)}" y1="${plotHeight}" y2="${plotHeight + 6}"/><text x="${x(index)}" y="${plotHeight + 20}">${index / 12}</text>\n`)}
${lines(top, step).map((value) => html`<text class="value" x="-8" y="${round(y(value) + 4)}">${number(value)}</text>\n`)}</svg>`;
}

function bar({ name, archived, pending }: Month, x: string, width: string, y: (messages: number) => number): Html {
  const [upper, lower] = [heightOf(pending, y), heightOf(archived, y)];
  return html`<g><title>${name}: ${number(archived)} archived, ${number(pending)} pending</title><rect class="room" x="${x}" y="0" width="${width}" height="${plotHeight}"/>${rect('archived', x, plotHeight - lower, width, lower)}${rect('pending', x, plotHeight - lower - upper, width, upper)}</g>
`;
}

function heightOf(messages: number, y: (messages: number) => number): number {
  return messages === 0 ? 0 : Math.max(heightMin, plotHeight - y(messages));
}

function rect(name: string, x: string, y: number, width: string, height: number): Html | undefined {
  if (height === 0) return undefined;
  return html`<rect class="${name}" x="${x}" y="${round(y)}" width="${width}" height="${round(height)}"/>`;
}

/** Returns the distance between grid lines: 1, 2 or 5 times a power of ten. */
function stepOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most / linesMax)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= linesMax)!;
}

function lines(top: number, step: number): number[] {
  return Array.from({ length: Math.round(top / step) + 1 }, (_, n) => n * step);
}

/** Returns the Januaries to label on the axis, as months since year 0. */
function yearLabels(first: Month, last: Month): number[] {
  const [from, to] = [Math.ceil(first.index / 12), Math.floor(last.index / 12)];
  const every = Math.ceil((to - from + 1) / yearLabelsMax);
  return Array.from({ length: Math.max(0, Math.ceil((to - from + 1) / every)) }, (_, n) => (from + n * every) * 12);
}

function tableRow({ name, archived, pending }: Month): Html {
  return html`<tr><th scope="row">${name}</th><td class="n">${number(archived)}</td><td class="n">${number(pending)}</td></tr>
`;
}

function percent(part: number): string {
  return `${round(part * 100)}%`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
