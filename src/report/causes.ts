import { counted } from '../format.ts';
import { day } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { Missing, Survey } from './survey.ts';

/** A piece of a sentence: words, what is to be typed as it stands, or a link, which is words alone without an address. */
export type Piece = string | { readonly code: string } | { readonly words: string; readonly url: string | undefined };

/** Why something is missing, and what to do about it. */
export interface Cause {
  /** A clause: `4 slots failed`. */
  readonly what: string;
  readonly toDo: readonly Piece[];
  readonly rows: readonly CauseRow[];
}

/** What was said, and slots that are missing together: those of which it was said, or those of a window. */
export interface CauseRow {
  readonly slots: readonly Slot[];
  /** What was said of them, or where there are none in general, and in which run. */
  readonly message?: string;
  readonly runUrl?: string;
  /** Whether they are all that was planned of their window. */
  readonly isWhole?: boolean;
}

/** The causes of what is missing, the gravest first. */
export function causesOf(survey: Survey): Cause[] {
  const own = survey.missing.filter(({ reason }) => reason !== undefined);
  const earlier = survey.missing.filter(({ reason }) => reason === undefined);
  const because = (why: Missing['why']) => own.filter((one) => one.why === why);
  return [
    ...ofNoPlan(survey),
    ...ofVoid(survey),
    ...ofFaults(survey),
    ...ofFailures(because('failed')),
    ...ofSource(survey, because('source')),
    ...ofLegs(survey, because('leg')),
    ...ofTime(survey, because('time')),
    ...ofEarlier(survey, earlier),
  ];
}

function ofNoPlan({ noPlan, runUrl }: Survey): Cause[] {
  if (noPlan === undefined) return [];
  const { failure } = noPlan;
  const what = 'No plan was made';
  if (failure !== undefined)
    return [{ what, toDo: ['Put right what is said here, then run again.'], rows: [{ slots: [], message: failure }] }];
  const job = { words: 'the job that plans', url: runUrl };
  return [{ what, toDo: ['See why in the log of ', job, ', then run again.'], rows: [] }];
}

function ofVoid({ isVoid }: Survey): Cause[] {
  if (!isVoid) return [];
  const toDo = ["See that the source's address, query and JSON pointers are right, then run again."];
  return [{ what: 'No slot ever held a message', toDo, rows: [] }];
}

function ofFaults({ faults }: Survey): Cause[] {
  return faults.map(({ what, details, toDo }) => ({
    what,
    toDo: piecesOf(toDo),
    rows: details.map((message) => ({ slots: [], message })),
  }));
}

/** A sentence in which backticks stand around what is to be typed. */
function piecesOf(sentence: string): Piece[] {
  return sentence.split('`').map((piece, n) => (n % 2 === 0 ? piece : { code: piece }));
}

function ofFailures(failed: readonly Missing[]): Cause[] {
  if (failed.length === 0) return [];
  const toDo = ['Put right what is said here, then run again: every run tries them again.'];
  return [{ what: `${counted(failed.length, 'slot')} failed`, toDo, rows: failureRows(failed) }];
}

/** A row for each thing that was said, most of them together. */
function failureRows(failed: readonly Missing[]): CauseRow[] {
  const groups = [...Map.groupBy(failed, ({ message }) => message!)].sort(([, a], [, b]) => b.length - a.length);
  return groups.map(([message, group]) => {
    const { runUrl } = group.at(-1)!;
    return { slots: group.map(({ slot }) => slot), message, ...(runUrl !== undefined && { runUrl }) };
  });
}

function ofSource(survey: Survey, missing: readonly Missing[]): Cause[] {
  if (missing.length === 0) return [];
  return [
    {
      what: `${counted(missing.length, 'slot')} ${missing.length === 1 ? 'was' : 'were'} left, since the source was not to be had for those before`,
      toDo: ['See whether it is well, then run again', ...withoutRefresh(missing), ', or wait for the next schedule.'],
      rows: windowRows(survey, missing),
    },
  ];
}

function ofLegs(survey: Survey, missing: readonly Missing[]): Cause[] {
  if (missing.length === 0) return [];
  const windows = new Set(missing.map(({ slot }) => slot.window)).size;
  const jobs = { words: 'their jobs', url: survey.runUrl };
  return [
    {
      what: `The legs of ${counted(windows, 'window')} ended before their work was done`,
      toDo: ['See why in the logs of ', jobs, '; then re-run the failed jobs, or run again.'],
      rows: windowRows(survey, missing),
    },
  ];
}

function ofTime(survey: Survey, missing: readonly Missing[]): Cause[] {
  if (missing.length === 0) return [];
  return [
    {
      what: `Time ran out before ${counted(missing.length, 'slot')}`,
      toDo: [
        'Nothing is wrong: run again',
        ...withoutRefresh(missing),
        ', or wait for the next schedule, which goes on there.',
      ],
      rows: windowRows(survey, missing),
    },
  ];
}

/** A refresh would begin with the first slot again. */
function withoutRefresh(missing: readonly Missing[]): readonly Piece[] {
  return missing.some(({ reason }) => reason === 'refresh') ? [' without ', { code: 'refresh' }] : [];
}

function ofEarlier(survey: Survey, missing: readonly Missing[]): Cause[] {
  const [first, last] = [missing[0], missing.at(-1)];
  if (first === undefined || last === undefined) return [];
  const isOne = missing.length === 1;
  const range = [{ code: `from: ${day(first.slot.start)}` }, ' and ', { code: `to: ${day(last.slot.end)}` }];
  const [failed, others] = [
    missing.filter(({ why }) => why === 'failed'),
    missing.filter(({ why }) => why !== 'failed'),
  ];
  return [
    {
      what: `${counted(missing.length, 'slot')} of earlier plans ${isOne ? 'is' : 'are'} missing`,
      toDo:
        survey.noPlan === undefined
          ? [`This run was not to read ${isOne ? 'it' : 'them'}: run with `, ...range, '.']
          : ['Run again.'],
      rows: [...failureRows(failed), ...windowRows(survey, others)],
    },
  ];
}

/** A row for each window: how much of what was planned is missing. */
function windowRows({ slots, planned }: Survey, missing: readonly Missing[]): CauseRow[] {
  const asked = Map.groupBy(
    slots.filter(({ id }) => planned.has(id)),
    ({ window }) => window,
  );
  return [...Map.groupBy(missing, ({ slot }) => slot.window)].map(([window, group]) => ({
    slots: group.map(({ slot }) => slot),
    isWhole: asked.get(window)?.length === group.length,
  }));
}
