import { counted, number } from '../format.ts';
import type { Slot } from '../windows/slot.ts';
import { type CauseRow, causesOf, type Piece } from './causes.ts';
import { date, span } from './dates.ts';
import { code, link, type Part } from './markdown.ts';
import type { Missing, Survey } from './survey.ts';

const rowsMax = 20;
const messageCharactersMax = 600;

/** In one sentence or two, without markup, what the plan came to. */
export function verdict({ noPlan, planned, missing, isVoid, faults }: Survey): string {
  const own = missing.filter(({ reason }) => reason !== undefined);
  const others = missing.length - own.length;
  const sentences = [noPlan === undefined ? ofPlan(planned.size, own) : 'No plan was made.'];
  if (others > 0)
    sentences.push(`${counted(others, 'slot')} of earlier plans ${others === 1 ? 'is' : 'are'} missing too.`);
  if (isVoid) sentences.push('No slot ever held a message.');
  for (const { what } of faults) sentences.push(`${what}.`);
  return sentences.join(' ');
}

function ofPlan(planned: number, missing: readonly Missing[]): string {
  if (planned === 0) return 'The plan had nothing to do.';
  if (missing.length === 0) return `All that was planned (${counted(planned, 'slot')}) was read and proven.`;
  const count = (why: Missing['why']) => missing.filter((one) => one.why === why).length;
  const clauses = [
    [count('failed'), (n: number) => `${number(n)} failed`],
    [
      count('leg'),
      (n: number) =>
        n === 1 ? '1 was not reached before its leg ended' : `${number(n)} were not reached before their legs ended`,
    ],
    [
      count('source'),
      (n: number) => `${number(n)} ${n === 1 ? 'is' : 'are'} left since the source was not to be had for others`,
    ],
    [count('time'), (n: number) => `${number(n)} ${n === 1 ? 'is' : 'are'} left since time ran out`],
  ] as const;
  const said = clauses.filter(([n]) => n > 0).map(([n, say]) => say(n));
  return `Of ${counted(planned, 'planned slot')} ${number(planned - missing.length)} ${planned - missing.length === 1 ? 'was' : 'were'} read and proven; ${listed(said)}.`;
}

function listed(clauses: readonly string[]): string {
  return clauses.length < 2 ? clauses.join('') : `${clauses.slice(0, -1).join(', ')} and ${clauses.at(-1)}`;
}

/** What is missing and what to do about it, as a numbered list: an entry for each cause. */
export function missingParts(survey: Survey): Part[] {
  return causesOf(survey).map(({ what, toDo, rows }, n) => ({
    head: [`${n + 1}. **${what}.** ${toDo.map(pieceText).join('')}`],
    rows: rows.map((row) => `   - ${rowText(row)}`),
    rowsMax,
    rest: (count) => `   - and ${number(count)} more: see \`_report/ledger.json\` in the archive`,
  }));
}

function pieceText(piece: Piece): string {
  if (typeof piece === 'string') return piece;
  return 'code' in piece ? `\`${piece.code}\`` : link(piece.words, piece.url);
}

function rowText({ slots, message, runUrl, isWhole }: CauseRow): string {
  if (message !== undefined) {
    const run = runUrl === undefined ? '' : ` (${link('run', runUrl)})`;
    return `${slots.length > 0 ? `${slotsText(slots)}: ` : ''}${code(message, messageCharactersMax)}${run}`;
  }
  const { window } = slots[0]!;
  return `${window}: ${isWhole ? `all that was planned, ${counted(slots.length, 'slot')}` : slotsText(slots)}`;
}

/** `June 2024`, or `12 slots from 17 May 2024 to 30 April 2025`. */
function slotsText(slots: readonly Slot[]): string {
  const [first, last] = [slots[0]!, slots.at(-1)!];
  if (slots.length === 1) return span(first);
  return `${counted(slots.length, 'slot')} from ${date(first.start)} to ${date(last.end - 1)}`;
}
