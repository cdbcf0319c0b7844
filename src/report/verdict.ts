import type { LedgerRecord } from '../archive/ledger.ts';
import { counted, number } from '../words.ts';
import { slotLink } from './calendar.ts';
import type { CoverageFacts, SlotCoverage } from './coverage.ts';
import { moment } from './dates.ts';
import { type Content, type Html, html, shown } from './html.ts';

const problemsMax = 10;
const problemCharactersMax = 1_000;
const linksMax = 8;

/** Something that a person is to know or do, and the slots that it concerns. */
interface Item {
  readonly text: string;
  readonly slots: readonly SlotCoverage[];
}

/** Whether the archive is complete; if not, what is missing and what to do; and what deserves a look in any case. */
export function verdict(facts: CoverageFacts, slots: readonly SlotCoverage[]): Html {
  const todo = missing(facts, slots);
  const look = remarkable(facts, slots);
  return html`<div class="verdict ${facts.isComplete ? 'good' : 'bad'}">
<h1><span class="sign" aria-hidden="true"></span>The archive is ${facts.isComplete ? 'complete' : 'incomplete'}</h1>
<p>${summary(facts)}</p>
${list(facts.isComplete ? 'Not part of that plan' : 'What is missing, and what to do', todo)}${list('Worth a look', look)}</div>`;
}

function summary({ planned, plannedAt }: CoverageFacts): string {
  const of = (status: string) => planned.filter((one) => one.status === status).length;
  const plan = `The plan of ${moment(Date.parse(plannedAt))}`;
  if (planned.length === 0) return `${plan} found nothing to do.`;
  if (of('done') === planned.length)
    return `${plan} asked for ${counted(planned.length, 'slot')}: every one was read and proven.`;
  const parts = [
    `${number(of('done'))} read and proven`,
    `${number(of('failed'))} failed`,
    `${number(of('not read'))} not read`,
  ];
  return `${plan} asked for ${counted(planned.length, 'slot')}: ${parts.join(', ')}.`;
}

/** What the ledger lacks. A slot that failed is named with its error, and every error once. */
function missing({ problems, planned }: CoverageFacts, slots: readonly SlotCoverage[]): Item[] {
  const failed = Map.groupBy(
    slots.filter(({ state }) => state === 'failed'),
    ({ record }) => record!.last_error!.message,
  );
  const messages = [...new Set([...problems, ...failed.keys()])];
  const told = messages.slice(0, problemsMax).map((text) => ({ text, slots: failed.get(text) ?? [] }));
  const untold = messages.slice(problemsMax).flatMap((text) => failed.get(text) ?? []);
  const left = new Set(planned.filter(({ status }) => status === 'not read').map(({ slot }) => slot));
  const unread = slots.filter(({ slot, state }) => state === 'incomplete' && left.has(slot.id));
  const others = slots.filter(({ slot, state }) => state === 'incomplete' && !left.has(slot.id));
  return [
    ...told,
    ...item(untold, (count) => `${counted(count, 'other slot')} failed, each with another message.`),
    ...item(
      unread,
      (count) =>
        `${counted(count, 'slot')} of the plan ${was(count)} not read: run again, which goes on where this run ended.`,
    ),
    ...item(
      others.filter(({ why }) => why === 'new'),
      (count) =>
        `${counted(count, 'slot')} between others ${was(count)} never read: run with a range that covers this time.`,
    ),
    ...item(
      others.filter(({ why }) => why === 'unsettled'),
      (count) =>
        `${counted(count, 'slot')} ${was(count)} last read while alerts still moved: run with a range that covers this time.`,
    ),
  ];
}

/** What is as it should be, and yet a person may want to know of. */
function remarkable({ gaps }: CoverageFacts, slots: readonly SlotCoverage[]): Item[] {
  const isGap = new Set(gaps.map(({ id }) => id));
  const cases = caseTexts.flatMap(([of, text]) => {
    const met = slots.filter(({ record }) => record !== undefined && of(record) > 0);
    const count = met.reduce((sum, { record }) => sum + of(record!), 0);
    return count > 0 ? [{ text: `${counted(count, 'message')} ${text}`, slots: met }] : [];
  });
  const empty = (count: number) =>
    `${counted(count, 'slot')} without a message, though slots before and after hold some: see whether the source has a gap.`;
  return [
    ...item(
      slots.filter(({ slot }) => isGap.has(slot.id)),
      empty,
    ),
    ...cases,
  ];
}

const caseTexts: readonly (readonly [of: (record: LedgerRecord) => number, text: string])[] = [
  [({ cases }) => cases?.reopened ?? 0, 'of the archive opened again: the archived version stays until it is closed.'],
  [({ cases }) => cases?.amended ?? 0, 'of the archive changed at the source.'],
  [({ cases }) => cases?.gone ?? 0, 'of the archive no longer shown by the source: the archived version stays.'],
  [({ cases }) => cases?.vanished ?? 0, 'of those that wait no longer shown by the source: they stay waiting.'],
  [
    ({ cases }) => cases?.conflicting ?? 0,
    'came with more than one content: the one whose alerts changed last is taken.',
  ],
  [({ counts }) => counts?.invalid ?? 0, 'could not be read as messages: they lie in _quarantine/, with the reason.'],
];

function item(slots: readonly SlotCoverage[], text: (count: number) => string): Item[] {
  return slots.length > 0 ? [{ text: text(slots.length), slots }] : [];
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function list(title: string, items: readonly Item[]): Content {
  if (items.length === 0) return undefined;
  return html`<h2>${title}</h2>
<ul>
${items.map(({ text, slots }) => html`<li>${shown(text, problemCharactersMax)}${linksTo(slots)}</li>\n`)}</ul>
`;
}

function linksTo(slots: readonly SlotCoverage[]): Content {
  if (slots.length === 0) return undefined;
  const more = slots.length - linksMax;
  const links = slots.slice(0, linksMax).map(({ slot }) => html`${slotLink(slot)} `);
  return html` <span class="slots-named">${links}${more > 0 ? `and ${number(more)} more` : undefined}</span>`;
}
