import { describe, expect, it } from 'vitest';
import { page } from '../../src/report/markdown.ts';
import { missingParts, verdict } from '../../src/report/missing.ts';
import { isComplete, type Survey, survey } from '../../src/report/survey.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { range } from '../windows/arbitraries.ts';
import {
  bareRecord,
  before,
  failed,
  layout,
  left,
  now,
  planOf,
  recordOf,
  recordsWith,
  runUrl,
  slots,
  surveyOf,
} from './surveys.ts';

function textOf(survey: Survey): string[] {
  return page(missingParts(survey), 1_000_000)
    .split('\n')
    .filter((line) => line !== '');
}

const nothing = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };

describe('the verdict', () => {
  it.each<[string, Survey, string]>([
    ['all was read', surveyOf(), 'All that was planned (9 slots) was read and proven.'],
    ['nothing was planned', surveyOf({ plan: planOf([]) }), 'The plan had nothing to do.'],
    [
      'one slot failed',
      surveyOf({ records: recordsWith({ 1: failed('x') }) }),
      'Of 9 planned slots 8 were read and proven; 1 failed.',
    ],
    [
      'a leg ended before its slot',
      surveyOf({ records: recordsWith({ 1: undefined }) }),
      'Of 9 planned slots 8 were read and proven; 1 was not reached before its leg ended.',
    ],
    [
      'all happened',
      surveyOf({
        records: recordsWith({
          0: failed('y', before),
          3: failed('x'),
          4: undefined,
          5: undefined,
          7: { read_at: before, ...left('time') },
        }),
        plan: planOf(slots.slice(2)),
      }),
      'Of 7 planned slots 3 were read and proven; 1 failed, 2 were not reached before their legs ended and 1 is left since time ran out. 1 slot of earlier plans is missing too.',
    ],
    [
      'no slot held a message',
      surveyOf({ records: slots.map((slot) => recordOf(slot, { counts: nothing })) }),
      'All that was planned (9 slots) was read and proven. No slot ever held a message.',
    ],
  ])('where %s', (_, survey, expected) => {
    expect(verdict(survey)).toBe(expected);
  });
});

