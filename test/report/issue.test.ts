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
import { isComplete, type Survey } from '../../src/report/survey.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { range } from '../windows/arbitraries.ts';
import { before, failed, left, planOf, recordOf, recordsWith, runUrl, slots, surveyOf } from './surveys.ts';

const spent = { read_at: before, ...left('time') };
const some = surveyOf({ records: recordsWith({ 1: failed('It is down.'), 4: undefined, 7: spent, 8: spent }) });

describe('the issue of an incomplete archive', () => {
  it('says which, what is missing, what to do, and who keeps it', () => {
    const { title, body } = incompleteIssue(some);
    expect(title).toBe('The archive s3://bucket/messages is incomplete');
    expect(body.split('\n').filter((line) => line !== '' && !line.startsWith('<!--'))).toEqual([
      'The archive `s3://bucket/messages` is not complete. Of 9 planned slots 5 were read and proven; 1 failed, 1 was not reached before its leg ended and 2 are left since time ran out.',
      '1. **1 slot failed.** Put right what is said here, then run again: every run tries them again.',
      `   - February 2024: \`It is down.\` ([run](${runUrl}))`,
      `2. **The legs of 1 window ended before their work was done.** See why in the logs of [their jobs](${runUrl}); then re-run the failed jobs, or run again.`,
      '   - 2024-03-18..2024-05-17: April 2024',
      '3. **Time ran out before 2 slots.** Nothing is wrong: run again, or wait for the next schedule, which goes on there.',
      '   - 2024-05-17..2024-07-16: 2 slots from 1 June 2024 to 15 July 2024',
      '---',
      `Written by [the run](${runUrl}) of 10 January 2025, 03:17 UTC. Every run writes it anew, and closes it when nothing is missing.`,
    ]);
  });

  it('has a title on one line, of a length that GitHub takes', () => {
    const { title } = incompleteIssue({ ...some, archive: `file:/a\n${'b'.repeat(1000)}\u202e` });
    expect(title).toMatch(/^The archive file:\/a b+… is incomplete$/);
    expect(title.length).toBeLessThan(256);
  });

  it('is short enough whatever is missing', () => {
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
    expect(incompleteIssue(huge).body).toContain('Every run writes it anew');
    expect(isComplete(newsFor(huge, incompleteIssue(huge).body))).toBe(true);
  });
});

describe('news', () => {
  const known = incompleteIssue(some).body;
  const missingNow = (changes: Parameters<typeof recordsWith>[0]) => surveyOf({ records: recordsWith(changes) });
  const newIn = (survey: Survey, body = known) =>
    newsFor(survey, body).missing.map((one) => slots.findIndex(({ id }) => id === one.slot.id));

  it.each<[string, Survey, number[]]>([
    ['the same', some, []],
    ['less', missingNow({ 1: failed('It is down.') }), []],
    ['another error of the same slot', missingNow({ 1: failed('It is up, but broken.') }), []],
    ['a failure of a leg that died', missingNow({ 4: failed('It is down.') }), []],
    ['time that ran out before what had failed', missingNow({ 1: spent }), []],
    ['another slot', missingNow({ 1: failed('It is down.'), 2: failed('It is down.') }), [2]],
    ['time that ran out earlier', missingNow({ 6: spent, 7: spent, 8: spent }), [6]],
    ['a failure of what time had run out before', missingNow({ 7: failed('It is down.'), 8: spent }), [7]],
  ])('in %s', (_, survey, expected) => {
    expect(newIn(survey)).toEqual(expected);
  });

  it('are all where the issue does not say what was missing', () => {
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

  it('are that no slot ever held a message, once', () => {
    const counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
    const isVoid = surveyOf({ records: slots.map((slot) => recordOf(slot, { counts })) });
    expect(isComplete(newsFor(isVoid, known))).toBe(false);
    expect(isComplete(newsFor(isVoid, incompleteIssue(isVoid).body))).toBe(true);
  });

  it('are that no plan was made, once', () => {
    const unplanned: Survey = { ...surveyOf({ plan: planOf([]) }), noPlan: { failure: 'The API is down.' } };
    expect(isComplete(newsFor(unplanned, known))).toBe(false);
    expect(tellNews(newsFor(unplanned, known))).toContain('**No plan was made.**');
    expect(isComplete(newsFor(unplanned, incompleteIssue(unplanned).body))).toBe(true);
  });

  it('are told alone', () => {
    const survey = missingNow({ 1: failed('It is down.'), 2: failed('It is up, but broken.') });
    expect(tellNews(newsFor(survey, known))).toBe(
      `**New** in [this run](${runUrl}):

1. **1 slot failed.** Put right what is said here, then run again: every run tries them again.
   - 1 to 17 March 2024: \`It is up, but broken.\` ([run](${runUrl}))
`,
    );
  });
});

describe('the end', () => {
  it('is told, and stands in the issue', () => {
    const done = surveyOf();
    expect(tellComplete(done)).toBe(
      `**Complete**, says [this run](${runUrl}). All that was planned (9 slots) was read and proven.\n`,
    );
    expect(completeIssue(done)).toEqual({
      title: 'The archive s3://bucket/messages is incomplete',
      body: `The archive \`s3://bucket/messages\` is complete. All that was planned (9 slots) was read and proven.

---
Written by [the run](${runUrl}) of 10 January 2025, 03:17 UTC. It opens again as soon as something is missing.
`,
    });
  });

  it('may not last', () => {
    expect(tellIncomplete(some)).toMatch(
      /^\*\*Incomplete again\*\*, says \[this run\]\(.*\)\. Of 9 planned slots 5 were read and proven; .*\n\n1\. \*\*1 slot failed/,
    );
  });
});
