import * as v from 'valibot';
import { compactInstant, covers, type Interval, parseCompactInstant, union } from '../windows/interval.ts';
import { moment } from './dates.ts';
import type { Fault } from './faults.ts';
import { code, document, link, type Part, plain } from './markdown.ts';
import { missingParts, verdict } from './missing.ts';
import type { Missing, Survey } from './survey.ts';

/** Text of an issue. */
export interface IssueText {
  readonly title: string;
  /** Markdown, at most {@link issueBytesMax} bytes in UTF-8. */
  readonly body: string;
}

/** The maximum size of a body or a comment. GitHub accepts 65,536 characters. */
export const issueBytesMax = 65_000;

const titleCharactersMax = 200;
const urlCharactersMax = 300;
/** The maximum number of intervals in each known list, so that they take at most a third of the issue. */
const intervalsMax = 300;

/** Returns the issue of an incomplete archive. */
export function incompleteIssue(survey: Survey): IssueText {
  const { archive } = survey;
  return {
    title: titleOf(survey),
    body: document(
      [
        { head: [`The archive ${code(archive, urlCharactersMax)} is incomplete. ${verdict(survey)}`] },
        { head: [formatKnown(knownOf(survey))] },
        ...missingParts(survey),
        footer(survey, 'Every run updates this issue, and closes it when the archive is complete.'),
      ],
      issueBytesMax,
    ),
  };
}

/** Returns the same issue once the archive is complete. */
export function completeIssue(survey: Survey): IssueText {
  const head = [`The archive ${code(survey.archive, urlCharactersMax)} is complete. ${verdict(survey)}`];
  const parts = [{ head }, footer(survey, 'This issue is re-opened if the archive becomes incomplete.')];
  return { title: titleOf(survey), body: document(parts, issueBytesMax) };
}

/** Returns the survey without the causes that the issue already lists. */
export function newsFor(survey: Survey, body: string): Survey {
  const known = parseKnown(body);
  if (known === undefined) return survey;
  const isKnown = (one: Missing) =>
    known[isFault(one) ? 'faults' : 'missing'].some((interval) => covers(interval, one.slot));
  return {
    ...survey,
    noPlan: known.isUnplanned ? undefined : survey.noPlan,
    missing: survey.missing.filter((one) => !isKnown(one)),
    isVoid: survey.isVoid && !known.isVoid,
    faults: survey.faults.filter((fault) => !known.others.includes(nameOf(fault))),
  };
}

/** Returns a comment with the new causes. */
export function tellNews(news: Survey): string {
  const head = [`**New** in ${link('this run', news.runUrl)}:`];
  return document([{ head }, ...missingParts(news)], issueBytesMax);
}

/** Returns a comment on an archive that is no longer complete. */
export function tellIncomplete(survey: Survey): string {
  const head = [`**Incomplete again** as of ${link('this run', survey.runUrl)}. ${verdict(survey)}`];
  return document([{ head }, ...missingParts(survey)], issueBytesMax);
}

/** Returns the comment that precedes closing the issue. */
export function tellComplete(survey: Survey): string {
  return document(
    [{ head: [`**Complete** as of ${link('this run', survey.runUrl)}. ${verdict(survey)}`] }],
    issueBytesMax,
  );
}

function titleOf({ archive }: Survey): string {
  return `The archive ${plain(archive, titleCharactersMax)} is incomplete`;
}

function footer({ runUrl, now }: Survey, rule: string): Part {
  return { head: ['---', `Updated by ${link('the run', runUrl)} of ${moment(now)}. ${rule}`] };
}

/** The causes that an issue lists, stored in its body for the next run. */
interface Known {
  readonly missing: readonly Interval[];
  /** The subset that more time alone does not resolve. */
  readonly faults: readonly Interval[];
  readonly isVoid: boolean;
  readonly isUnplanned: boolean;
  /** Names of the other faults. */
  readonly others: readonly string[];
}

function knownOf({ noPlan, missing, isVoid, faults }: Survey): Known {
  const slots = (some: readonly Missing[]) => bounded(union(some.map(({ slot }) => slot)));
  return {
    missing: slots(missing),
    faults: slots(missing.filter(isFault)),
    isVoid,
    isUnplanned: noPlan !== undefined,
    others: faults.map(nameOf),
  };
}

/** Includes the number of details, so that a change of it is news. */
function nameOf({ kind, details }: Fault): string {
  return `${kind} ${details.length}`;
}

function isFault({ why }: Missing): boolean {
  return why !== 'time';
}

/** Joins the last intervals if there are too many: a missed comment is better than an issue that is too long. */
function bounded(intervals: readonly Interval[]): readonly Interval[] {
  if (intervals.length <= intervalsMax) return intervals;
  const { start } = intervals[intervalsMax - 1]!;
  return [...intervals.slice(0, intervalsMax - 1), { start, end: intervals.at(-1)!.end }];
}

const interval = v.pipe(
  v.string(),
  v.transform((text) => text.split('-').map(parseCompactInstant)),
  v.tuple([v.number(), v.number()]),
  v.transform(([start, end]) => ({ start, end })),
);

const knownSchema = v.object({
  missing: v.array(interval),
  faults: v.array(interval),
  isVoid: v.boolean(),
  isUnplanned: v.boolean(),
  others: v.optional(v.array(v.string()), []),
}) satisfies v.GenericSchema<unknown, Known>;

function formatKnown({ missing, faults, ...rest }: Known): string {
  const texts = (some: readonly Interval[]) =>
    some.map(({ start, end }) => `${compactInstant(start)}-${compactInstant(end)}`);
  return `<!-- known: ${JSON.stringify({ missing: texts(missing), faults: texts(faults), ...rest })} -->`;
}

/** Returns undefined if the body has no such list, for example because a person rewrote it. */
function parseKnown(body: string): Known | undefined {
  const [, json] = /<!-- known: (\{.*\}) -->/.exec(body) ?? [];
  try {
    const { success, output } = v.safeParse(knownSchema, JSON.parse(json ?? ''));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
