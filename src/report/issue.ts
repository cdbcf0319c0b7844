import * as v from 'valibot';
import { compactInstant, covers, type Interval, parseCompactInstant, union } from '../windows/interval.ts';
import { moment } from './dates.ts';
import type { Fault } from './faults.ts';
import { code, link, type Part, page, plain } from './markdown.ts';
import { missingParts, verdict } from './missing.ts';
import type { Missing, Survey } from './survey.ts';

/** What an issue is to say. */
export interface IssueText {
  readonly title: string;
  /** Markdown, of {@link issueBytesMax} bytes of UTF-8 at most. */
  readonly body: string;
}

/** Of what a tracker takes for a body or a comment: GitHub takes 65,536 characters. */
export const issueBytesMax = 65_000;

const titleCharactersMax = 200;
const urlCharactersMax = 300;
/** Of each list of what is known, so that it takes a third of the issue at most. */
const intervalsMax = 300;

/** The issue of an archive of which something is missing. */
export function incompleteIssue(survey: Survey): IssueText {
  const { archive } = survey;
  return {
    title: titleOf(survey),
    body: page(
      [
        { head: [`The archive ${code(archive, urlCharactersMax)} is not complete. ${verdict(survey)}`] },
        { head: [formatKnown(knownOf(survey))] },
        ...missingParts(survey),
        footer(survey, 'Every run writes it anew, and closes it when nothing is missing.'),
      ],
      issueBytesMax,
    ),
  };
}

/** The same issue when nothing is missing. */
export function completeIssue(survey: Survey): IssueText {
  const head = [`The archive ${code(survey.archive, urlCharactersMax)} is complete. ${verdict(survey)}`];
  const parts = [{ head }, footer(survey, 'It opens again as soon as something is missing.')];
  return { title: titleOf(survey), body: page(parts, issueBytesMax) };
}

/** The survey with only so much missing as the issue does not say yet. */
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

/** A comment on what is missing that was not before. */
export function tellNews(news: Survey): string {
  const head = [`**New** in ${link('this run', news.runUrl)}:`];
  return page([{ head }, ...missingParts(news)], issueBytesMax);
}

/** A comment on an archive that was complete, and no longer is. */
export function tellIncomplete(survey: Survey): string {
  const head = [`**Incomplete again**, says ${link('this run', survey.runUrl)}. ${verdict(survey)}`];
  return page([{ head }, ...missingParts(survey)], issueBytesMax);
}

/** The comment with which the issue is closed. */
export function tellComplete(survey: Survey): string {
  return page([{ head: [`**Complete**, says ${link('this run', survey.runUrl)}. ${verdict(survey)}`] }], issueBytesMax);
}

function titleOf({ archive }: Survey): string {
  return `The archive ${plain(archive, titleCharactersMax)} is incomplete`;
}

function footer({ runUrl, now }: Survey, rule: string): Part {
  return { head: ['---', `Written by ${link('the run', runUrl)} of ${moment(now)}. ${rule}`] };
}

/** What an issue says is missing, for the next run to compare. */
interface Known {
  readonly missing: readonly Interval[];
  /** Of these, what time alone does not cure. */
  readonly faults: readonly Interval[];
  readonly isVoid: boolean;
  readonly isUnplanned: boolean;
  /** What else was wrong. */
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

/** Another number of the same is news. */
function nameOf({ kind, details }: Fault): string {
  return `${kind} ${details.length}`;
}

function isFault({ why }: Missing): boolean {
  return why !== 'time';
}

/** With the last ones as one, where there are too many: rather too few comments than too long an issue. */
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

/** Undefined where the issue does not say: also where a person rewrote it. */
function parseKnown(body: string): Known | undefined {
  const [, json] = /<!-- known: (\{.*\}) -->/.exec(body) ?? [];
  try {
    const { success, output } = v.safeParse(knownSchema, JSON.parse(json ?? ''));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
