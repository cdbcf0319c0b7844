import { describe, expect, it } from 'vitest';
import {
  completeIssue,
  incompleteIssue,
  issueBytesMax,
  newsFor,
  tellComplete,
  tellIncomplete,
  tellNews,
} from '../../src/report/issue.ts';
import { document } from '../../src/report/markdown.ts';
import { missingParts, verdict } from '../../src/report/missing.ts';
import { isComplete, type Survey } from '../../src/report/survey.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { range } from '../windows/arbitraries.ts';
import { before, failed, left, planOf, recordOf, recordsWith, runUrl, slots, surveyOf } from './surveys.ts';

const spent = { read_at: before, ...left('time') };
const some = surveyOf({ records: recordsWith({ 1: failed('It is down.'), 4: undefined, 7: spent, 8: spent }) });

describe('the issue of an incomplete archive', () => {
  it('names the archive, the causes with their remedies, and the run that updated it', () => {
    const { title, body } = incompleteIssue(some);
    expect(title).toBe('The archive s3://bucket/messages is incomplete');
    expect(body.split('\n').filter((line) => line !== '' && !line.startsWith('<!--'))).toEqual([
      `The archive \`s3://bucket/messages\` is incomplete. ${verdict(some)}`,
      ...document(missingParts(some), issueBytesMax)
        .split('\n')
        .filter((line) => line !== ''),
      '---',
      `Updated by [the run](${runUrl}) of 10 January 2025, 03:17 UTC. Every run updates this issue, and closes it when the archive is complete.`,
    ]);
  });

  it('has a title on one line, short enough for GitHub', () => {
    const { title } = incompleteIssue({ ...some, archive: `file:/a\n${'b'.repeat(1000)}\u202e` });
    expect(title).toMatch(/^The archive file:\/a b+… is incomplete$/);
    expect(title.length).toBeLessThan(256);
  });

  it('is short enough for GitHub whatever is missing', () => {
    const layout = { windowDays: 1, partitionBy: 'day' } as const;
    const days = slotsIn(range('2017-11-18', '2025-01-01'), layout);
    const records = days.map((slot, n) => recordOf(slot, n % 2 === 0 ? failed(`${n} ${'😀'.repeat(900)}`) : {}));
    const huge = surveyOf({ records, plan: planOf(days), layout, archive: 's'.repeat(5000) });
    for (const text of [
      incompleteIssue(huge).body,
      completeIssue(huge).body,
      tellNews(huge),
      tellIncomplete(huge),
      tellComplete(huge),
    ])
      expect(Buffer.byteLength(text)).toBeLessThan(issueBytesMax);
    expect(incompleteIssue(huge).body).toMatch(/^ {3}- and 1,2\d\d more/m);
    expect(incompleteIssue(huge).body).toContain('Every run updates this issue');
    expect(isComplete(newsFor(huge, incompleteIssue(huge).body))).toBe(true);
  });
});

describe('news', () => {
  const known = incompleteIssue(some).body;
  const missingNow = (changes: Parameters<typeof recordsWith>[0]) => surveyOf({ records: recordsWith(changes) });
  const newIn = (survey: Survey, body = known) =>
    newsFor(survey, body).missing.map((one) => slots.findIndex(({ id }) => id === one.slot.id));

  it.each<[string, Survey, number[]]>([
    ['the same slots', some, []],
    ['fewer slots', missingNow({ 1: failed('It is down.') }), []],
    ['another error of the same slot', missingNow({ 1: failed('It is up, but broken.') }), []],
    ['a failure of a slot whose job had ended early', missingNow({ 4: failed('It is down.') }), []],
    ['a deferral of a slot that had failed', missingNow({ 1: spent }), []],
    ['another slot', missingNow({ 1: failed('It is down.'), 2: failed('It is down.') }), [2]],
    ['a deferral of another slot', missingNow({ 6: spent, 7: spent, 8: spent }), [6]],
    ['a failure of a slot that had been deferred', missingNow({ 7: failed('It is down.'), 8: spent }), [7]],
  ])('with %s', (_, survey, expected) => {
    expect(newIn(survey)).toEqual(expected);
  });

  it('are all causes if the issue does not list what is known', () => {
    for (const body of [
      '',
      'Rewritten by a person.',
      '<!-- known: {"missing":1} -->',
      '<!-- known: {not json} -->',
      '<!-- known: {"missing":["x"],"faults":[],"isVoid":false,"isUnplanned":false} -->',
    ])
      expect(newsFor(some, body)).toBe(some);
    expect(newIn(some, completeIssue(some).body)).toEqual([1, 4, 7, 8]);
  });

  it('include once that no slot ever held a message', () => {
    const counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
    const isVoid = surveyOf({ records: slots.map((slot) => recordOf(slot, { rows: 0, counts })) });
    expect(isComplete(newsFor(isVoid, known))).toBe(false);
    expect(isComplete(newsFor(isVoid, incompleteIssue(isVoid).body))).toBe(true);
  });

  it('include once that no plan was made', () => {
    const unplanned: Survey = { ...surveyOf({ plan: planOf([]) }), noPlan: { failure: 'The API is down.' } };
    expect(isComplete(newsFor(unplanned, known))).toBe(false);
    expect(tellNews(newsFor(unplanned, known))).toContain('**No plan was made.**');
    expect(isComplete(newsFor(unplanned, incompleteIssue(unplanned).body))).toBe(true);
  });

  it('are the only causes in the comment', () => {
    const survey = missingNow({ 1: failed('It is down.'), 2: failed('It is up, but broken.') });
    expect(tellNews(newsFor(survey, known))).toBe(
      `**New** in [this run](${runUrl}):

1. **1 slot failed.** Fix the error below, then re-run: every run retries failed slots.
   - 1 to 17 March 2024: \`It is up, but broken.\` \`[source-unavailable]\` ([run](${runUrl}))
`,
    );
  });
});

describe('a complete archive', () => {
  it('is in the comment and in the issue', () => {
    const done = surveyOf();
    expect(tellComplete(done)).toBe(`**Complete** as of [this run](${runUrl}). ${verdict(done)}\n`);
    expect(completeIssue(done)).toEqual({
      title: 'The archive s3://bucket/messages is incomplete',
      body: `The archive \`s3://bucket/messages\` is complete. ${verdict(done)}

---
Updated by [the run](${runUrl}) of 10 January 2025, 03:17 UTC. This issue is re-opened if the archive becomes incomplete.
`,
    });
  });

  it('can become incomplete again', () => {
    expect(tellIncomplete(some)).toMatch(
      /^\*\*Incomplete again\*\* as of \[this run\]\(.*\)\. 5 of 9 planned slots were read and verified; .*\n\n1\. \*\*1 slot failed/,
    );
  });
});