describe('what to do', () => {
  it('is nothing where all was read', () => {
    expect(textOf(surveyOf())).toEqual([]);
  });

  it('after failures: what was said, the most frequent first, with the run of the leg', () => {
    const down = failed('The API is down.');
    expect(textOf(surveyOf({ records: recordsWith({ 0: failed('Other.'), 2: down, 3: down, 8: down }) }))).toEqual([
      '1. **4 slots failed.** Put right what is said here, then run again: every run tries them again.',
      `   - 3 slots from 1 March 2024 to 15 July 2024: \`The API is down.\` ([run](${runUrl}))`,
      `   - 18 to 31 January 2024: \`Other.\` ([run](${runUrl}))`,
    ]);
  });

  it('after legs that ended: the windows that were not read, with a link to the jobs', () => {
    const records = recordsWith({ 0: undefined, 1: undefined, 2: undefined, 4: undefined });
    expect(textOf(surveyOf({ records }))).toEqual([
      `1. **The legs of 2 windows ended before their work was done.** See why in the logs of [their jobs](${runUrl}); then re-run the failed jobs, or run again.`,
      '   - 2024-01-18..2024-03-18: all that was planned, 3 slots',
      '   - 2024-03-18..2024-05-17: April 2024',
    ]);
    expect(textOf(surveyOf({ records, runUrl: undefined }))[0]).toContain('in the logs of their jobs; then');
  });

  it('after time ran out: to run again, without a refresh that would begin anew', () => {
    const spent = { read_at: before, ...left('time') };
    const records = recordsWith({ 1: spent, 2: spent, 8: spent });
    expect(textOf(surveyOf({ records }))).toEqual([
      '1. **Time ran out before 3 slots.** Nothing is wrong: run again, or wait for the next schedule, which goes on there.',
      '   - 2024-01-18..2024-03-18: 2 slots from 1 February 2024 to 17 March 2024',
      '   - 2024-05-17..2024-07-16: 1 to 15 July 2024',
    ]);
    expect(textOf(surveyOf({ records, plan: planOf(slots, 'refresh') }))[0]).toContain(
      'run again without `refresh`, or wait',
    );
  });

  it('after a source was not to be had: to see whether it is well', () => {
    const untried = { read_at: before, ...left('source') };
    const records = recordsWith({ 1: untried, 2: { read_at: before, ...left('time') } });
    expect(textOf(surveyOf({ records }))).toEqual([
      '1. **1 slot was left, since the source was not to be had for those before.** See whether it is well, then run again, or wait for the next schedule.',
      '   - 2024-01-18..2024-03-18: February 2024',
      '2. **Time ran out before 1 slot.** Nothing is wrong: run again, or wait for the next schedule, which goes on there.',
      '   - 2024-01-18..2024-03-18: 1 to 17 March 2024',
    ]);
  });

  it('about earlier plans: with which range to run', () => {
    const records = [
      ...recordsWith({ 0: failed('It was down.', before), 2: left('time', before) }),
      bareRecord(slotsIn(range('2024-07-16', '2024-07-17'), { windowDays: 60, partitionBy: 'month' })[0]!),
    ];
    expect(textOf(surveyOf({ records, plan: planOf(slots.slice(4)) }))).toEqual([
      '1. **2 slots of earlier plans are missing.** This run was not to read them: run with `from: 2024-01-18` and `to: 2024-03-18`.',
      `   - 18 to 31 January 2024: \`It was down.\` ([run](${runUrl}))`,
      '   - 2024-01-18..2024-03-18: 1 to 17 March 2024',
    ]);
  });

  it('has a number for each cause, the gravest first', () => {
    const records = slots
      .map((slot) => recordOf(slot, { counts: nothing }))
      .map((record, n) => (n === 4 ? { ...record, ...failed('x') } : record))
      .filter((_, n) => n !== 7);
    expect(textOf(surveyOf({ records })).filter((line) => /^\d/.test(line))).toEqual([
      expect.stringMatching(/^1\. \*\*No slot ever held a message\.\*\* See that the source's address/),
      expect.stringMatching(/^2\. \*\*1 slot failed\.\*\*/),
      expect.stringMatching(/^3\. \*\*The legs of 1 window/),
    ]);
  });

  it('is told of the first twenty causes, and cuts what is long', () => {
    const layout = { windowDays: 1, partitionBy: 'day' } as const;
    const days = slotsIn(range('2024-01-01', '2024-03-01'), layout);
    const records = days.map((slot, n) => bareRecord(slot, failed(`Error ${n}: ${'x'.repeat(5000)}`)));
    const lines = textOf(surveyOf({ records, plan: planOf(days), layout }));
    expect(lines.length).toBe(22);
    expect(lines.at(-1)).toBe('   - and 40 more: see `_report/ledger.json` in the archive');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(800);
  });
});

describe('without a plan', () => {
  const lost = failed('It was down.', before);
  const noPlan = (failure: string | undefined) =>
    survey(
      { archive: 's3://bucket/messages', now, runUrl, layout, recentDays: 60 },
      { failure },
      { ledger: recordsWith({ 0: lost }), staged: [] },
    );

  it('it is said why, where that is known', () => {
    const made = noPlan('The API answers 401: see api-token.');
    expect(isComplete(made)).toBe(false);
    expect(verdict(made)).toBe('No plan was made. 1 slot of earlier plans is missing too.');
    expect(textOf(made)).toEqual([
      '1. **No plan was made.** Put right what is said here, then run again.',
      '   - `The API answers 401: see api-token.`',
      '2. **1 slot of earlier plans is missing.** Run again.',
      `   - 18 to 31 January 2024: \`It was down.\` ([run](${runUrl}))`,
    ]);
  });

  it('or where to look', () => {
    expect(textOf(noPlan(undefined))[0]).toBe(
      `1. **No plan was made.** See why in the log of [the job that plans](${runUrl}), then run again.`,
    );
  });
});
