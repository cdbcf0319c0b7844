import { objectPath } from '../../archive/layout.ts';
import type { Cases, Deferred, LastError, LedgerRecord, SourceCount } from '../../archive/ledger.ts';
import type { Format } from '../../archive/schema.ts';
import { bytes, counted, duration, number } from '../../format.ts';
import { moment, span } from '../dates.ts';
import { casePhrases, ledgerCaseNames, shortfallPhrases, sourceLabels } from '../phrases.ts';
import { anchorOf } from './calendar.ts';
import { type SlotCoverage, whys, yearOf } from './coverage.ts';
import { type Content, type Html, html, link, shown } from './html.ts';

const errorCharactersMax = 1_000;
const nameCharactersMax = 200;

/** A column of the table, and a line in the panel of a slot. The cell is empty if there is no value. */
interface Field {
  readonly name: string;
  readonly isNumber?: true;
  /** Shown as a tooltip of the column's header. */
  readonly title?: string;
  readonly of: (one: SlotCoverage, format: Format) => Content;
}

const groups: readonly (readonly [name: string, fields: readonly Field[]])[] = [
  [
    'Status',
    [
      { name: 'State', of: ({ state, why }) => html`<b>${state}</b>: ${whys[why]}` },
      ofRecord('Last error', ({ last_error }) => ifKnown(last_error, errorText)),
      {
        ...ofRecord('Deferred', ({ deferred }) => ifKnown(deferred, deferralText)),
        title: 'A run planned the slot and did not get to it.',
      },
    ],
  ],
  [
    'Messages',
    [
      ofCount('Archived', ({ rows }) => rows),
      { name: 'Pending', isNumber: true, of: ({ pending }) => number(pending) },
    ],
  ],
  [
    'Messages read, by outcome',
    [
      ofCount('Closed', ({ counts }) => counts?.closed),
      ofCount('Open', ({ counts }) => counts?.open),
      ofCount('Without alerts', ({ counts }) => counts?.unalerted),
      ofCount('Invalid', ({ counts }) => counts?.invalid),
      ofCount('Duplicates', ({ counts }) => counts?.duplicates),
      ofCount('Total', ({ counts }) => counts?.read),
    ],
  ],
  [
    'Last read',
    [
      ofRecord('Source', ({ source }) => ifKnown(source, (name) => sourceLabels[name])),
      ofRecord('Read at', ({ read_at }) => ifKnown(read_at, at)),
      ofRecord('Re-checked at', ({ rechecked_at }) => ifKnown(rechecked_at, at)),
      ofRecord('Duration', ({ took_ms }) => ifKnown(took_ms, duration)),
      ofRecord('JSON read', ({ bytes_in }) => bytes(bytes_in)),
      {
        ...ofRecord('Source counts', ({ source_count }) => ifKnown(source_count, sourceCountText)),
        title: 'Totals that the source reported for this read.',
      },
      {
        ...ofRecord('In other slots', ({ outside }) => number(outside)),
        title: 'Messages that this read returned and that belong to other slots.',
      },
      {
        ...ofRecord('Cases', ({ cases }) => ifKnown(cases, casesText)),
        title: ledgerCaseNames.map((name) => `${casePhrases[name].label}: ${casePhrases[name].definition}`).join('; '),
      },
    ],
  ],
  [
    'Object',
    [
      { name: 'Path', of: ({ slot, record }, format) => ifObject(record, () => code(objectPath(slot, format))) },
      ofRecord('Size', (record) => ifObject(record, () => bytes(record.bytes_out))),
      ofRecord('Content digest', ({ digest }) => ifKnown(digest, code)),
      ofRecord('Version', ({ version }) => ifKnown(version, code)),
    ],
  ],
  [
    'Ledger record',
    [
      { name: 'Slot', of: ({ slot }) => code(slot.id) },
      ofCount('Revision', ({ revision }) => revision),
      ofRecord('Run', runText),
    ],
  ],
];

/** Returns the ledger record of every slot, a table for each year. */
export function records(slots: readonly SlotCoverage[], format: Format): Html {
  const years = [...Map.groupBy(slots, ({ slot }) => yearOf(slot))];
  return html`${years.map(([year, group]) => yearTable(year, group, format))}`;
}

function yearTable(year: number, slots: readonly SlotCoverage[], format: Format): Html {
  const fields = groups.flatMap(([, each]) => each);
  return html`<details><summary>${year}: ${counted(slots.length, 'slot')}, ${number(slots.reduce((sum, { record }) => sum + (record?.rows ?? 0), 0))} archived</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Slots of ${year}"><table class="records">
<thead><tr><th scope="col" rowspan="2">Slot</th>${groups.map(([name, { length }]) => html`<th scope="colgroup" colspan="${length}">${name}</th>`)}</tr>
<tr>${fields.map(({ name, isNumber, title }) => html`<th scope="col"${numeric(isNumber)}${titled(title)}>${name}</th>`)}</tr></thead>
<tbody>
${slots.map((one) => html`<tr id="${anchorOf(one.slot)}"><th scope="row">${span(one.slot)}</th>${fields.map(({ isNumber, of }) => html`<td${numeric(isNumber)}>${of(one, format)}</td>`)}</tr>\n`)}</tbody>
</table></div></details>
`;
}

function numeric(isNumber: true | undefined): Content {
  return isNumber && html` class="n"`;
}

function titled(title: string | undefined): Content {
  return title && html` title="${title}"`;
}

function ofRecord(name: string, of: (record: LedgerRecord) => Content): Field {
  return { name, of: ({ record }) => ifKnown(record, of) };
}

function ofCount(name: string, of: (record: LedgerRecord) => number | undefined): Field {
  return { ...ofRecord(name, (record) => ifKnown(of(record), number)), isNumber: true };
}

function ifKnown<T>(value: T | undefined, of: (value: T) => Content): Content {
  return value === undefined ? undefined : of(value);
}

function ifObject(record: LedgerRecord | undefined, of: () => Content): Content {
  return record !== undefined && record.rows > 0 ? of() : undefined;
}

function code(text: string): Html {
  return html`<code>${shown(text, nameCharactersMax)}</code>`;
}

function at(instant: string): string {
  return moment(Date.parse(instant));
}

function errorText(error: LastError): Html {
  const { at: when, message, run_url } = error;
  const identity = ifKnown(error.code, (text) => html` ${code(`[${text}]`)}`);
  return html`<span class="error">${shown(message, errorCharactersMax)}${identity} (${at(when)}${ifKnown(run_url, (url) => html`, ${link(url, 'run')}`)})</span>`;
}

function deferralText({ at: when, action, because, run_url }: Deferred): Html {
  return html`${action}: ${shortfallPhrases[because].reason} (${at(when)}${ifKnown(run_url, (url) => html`, ${link(url, 'run')}`)})`;
}

function sourceCountText({ total, alerted, closed }: SourceCount): string {
  const parts = [ifKnown(alerted, (n) => `${number(n)} with alerts`), ifKnown(closed, (n) => `${number(n)} closed`)];
  return [counted(total, 'message'), ...parts.filter((part) => part !== undefined)].join(', ');
}

function casesText(cases: Cases): Content {
  const found = ledgerCaseNames
    .filter((name) => cases[name] > 0)
    .map((name) => `${number(cases[name])} ${casePhrases[name].label}`);
  return found.length > 0 ? found.join(', ') : undefined;
}

function runText({ run_id, run_url }: LedgerRecord): Content {
  if (run_url === undefined) return ifKnown(run_id, code);
  return link(run_url, shown(run_id ?? run_url, nameCharactersMax));
}
