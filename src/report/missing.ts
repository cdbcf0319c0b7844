import { day } from '../windows/interval.ts';
import type { Slot } from '../windows/slots.ts';
import { counted, number } from '../words.ts';
import { date, span } from './dates.ts';
import { code, link, type Part } from './markdown.ts';
import type { Missing, Survey } from './survey.ts';

const rowsMax = 20;
const messageCharactersMax = 600;

/** In one sentence or two, without markup, what the plan came to. */
export function verdict({ planned, missing, isVoid }: Survey): string {
  const own = missing.filter(({ reason }) => reason !== undefined);
  const others = missing.length - own.length;
  const sentences = [ofPlan(planned.size, own)];
  if (others > 0)
    sentences.push(`${counted(others, 'slot')} of earlier plans ${others === 1 ? 'is' : 'are'} missing too.`);
  if (isVoid) sentences.push('No slot ever held a message.');
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
    [count('time'), (n: number) => `${number(n)} ${n === 1 ? 'is' : 'are'} left since time ran out`],
  ] as const;
  const said = clauses.filter(([n]) => n > 0).map(([n, say]) => say(n));
  return `Of ${counted(planned, 'planned slot')} ${number(planned - missing.length)} were read and proven; ${listed(said)}.`;
}

function listed(clauses: readonly string[]): string {
  return clauses.length < 2 ? clauses.join('') : `${clauses.slice(0, -1).join(', ')} and ${clauses.at(-1)}`;
}

/** What is missing and what to do about it, as a numbered list: an entry for each cause. */
export function missingParts(survey: Survey): Part[] {
  const { missing } = survey;
  const own = missing.filter(({ reason }) => reason !== undefined);
  const because = (why: Missing['why']) => own.filter((one) => one.why === why);
  const entries = [
    ofVoid(survey),
    ofFailures(because('failed')),
    ofLegs(survey, because('leg')),
    ofTime(survey, because('time')),
    ofEarlier(
      survey,
      missing.filter(({ reason }) => reason === undefined),
    ),
  ];
  return entries.filter((entry) => entry !== undefined).map((entry, n) => numbered(entry, n + 1));
}

interface Entry {
  readonly what: string;
  readonly toDo: string;
  readonly rows: readonly string[];
}

function numbered({ what, toDo, rows }: Entry, n: number): Part {
  return {
    head: [`${n}. **${what}.** ${toDo}`],
    rows: rows.map((row) => `   - ${row}`),
    rowsMax,
    rest: (count) => `   - and ${number(count)} more: see \`_report/ledger.json\` in the archive`,
  };
}

function ofVoid({ isVoid }: Survey): Entry | undefined {
  if (!isVoid) return undefined;
  return {
    what: 'No slot ever held a message',
    toDo: "See that the source's address, query and JSON pointers are right, then run again.",
    rows: [],
  };
}

function ofFailures(failed: readonly Missing[]): Entry | undefined {
  if (failed.length === 0) return undefined;
  return {
    what: `${counted(failed.length, 'slot')} failed`,
    toDo: 'Put right what is said here, then run again: every run tries them again.',
    rows: failureRows(failed),
  };
}

/** A row for each thing that was said, most of them together. */
function failureRows(failed: readonly Missing[]): string[] {
  const groups = [...Map.groupBy(failed, ({ message }) => message!)].sort(([, a], [, b]) => b.length - a.length);
  return groups.map(([message, group]) => {
    const { runUrl } = group.at(-1)!;
    const run = runUrl === undefined ? '' : ` (${link('run', runUrl)})`;
    return `${slotsOf(group)}: ${code(message, messageCharactersMax)}${run}`;
  });
}

function ofLegs(survey: Survey, missing: readonly Missing[]): Entry | undefined {
  if (missing.length === 0) return undefined;
  const windows = new Set(missing.map(({ slot }) => slot.window)).size;
  const jobs = link('their jobs', survey.runUrl);
  return {
    what: `The legs of ${counted(windows, 'window')} ended before their work was done`,
    toDo: `See why in the logs of ${jobs}; then re-run the failed jobs, or run again.`,
    rows: windowRows(survey, missing),
  };
}

function ofTime(survey: Survey, missing: readonly Missing[]): Entry | undefined {
  if (missing.length === 0) return undefined;
  // A refresh would begin with the first slot again.
  const again = missing.some(({ reason }) => reason === 'refresh') ? ' without `refresh`' : '';
  return {
    what: `Time ran out before ${counted(missing.length, 'slot')}`,
    toDo: `Nothing is wrong: run again${again}, or wait for the next schedule, which goes on there.`,
    rows: windowRows(survey, missing),
  };
}

function ofEarlier(survey: Survey, missing: readonly Missing[]): Entry | undefined {
  const [first, last] = [missing[0], missing.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const range = `\`from: ${day(first.slot.start)}\` and \`to: ${day(last.slot.end)}\``;
  return {
    what: `${counted(missing.length, 'slot')} of earlier plans ${missing.length === 1 ? 'is' : 'are'} missing`,
    toDo: `This run was not to read ${missing.length === 1 ? 'it' : 'them'}: run with ${range}.`,
    rows: [
      ...failureRows(missing.filter(({ why }) => why === 'failed')),
      ...windowRows(
        survey,
        missing.filter(({ why }) => why !== 'failed'),
      ),
    ],
  };
}

/** A row for each window: how much of what was planned is missing. */
function windowRows({ slots, planned }: Survey, missing: readonly Missing[]): string[] {
  const asked = Map.groupBy(
    slots.filter(({ id }) => planned.has(id)),
    ({ window }) => window,
  );
  return [...Map.groupBy(missing, ({ slot }) => slot.window)].map(([window, group]) => {
    const all = asked.get(window)?.length ?? 0;
    if (all === group.length) return `${window}: all that was planned, ${counted(all, 'slot')}`;
    return `${window}: ${slotsOf(group)}`;
  });
}

/** `June 2024`, or `12 slots from 17 May 2024 to 30 April 2025`. */
function slotsOf(group: readonly Missing[]): string {
  const slots: readonly Slot[] = group.map(({ slot }) => slot);
  const [first, last] = [slots[0]!, slots.at(-1)!];
  if (slots.length === 1) return span(first);
  return `${counted(slots.length, 'slot')} from ${date(first.start)} to ${date(last.end - 1)}`;
}
