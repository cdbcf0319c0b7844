import { counted, number } from '../format.ts';
import type { Slot } from '../windows/slot.ts';
import { type CauseRow, causesOf } from './causes.ts';
import { date, span } from './dates.ts';
import { code, link, type Part } from './markdown.ts';
import { causePhrases, type Piece, type Shortfall, shortfallPhrases } from './phrases.ts';
import type { Missing, Survey } from './survey.ts';

const rowsMax = 20;
const messageCharactersMax = 600;
const codeCharactersMax = 60;

/** Returns the result of the plan in one or more sentences, without markup. */
export function verdict({ noPlan, planned, missing, isVoid, faults, ledger }: Survey): string {
  const own = missing.filter(({ reason }) => reason !== undefined);
  const earlier = missing.length - own.length;
  const archived = [...ledger.values()].filter(({ read_at }) => read_at !== undefined).length;
  const clauses = [
    noPlan === undefined ? planResult(planned.size, own, archived) : causePhrases.unplanned.what({ count: 1 }),
    ...(earlier > 0 ? [causePhrases.earlier.what({ count: earlier })] : []),
    ...(isVoid ? [causePhrases.void.what({ count: 0 })] : []),
    ...faults.map(({ what }) => what),
  ];
  return clauses.map((clause) => `${clause}.`).join(' ');
}

function planResult(planned: number, missing: readonly Missing[], archived: number): string {
  const inArchive = `${counted(archived, 'slot')} ${archived === 1 ? 'is' : 'are'} in the archive`;
  if (planned === 0) return `No slots were planned; ${inArchive}`;
  if (missing.length === 0)
    return planned === 1
      ? `The 1 planned slot was read and verified; ${inArchive}`
      : `All ${number(planned)} planned slots were read and verified; ${inArchive}`;
  const clauses = shortfalls.flatMap((why) => {
    const count = missing.filter((one) => one.why === why).length;
    return count > 0 ? [shortfallPhrases[why].clause(count)] : [];
  });
  const done = planned - missing.length;
  return `${number(done)} of ${number(planned)} planned slots ${done === 1 ? 'was' : 'were'} read and verified; ${listed(clauses)}`;
}

const shortfalls = Object.keys(shortfallPhrases) as Shortfall[];

function listed(clauses: readonly string[]): string {
  return clauses.length < 2 ? clauses.join('') : `${clauses.slice(0, -1).join(', ')} and ${clauses.at(-1)}`;
}

/** Returns a numbered list of causes, each with its remedy and the slots affected. */
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

function rowText({ slots, message, code: errorCode, runUrl, isWhole }: CauseRow): string {
  if (message !== undefined) {
    const identity = errorCode === undefined ? '' : ` ${code(`[${errorCode}]`, codeCharactersMax)}`;
    const run = runUrl === undefined ? '' : ` (${link('run', runUrl)})`;
    return `${slots.length > 0 ? `${slotsText(slots)}: ` : ''}${code(message, messageCharactersMax)}${identity}${run}`;
  }
  const { window } = slots[0]!;
  return `${window}: ${isWhole && slots.length > 1 ? `all ${number(slots.length)} planned slots` : slotsText(slots)}`;
}

/** Returns `June 2024`, or `12 slots from 17 May 2024 to 30 April 2025`. */
function slotsText(slots: readonly Slot[]): string {
  const [first, last] = [slots[0]!, slots.at(-1)!];
  if (slots.length === 1) return span(first);
  return `${counted(slots.length, 'slot')} from ${date(first.start)} to ${date(last.end - 1)}`;
}
