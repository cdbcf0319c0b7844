import { distinctInvalid, invalidReasons } from '../archive/invalid.ts';
import type { Cases, LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import { bytes, counted, duration, number } from '../format.ts';
import { latest } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { byAge } from './ages.ts';
import { age, date, span } from './dates.ts';
import { doubtsOf } from './doubts.ts';
import { code, document, idCode, link, type Part } from './markdown.ts';
import { missingParts, verdict } from './missing.ts';
import { offSlotLines } from './off-slot.ts';
import { casePhrases, caseSentence, ledgerCaseNames as cases, engineOf, sourceNouns } from './phrases.ts';
import { isComplete, type Missing, type Survey, timeOf } from './survey.ts';

/** GitHub accepts 1 MiB for all summaries of a step. */
export const summaryBytesMax = 1_000_000;

const oldestRowsMax = 10;
const caseRowsMax = 20;
const gapRowsMax = 20;
const windowRowsMax = 100;
const idCharactersMax = 80;
const urlCharactersMax = 300;

/** Returns Markdown for the job summary of a report, the most important facts first. */
export function summarize(survey: Survey): string {
  return document(
    [
      headline(survey),
      ...missingParts(survey),
      ...pendingParts(survey),
      ...caseParts(survey),
      ...gapParts(survey),
      ...windowParts(survey),
    ],
    summaryBytesMax,
  );
}

function headline(survey: Survey): Part {
  const { archive, ledger, staged, now } = survey;
  const records = [...ledger.values()];
  const sum = (value: (record: LedgerRecord) => number) => records.reduce((total, record) => total + value(record), 0);
  const invalid = distinctInvalid(records);
  const reasons = invalidReasons(records).map(({ reason, count }) => `${reason} (${number(count)})`);
  const unalerted = sum(({ counts }) => counts?.unalerted ?? 0);
  const pending = staged[0]
    ? `, until all their alerts are closed; the oldest is ${age(timeOf(staged[0]), now)} old`
    : '';
  const objects = `${counted(sum(isObject), 'object')}, ${bytes(sum(({ bytes_out }) => bytes_out))}, from ${bytes(sum(({ bytes_in }) => bytes_in))} of JSON`;
  const lines = [
    ...workLine(survey),
    `**${counted(
      sum(({ rows }) => rows),
      'message',
    )} archived** in ${code(archive, urlCharactersMax)}: ${objects}`,
    `**${number(staged.length)} pending**${pending}`,
    ...(unalerted > 0 ? [`**${number(unalerted)} without alerts**, not archived`] : []),
    ...offSlotLines(survey.sources),
    ...(invalid.count > 0
      ? [
          `**${invalid.isExact ? '' : 'up to '}${number(invalid.count)} invalid**, in quarantine with the reason${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}`,
        ]
      : []),
    ...comparedLine(survey),
  ];
  return {
    head: [
      `## Message Archive: ${isComplete(survey) ? '✅ complete' : '❌ incomplete'}`,
      '',
      verdict(survey),
      '',
      ...doubtsOf(survey).flatMap((doubt) => [`⚠️ ${doubt}`, '']),
      ...lines.map((line) => `- ${line}`),
    ],
  };
}

function workLine({ work, runUrl }: Survey): string[] {
  const { read, messages, bytes: taken, rechecked } = work;
  const clauses = [
    ...(read > 0 ? [`read ${counted(messages, 'message')} (${bytes(taken)} of JSON) in ${counted(read, 'slot')}`] : []),
    ...(rechecked > 0 ? [`re-checked pending messages in ${counted(rechecked, 'slot')}`] : []),
  ];
  return clauses.length === 0 ? [] : [`**${link('This run', runUrl)}** ${clauses.join(' and ')}`];
}

function comparedLine({ comparison }: Survey): string[] {
  if (comparison === undefined || 'failure' in comparison) return [];
  const { from, to, both, lacking, differing, settled } = comparison;
  const missing = lacking.reduce((sum, { count }) => sum + count, 0);
  const days = `${date(Date.parse(from))} to ${date(Date.parse(to) - 1)}`;
  return [
    `**${counted(both, 'message')} compared** between the API and ${sourceNouns[engineOf(settled)]}, ${days}: ${number(missing)} missing from one, ${number(differing.count)} with different content`,
  ];
}

function isObject({ rows }: LedgerRecord): number {
  return rows > 0 ? 1 : 0;
}

function pendingParts({ staged, now }: Survey): Part[] {
  if (staged.length === 0) return [];
  return [ageTable(staged, now), oldestTable(staged, now)];
}

function ageTable(staged: readonly StagedMessage[], now: number): Part {
  const rows = byAge(staged, now).map(({ name, messages }) => {
    const alerts = messages.reduce((sum, { open_alert_count }) => sum + open_alert_count, 0);
    return `| ${name} | ${number(messages.length)} | ${number(alerts)} |`;
  });
  return { head: ['### Pending messages', '', '| age | messages | open alerts |', '|---|--:|--:|', ...rows] };
}

function oldestTable(staged: readonly StagedMessage[], now: number): Part {
  const rows = staged.map((message) => {
    const { message_id, open_alert_count, first_seen } = message;
    const cells = [
      age(timeOf(message), now),
      idCode(message_id, idCharactersMax),
      date(timeOf(message)),
      date(Date.parse(first_seen)),
      number(open_alert_count),
      remarkOn(message),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return {
    head: ['The oldest:', '', '| age | message | sent | pending since | open alerts | |', '|---|---|---|---|--:|---|'],
    rows,
    rowsMax: oldestRowsMax,
    rest: (count) => `\n${counted(count, 'more pending message')}: see \`_report/ledger.json\` in the archive.`,
  };
}

function remarkOn({ reason, removed_at }: StagedMessage): string {
  if (removed_at !== undefined) return `removed at source, ${date(Date.parse(removed_at))}`;
  return reason === 'reopened' ? 're-opened; its archived version stays' : '';
}

/** Returns the cases that the last read of each slot found, the latest read first. */
function caseParts({ slots, ledger }: Survey): Part[] {
  const affected = slots
    .map((slot) => ({ slot, record: ledger.get(slot.id) }))
    .filter(({ record }) => cases.some((name) => (record?.cases?.[name] ?? 0) > 0))
    .map(({ slot, record }) => ({ slot, record: record!, at: latest(record!.read_at, record!.rechecked_at)! }))
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.slot.start - a.slot.start));
  if (affected.length === 0) return [];
  const row = (slot: string, count: (name: keyof Cases) => number, last: string) =>
    `| ${[slot, ...cases.map((name) => number(count(name))), last].join(' | ')} |`;
  const total = (name: keyof Cases) => affected.reduce((sum, { record }) => sum + record.cases![name], 0);
  return [
    {
      head: [
        '### Changed at the source',
        '',
        ...cases.filter((name) => total(name) > 0).map((name) => `- ${caseSentence(name, total(name))}`),
        '',
        'The log of each run names the messages.',
        '',
        `| slot | ${cases.map((name) => casePhrases[name].label).join(' | ')} | read |`,
        `|---|${'--:|'.repeat(cases.length)}---|`,
        row(`**${counted(affected.length, 'slot')}**`, total, ''),
      ],
      rows: affected.map(({ slot, record, at }) =>
        row(span(slot), (name) => record.cases![name], link(date(Date.parse(at)), record.run_url)),
      ),
      rowsMax: caseRowsMax,
      rest: (count) => `\n${counted(count, 'more slot')}: see \`_report/ledger.json\` in the archive.`,
    },
  ];
}

function gapParts({ gaps }: Survey): Part[] {
  if (gaps.length < 2) return [];
  return [
    {
      head: ['### Empty slots', ''],
      rows: gaps.map((slot) => `- ${span(slot)}`),
      rowsMax: gapRowsMax,
      rest: (count) => `- and ${number(count)} more`,
    },
  ];
}

const marks: Readonly<Record<Missing['why'], string>> = { failed: '❌', source: '❌', leg: '❌', time: '⏳' };

/** Returns a row for each window, the latest first. Omitted windows are summed up. */
function windowParts({ slots, ledger, staged, missing }: Survey): Part[] {
  const pending = Map.groupBy(staged, ({ slot }) => slot);
  const whys = new Map(missing.map(({ slot, why }) => [slot.id, why]));
  const windows = [...Map.groupBy(slots, ({ window }) => window)].reverse();
  if (windows.length === 0) return [];
  const row = (name: string, group: readonly Slot[]) => {
    const records = group.flatMap(({ id }) => ledger.get(id) ?? []);
    const sum = (value: (record: LedgerRecord) => number) =>
      records.reduce((total, record) => total + value(record), 0);
    const cells = [
      name,
      markOf(group, whys),
      number(sum(({ rows }) => rows)),
      number(group.reduce((total, { id }) => total + (pending.get(id)?.length ?? 0), 0)),
      number(sum(({ counts }) => counts?.unalerted ?? 0)),
      number(sum(({ counts }) => counts?.invalid ?? 0)),
      number(sum(isObject)),
      `${bytes(sum(({ bytes_in }) => bytes_in))} → ${bytes(sum(({ bytes_out }) => bytes_out))}`,
      duration(sum(({ took_ms }) => took_ms)),
    ];
    return `| ${cells.join(' | ')} |`;
  };
  const rest = (count: number) =>
    row(
      `*${counted(count, 'earlier window')}*`,
      windows.slice(-count).flatMap(([, group]) => group),
    );
  return [
    {
      head: [
        '### Windows',
        '',
        '| window | | archived | pending | without alerts | invalid | objects | JSON → archive | time |',
        '|---|---|--:|--:|--:|--:|--:|--:|--:|',
        row(`**${counted(windows.length, 'window')}**`, slots),
      ],
      rows: windows.map(([name, group]) => row(name, group)),
      rowsMax: windowRowsMax,
      rest,
    },
  ];
}

/** Returns the mark of the most serious shortfall of these slots. */
function markOf(group: readonly Slot[], whys: ReadonlyMap<string, Missing['why']>): string {
  const found = new Set(group.map(({ id }) => whys.get(id)).map((why) => (why === undefined ? '✅' : marks[why])));
  return ['❌', '⏳', '✅'].find((mark) => found.has(mark))!;
}
