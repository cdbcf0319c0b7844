import type { LedgerRecord } from '../../archive/ledger.ts';
import { counted, number } from '../../format.ts';
import type { Slot } from '../../windows/slot.ts';
import { type Cause, type CauseRow, causesOf, type Piece } from '../causes.ts';
import { verdict } from '../missing.ts';
import { isComplete, type Survey } from '../survey.ts';
import { slotLink } from './calendar.ts';
import type { SlotCoverage, Why } from './coverage.ts';
import { type Content, type Html, html, link, shown } from './html.ts';

const rowsMax = 10;
const messageCharactersMax = 1_000;
const linksMax = 8;

/** Something to know of slots, in a sentence. */
interface Note {
  readonly text: string;
  readonly slots: readonly Slot[];
}

/** Whether the archive is complete; if not, what is missing and what to do; and what deserves a look in any case. */
export function judgement(survey: Survey, slots: readonly SlotCoverage[]): Html {
  const isGood = isComplete(survey);
  return html`<div class="verdict ${isGood ? 'good' : 'bad'}">
<h1><span class="sign" aria-hidden="true"></span>The archive is ${isGood ? 'complete' : 'incomplete'}</h1>
<p>${verdict(survey)}</p>
${list('What is missing, and what to do', causesOf(survey).map(causeItem))}${list('Beyond the plan', unplanned(slots).map(noteItem))}${list('Worth a look', remarkable(survey, slots).map(noteItem))}</div>`;
}

function list(title: string, items: readonly Html[]): Content {
  if (items.length === 0) return undefined;
  return html`<h2>${title}</h2>
<ul>
${items}</ul>
`;
}

function causeItem({ what, toDo, rows }: Cause): Html {
  const more = rows.slice(rowsMax).flatMap(({ slots }) => slots);
  const items = [
    ...rows.slice(0, rowsMax).map((row) => html`<li>${rowText(row)}</li>\n`),
    ...(more.length > 0 ? [html`<li>and ${counted(more.length, 'more slot')}: ${links(more)}</li>\n`] : []),
  ];
  return html`<li><b>${what}.</b> ${toDo.map(pieceText)}${items.length > 0 ? html`<ul>\n${items}</ul>` : undefined}</li>
`;
}

function pieceText(piece: Piece): Content {
  if (typeof piece === 'string') return piece;
  if ('code' in piece) return html`<code>${piece.code}</code>`;
  return piece.url === undefined ? piece.words : link(piece.url, piece.words);
}

function rowText({ slots, message, runUrl }: CauseRow): Html {
  if (message === undefined) return html`${slots[0]!.window}: ${links(slots)}`;
  const run = runUrl === undefined ? undefined : html` (${link(runUrl, 'run')})`;
  return html`${shown(message, messageCharactersMax)}${run} ${links(slots)}`;
}

function noteItem({ text, slots }: Note): Html {
  return html`<li>${text} ${links(slots)}</li>
`;
}

function links(slots: readonly Slot[]): Content {
  if (slots.length === 0) return undefined;
  const more = slots.length - linksMax;
  const named = slots.slice(0, linksMax).map((slot) => html`${slotLink(slot)} `);
  return html`<span class="slots-named">${named}${more > 0 ? `and ${number(more)} more` : undefined}</span>`;
}

/** What no plan asked for lately, and is not settled all the same. */
function unplanned(slots: readonly SlotCoverage[]): Note[] {
  const of = (wanted: Why) => slots.filter(({ why }) => why === wanted).map(({ slot }) => slot);
  return [
    ...note(
      of('new'),
      (count) => `${counted(count, 'slot')} in between never read: run with a range that covers this time.`,
    ),
    ...note(
      of('unsettled'),
      (count) =>
        `${counted(count, 'slot')} last read while alerts still moved: run with a range that covers this time.`,
    ),
  ];
}

/** What is as it should be, and yet a person may want to know of. */
function remarkable({ gaps }: Survey, slots: readonly SlotCoverage[]): Note[] {
  const cases = caseTexts.flatMap(([of, text]) => {
    const met = slots.filter(({ record }) => record !== undefined && of(record) > 0);
    const count = met.reduce((sum, { record }) => sum + of(record!), 0);
    return note(
      met.map(({ slot }) => slot),
      () => `${counted(count, 'message')} ${text}`,
    );
  });
  const empty = (count: number) =>
    `${counted(count, 'slot')} without a message, though slots before and after hold some: see whether the source has a gap.`;
  return [...note(gaps, empty), ...cases];
}

const caseTexts: readonly (readonly [of: (record: LedgerRecord) => number, text: string])[] = [
  [({ cases }) => cases?.reopened ?? 0, 'of the archive opened again: the archived version stays until it is closed.'],
  [({ cases }) => cases?.amended ?? 0, 'of the archive changed at the source.'],
  [({ cases }) => cases?.removed ?? 0, 'of the archive no longer shown by the source: the archived version stays.'],
  [({ cases }) => cases?.removed_pending ?? 0, 'of those that wait no longer shown by the source: they stay waiting.'],
  [
    ({ cases }) => cases?.conflicting ?? 0,
    'came with more than one content: the one whose alerts changed last is taken.',
  ],
  [({ counts }) => counts?.invalid ?? 0, 'could not be read as messages: they lie in _quarantine/, with the reason.'],
];

function note(slots: readonly Slot[], text: (count: number) => string): Note[] {
  return slots.length > 0 ? [{ text: text(slots.length), slots }] : [];
}
