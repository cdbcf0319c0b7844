import { objectPath } from '../../archive/layout.ts';
import type { Cases, Deferred, LastError, LedgerRecord, SourceCount } from '../../archive/ledger.ts';
import type { Format } from '../../archive/schema.ts';
import { bytes, counted, duration, number } from '../../format.ts';
import type { SourceName } from '../../messages/message.ts';
import { moment, span } from '../dates.ts';
import { anchorOf } from './calendar.ts';
import { type SlotCoverage, whys, yearOf } from './coverage.ts';
import { type Content, type Html, html, link, shown } from './html.ts';

const errorCharactersMax = 1_000;
const nameCharactersMax = 200;

const sourceNames: Readonly<Record<SourceName, string>> = {
  api: 'API',
  elasticsearch: 'Elasticsearch',
  opensearch: 'OpenSearch',
};

const leftBecause: Readonly<Record<Deferred['because'], string>> = {
  time: 'time ran out',
  source: 'its source was not to be had for the slots before it',
  leg: 'its leg ended',
};

/** A column of the table, and a line of the details of a slot. Where there is nothing to tell, its cell is empty. */
interface Field {
  readonly name: string;
  readonly isNumber?: true;
  readonly of: (one: SlotCoverage, format: Format) => Content;
}

const groups: readonly (readonly [name: string, fields: readonly Field[]])[] = [
  [
    'How it stands',
    [
      { name: 'State', of: ({ state, why }) => html`<b>${state}</b>: ${whys[why]}` },
      ofRecord('Last error', ({ last_error }) => told(last_error, errorTold)),
      ofRecord('Left undone', ({ deferred }) => told(deferred, leftTold)),
    ],
  ],
  [
    'Messages',
    [
      ofCount('Archived', ({ rows }) => rows),
      { name: 'Waiting', isNumber: true, of: ({ waiting }) => number(waiting) },
    ],
  ],
  [
    'What became of every message read',
    [
      ofCount('Closed', ({ counts }) => counts?.closed),
      ofCount('Open', ({ counts }) => counts?.open),
      ofCount('Unalerted', ({ counts }) => counts?.unalerted),
      ofCount('Invalid', ({ counts }) => counts?.invalid),
      ofCount('Duplicates', ({ counts }) => counts?.duplicates),
      ofCount('Read, together', ({ counts }) => counts?.read),
    ],
  ],
  [
    'Reading',
    [
      ofRecord('Source', ({ source }) => told(source, (name) => sourceNames[name])),
      ofRecord('Read at', ({ read_at }) => told(read_at, at)),
      ofRecord('Looked again at', ({ rechecked_at }) => told(rechecked_at, at)),
      ofRecord('Took', ({ took_ms }) => told(took_ms, duration)),
      ofRecord('JSON read', ({ bytes_in }) => bytes(bytes_in)),
      ofRecord('The source says', ({ source_count }) => told(source_count, sourceTold)),
      ofRecord('Left to other slots', ({ outside }) => number(outside)),
      ofRecord('To look into', ({ cases }) => told(cases, casesTold)),
    ],
  ],
  [
    'Object',
    [
      { name: 'Path', of: ({ slot, record }, format) => ifObject(record, () => code(objectPath(slot, format))) },
      ofRecord('Size', (record) => ifObject(record, () => bytes(record.bytes_out))),
      ofRecord('Content digest', ({ digest }) => told(digest, code)),
      ofRecord('Version', ({ version }) => told(version, code)),
    ],
  ],
  [
    'Ledger record',
    [
      { name: 'Slot', of: ({ slot }) => code(slot.id) },
      ofCount('Revision', ({ revision }) => revision),
      ofRecord('Run', runTold),
    ],
  ],
];

/** All that the ledger says of every slot, a table for each year. */
export function records(slots: readonly SlotCoverage[], format: Format): Html {
  const years = [...Map.groupBy(slots, ({ slot }) => yearOf(slot))];
  return html`${years.map(([year, group]) => yearTable(year, group, format))}`;
}

function yearTable(year: number, slots: readonly SlotCoverage[], format: Format): Html {
  const fields = groups.flatMap(([, each]) => each);
  return html`<details><summary>${year}: ${counted(slots.length, 'slot')}, ${number(slots.reduce((sum, { record }) => sum + (record?.rows ?? 0), 0))} archived</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Slots of ${year}"><table class="records">
<thead><tr><th scope="col" rowspan="2">Slot</th>${groups.map(([name, { length }]) => html`<th scope="colgroup" colspan="${length}">${name}</th>`)}</tr>
<tr>${fields.map(({ name, isNumber }) => html`<th scope="col"${numeric(isNumber)}>${name}</th>`)}</tr></thead>
<tbody>
${slots.map((one) => html`<tr id="${anchorOf(one.slot)}"><th scope="row">${span(one.slot)}</th>${fields.map(({ isNumber, of }) => html`<td${numeric(isNumber)}>${of(one, format)}</td>`)}</tr>\n`)}</tbody>
</table></div></details>
`;
}

function numeric(isNumber: true | undefined): Content {
  return isNumber && html` class="n"`;
}

function ofRecord(name: string, of: (record: LedgerRecord) => Content): Field {
  return { name, of: ({ record }) => told(record, of) };
}

function ofCount(name: string, of: (record: LedgerRecord) => number | undefined): Field {
  return { ...ofRecord(name, (record) => told(of(record), number)), isNumber: true };
}

function told<T>(value: T | undefined, of: (value: T) => Content): Content {
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

function errorTold({ at: when, message, run_url }: LastError): Html {
  return html`<span class="error">${shown(message, errorCharactersMax)} (${at(when)}${told(run_url, (url) => html`, ${link(url, 'its run')}`)})</span>`;
}

function leftTold({ at: when, action, because, run_url }: Deferred): Html {
  const what = action === 'read' ? 'to be read' : 'to be looked at again';
  return html`${what}, when ${leftBecause[because]} (${at(when)}${told(run_url, (url) => html`, ${link(url, 'its run')}`)})`;
}

function sourceTold({ total, alerted, closed }: SourceCount): string {
  const parts = [told(alerted, (n) => `${number(n)} with alerts`), told(closed, (n) => `${number(n)} closed`)];
  return [`${number(total)} messages`, ...parts.filter((part) => part !== undefined)].join(', ');
}

function casesTold(cases: Cases): Content {
  const names = [
    [cases.reopened, 're-opened'],
    [cases.amended, 'amended'],
    [cases.removed, 'gone'],
    [cases.removed_pending, 'vanished'],
    [cases.conflicting, 'conflicting'],
  ] as const;
  const met = names.filter(([count]) => count > 0).map(([count, name]) => `${number(count)} ${name}`);
  return met.length > 0 ? met.join(', ') : undefined;
}

function runTold({ run_id, run_url }: LedgerRecord): Content {
  if (run_url === undefined) return told(run_id, code);
  return link(run_url, shown(run_id ?? run_url, nameCharactersMax));
}
