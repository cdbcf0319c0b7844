import { day } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { type CauseFacts, type CauseName, causeNames, causePhrases, type Piece, piecesOf } from './phrases.ts';
import type { Missing, Survey } from './survey.ts';

/** A reason why the archive is incomplete, and its remedy. */
export interface Cause {
  /** A clause: `4 slots failed`. */
  readonly what: string;
  readonly toDo: readonly Piece[];
  readonly rows: readonly CauseRow[];
}

/** An error with the slots it affects (none if it is not about slots), or the missing slots of one window. */
export interface CauseRow {
  readonly slots: readonly Slot[];
  readonly message?: string;
  /** The error's stable code. */
  readonly code?: string;
  /** The run that met the error. */
  readonly runUrl?: string;
  /** True if these are all planned slots of their window. */
  readonly isWhole?: boolean;
}

/** Returns the causes of an incomplete archive, the most serious first. */
export function causesOf(survey: Survey): Cause[] {
  return causeNames.flatMap((name) => finders[name](survey));
}

const finders: Readonly<Record<CauseName, (survey: Survey) => Cause[]>> = {
  unplanned: ({ noPlan, runUrl }) => {
    if (noPlan === undefined) return [];
    const { failure } = noPlan;
    const rows = failure === undefined ? [] : [{ slots: [], message: failure }];
    return [causeOf('unplanned', { count: 1, hasError: failure !== undefined }, rows, runUrl)];
  },
  void: ({ isVoid }) => (isVoid ? [causeOf('void', { count: 0 }, [])] : []),
  unreadable: asCause('unreadable'),
  unowned: asCause('unowned'),
  lacking: asCause('lacking'),
  unsearched: asCause('unsearched'),
  unplaced: asCause('unplaced'),
  failed: (survey) => {
    const missing = ofThisPlan(survey, 'failed');
    return missing.length === 0 ? [] : [causeOf('failed', { count: missing.length }, failureRows(missing))];
  },
  source: deferred('source'),
  leg: (survey) => {
    const missing = ofThisPlan(survey, 'leg');
    const count = new Set(missing.map(({ slot }) => slot.window)).size;
    return count === 0 ? [] : [causeOf('leg', { count }, windowRows(survey, missing), survey.runUrl)];
  },
  time: deferred('time'),
  earlier: (survey) => {
    const missing = survey.missing.filter(({ reason }) => reason === undefined);
    const [first, last] = [missing[0], missing.at(-1)];
    if (first === undefined || last === undefined) return [];
    const range = survey.noPlan === undefined ? { from: day(first.slot.start), to: day(last.slot.end) } : {};
    const [failed, others] = [
      missing.filter(({ why }) => why === 'failed'),
      missing.filter(({ why }) => why !== 'failed'),
    ];
    const rows = [...failureRows(failed), ...windowRows(survey, others)];
    return [causeOf('earlier', { count: missing.length, ...range }, rows)];
  },
};

function causeOf(name: CauseName, facts: CauseFacts, rows: readonly CauseRow[], runUrl?: string): Cause {
  const { what, toDo } = causePhrases[name];
  return { what: what(facts), toDo: piecesOf(toDo(facts), runUrl), rows };
}

function asCause(name: CauseName): (survey: Survey) => Cause[] {
  return ({ faults }) =>
    faults
      .filter(({ kind }) => kind === name)
      .map(({ what, details, toDo, code }) => ({
        what,
        toDo: piecesOf(toDo),
        rows: details.map((message) => ({ slots: [], message, ...(code !== undefined && { code }) })),
      }));
}

function deferred(name: 'source' | 'time'): (survey: Survey) => Cause[] {
  return (survey) => {
    const missing = ofThisPlan(survey, name);
    if (missing.length === 0) return [];
    const isRefresh = missing.some(({ reason }) => reason === 'refresh');
    return [causeOf(name, { count: missing.length, isRefresh }, windowRows(survey, missing))];
  };
}

function ofThisPlan({ missing }: Survey, why: Missing['why']): Missing[] {
  return missing.filter((one) => one.reason !== undefined && one.why === why);
}

/** Returns a row for each distinct error, the most frequent first. */
function failureRows(failed: readonly Missing[]): CauseRow[] {
  const groups = [...Map.groupBy(failed, ({ message }) => message!)].sort(([, a], [, b]) => b.length - a.length);
  return groups.map(([message, group]) => {
    const { runUrl, code } = group.at(-1)!;
    return {
      slots: group.map(({ slot }) => slot),
      message,
      ...(code !== undefined && { code }),
      ...(runUrl !== undefined && { runUrl }),
    };
  });
}

/** Returns a row for each window. */
function windowRows({ slots, planned }: Survey, missing: readonly Missing[]): CauseRow[] {
  const plannedOf = Map.groupBy(
    slots.filter(({ id }) => planned.has(id)),
    ({ window }) => window,
  );
  return [...Map.groupBy(missing, ({ slot }) => slot.window)].map(([window, group]) => ({
    slots: group.map(({ slot }) => slot),
    isWhole: plannedOf.get(window)?.length === group.length,
  }));
}
