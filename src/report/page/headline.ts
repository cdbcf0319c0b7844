import { counted, number } from '../../format.ts';
import type { Slot } from '../../windows/slot.ts';
import { type Cause, type CauseRow, causesOf } from '../causes.ts';
import { verdict } from '../missing.ts';
import { type CaseName, caseNames, caseSentence, gapSentence, type Piece } from '../phrases.ts';
import { isComplete, type Survey } from '../survey.ts';
import { slotLink } from './calendar.ts';
import type { SlotCoverage, Why } from './coverage.ts';
import { type Content, type Html, html, link, shown } from './html.ts';

const rowsMax = 10;
const messageCharactersMax = 1_000;
const linksMax = 8;
const codeCharactersMax = 60;

/** A remark on slots. */
interface Note {
  readonly text: string;
  readonly slots: readonly Slot[];
}

/** Returns whether the archive is complete, the causes and remedies if it is not, and what deserves attention. */
export function headline(survey: Survey, slots: readonly SlotCoverage[]): Html {
  const isGood = isComplete(survey);
  return html`<div class="headline ${isGood ? 'good' : 'bad'}">
<h1><span class="sign" aria-hidden="true"></span>The archive is ${isGood ? 'complete' : 'incomplete'}</h1>
<p>${verdict(survey)}</p>
${list('Causes and remedies', causesOf(survey).map(causeItem))}${list('Outside the plan', unplanned(slots).map(noteItem))}${list('For your attention', noteworthy(survey, slots).map(noteItem))}</div>`;
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

function rowText({ slots, message, code, runUrl }: CauseRow): Html {
  if (message === undefined) return html`${slots[0]!.window}: ${links(slots)}`;
  const run = runUrl === undefined ? undefined : html` (${link(runUrl, 'run')})`;
  const identity = code === undefined ? undefined : html` <code>[${shown(code, codeCharactersMax)}]</code>`;
  return html`${shown(message, messageCharactersMax)}${identity}${run} ${links(slots)}`;
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

/** Slots that are not settled though no recent plan covered them. */
function unplanned(slots: readonly SlotCoverage[]): Note[] {
  const of = (wanted: Why) => slots.filter(({ why }) => why === wanted).map(({ slot }) => slot);
  return [
    ...note(
      of('new'),
      (count) =>
        `${counted(count, 'slot')} ${count === 1 ? 'was' : 'were'} never read. Run with a range that covers ${count === 1 ? 'it' : 'them'}.`,
    ),
    ...note(
      of('unsettled'),
      (count) =>
        `${counted(count, 'slot')} ${count === 1 ? 'was' : 'were'} last read while live. Run with a range that covers ${count === 1 ? 'it' : 'them'}.`,
    ),
  ];
}

/** Gaps, and cases that the last read of each slot found. */
function noteworthy({ gaps }: Survey, slots: readonly SlotCoverage[]): Note[] {
  const cases = caseNames.flatMap((name) => {
    const affected = slots.filter((one) => countOf(name, one) > 0);
    const count = affected.reduce((sum, one) => sum + countOf(name, one), 0);
    return note(
      affected.map(({ slot }) => slot),
      () => caseSentence(name, count),
    );
  });
  return [...note(gaps, (count) => gapSentence(count)), ...cases];
}

/** The ledger does not count twins apart from other duplicates. */
function countOf(name: CaseName, { record }: SlotCoverage): number {
  if (name === 'twins') return 0;
  return (name === 'invalid' ? record?.counts?.invalid : record?.cases?.[name]) ?? 0;
}

function note(slots: readonly Slot[], text: (count: number) => string): Note[] {
  return slots.length > 0 ? [{ text: text(slots.length), slots }] : [];
}
