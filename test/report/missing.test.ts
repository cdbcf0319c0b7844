import { describe, expect, it } from 'vitest';
import { document, link } from '../../src/report/markdown.ts';
import { missingParts, verdict } from '../../src/report/missing.ts';
import { type CauseFacts, type CauseName, causePhrases } from '../../src/report/phrases.ts';
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
  return document(missingParts(survey), 1_000_000)
    .split('\n')
    .filter((line) => line !== '');
}

const nothing = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };

describe('the verdict', () => {
  it.each<[string, Survey, string]>([
    ['all slots were read', surveyOf(), 'All 9 planned slots were read and verified; 9 slots are in the archive.'],
    ['nothing was planned', surveyOf({ plan: planOf([]) }), 'No slots were planned; 9 slots are in the archive.'],
    [
      'one slot was planned',
      surveyOf({ plan: planOf(slots.slice(0, 1)) }),
      'The 1 planned slot was read and verified; 9 slots are in the archive.',
    ],
    [
      'one slot failed',
      surveyOf({ records: recordsWith({ 1: failed('x') }) }),
      '8 of 9 planned slots were read and verified; 1 failed.',
    ],
    [
      'a job ended early',
      surveyOf({ records: recordsWith({ 1: undefined }) }),
      '8 of 9 planned slots were read and verified; 1 was not reached before its job ended.',
    ],
    [
      'there are several causes',
      surveyOf({
        records: recordsWith({
          0: failed('y', before),
          3: failed('x'),
          4: undefined,
          5: undefined,
          6: { read_at: before, ...left('source') },
          7: { read_at: before, ...left('time') },
        }),
        plan: planOf(slots.slice(2)),
      }),
      '2 of 7 planned slots were read and verified; 1 failed, 2 were not reached before their jobs ended, 1 was deferred because the source was unavailable and 1 was deferred when time ran out. 1 slot from earlier plans is still missing.',
    ],
    [
      'no slot held a message',
      surveyOf({ records: slots.map((slot) => recordOf(slot, { rows: 0, counts: nothing })) }),
      'All 9 planned slots were read and verified; 9 slots are in the archive. No slot has ever held a message.',
    ],
  ])('if %s', (_, survey, expected) => {
    expect(verdict(survey)).toBe(expected);
  });
});

/** The heading of a cause as the list shows it, with links to the run. */
function heading(n: number, name: CauseName, facts: CauseFacts): string {
  const { what, toDo } = causePhrases[name];
  const linked = toDo(facts).replaceAll(/\[([^\]]*)\]/g, (_, words: string) => link(words, runUrl));
  return `${n}. **${what(facts)}.** ${linked}`;
}

describe('the list of causes', () => {
  it('is empty if all slots were read', () => {
    expect(textOf(surveyOf())).toEqual([]);
  });

  it('names each error with its code and run, the most frequent first', () => {
    const down = failed('The API is down.', undefined, 'source-unavailable');
    expect(textOf(surveyOf({ records: recordsWith({ 0: failed('Other.'), 2: down, 3: down, 8: down }) }))).toEqual([
      '1. **4 slots failed.** Fix the errors below, then re-run: every run retries failed slots.',
      `   - 3 slots from 1 March 2024 to 15 July 2024: \`The API is down.\` \`[source-unavailable]\` ([run](${runUrl}))`,
      `   - 18 to 31 January 2024: \`Other.\` \`[source-unavailable]\` ([run](${runUrl}))`,
    ]);
  });

  it('names the windows whose jobs ended early, with a link to the jobs', () => {
    const records = recordsWith({ 0: undefined, 1: undefined, 2: undefined, 4: undefined });
    expect(textOf(surveyOf({ records }))).toEqual([
      `1. **The jobs of 2 windows ended early.** Check the logs of [these jobs](${runUrl}), then re-run the failed jobs or start a new run.`,
      '   - 2024-01-18..2024-03-18: all 3 planned slots',
      '   - 2024-03-18..2024-05-17: April 2024',
    ]);
    expect(textOf(surveyOf({ records, runUrl: undefined }))[0]).toContain('the logs of these jobs, then');
  });

  it('advises against a second refresh after time ran out', () => {
    const spent = { read_at: before, ...left('time') };
    const records = recordsWith({ 1: spent, 2: spent, 8: spent });
    expect(textOf(surveyOf({ records }))).toEqual([
      '1. **Time ran out: 3 slots deferred.** Nothing is wrong: re-run, or wait for the next scheduled run, which continues from there.',
      '   - 2024-01-18..2024-03-18: 2 slots from 1 February 2024 to 17 March 2024',
      '   - 2024-05-17..2024-07-16: 1 to 15 July 2024',
    ]);
    expect(textOf(surveyOf({ records, plan: planOf(slots, 'refresh') }))[0]).toBe(
      heading(1, 'time', { count: 3, isRefresh: true }),
    );
  });

  it('lists slots deferred by an unavailable source before those deferred by time', () => {
    const untried = { read_at: before, ...left('source') };
    const records = recordsWith({ 1: untried, 2: { read_at: before, ...left('time') } });
    expect(textOf(surveyOf({ records }))).toEqual([
      '1. **Source unavailable: 1 slot deferred.** Check that the service is up, then re-run, or wait for the next scheduled run.',
      '   - 2024-01-18..2024-03-18: February 2024',
      heading(2, 'time', { count: 1 }),
      '   - 2024-01-18..2024-03-18: 1 to 17 March 2024',
    ]);
  });

  it('names the range that covers the missing slots of earlier plans', () => {
    const records = [
      ...recordsWith({ 0: failed('It was down.', before), 2: left('time', before) }),
      bareRecord(slotsIn(range('2024-07-16', '2024-07-17'), { windowDays: 60, partitionBy: 'month' })[0]!),
    ];
    expect(textOf(surveyOf({ records, plan: planOf(slots.slice(4)) }))).toEqual([
      '1. **2 slots from earlier plans are still missing.** This run did not cover them: re-run with `from: 2024-01-18` and `to: 2024-03-18`.',
      `   - 18 to 31 January 2024: \`It was down.\` \`[source-unavailable]\` ([run](${runUrl}))`,
      '   - 2024-01-18..2024-03-18: 1 to 17 March 2024',
    ]);
  });

  it('numbers the causes, the most serious first', () => {
    const records = slots
      .map((slot) => recordOf(slot, { rows: 0, counts: nothing }))
      .map((record, n) => (n === 4 ? { ...record, ...failed('x') } : record))
      .filter((_, n) => n !== 7);
    expect(textOf(surveyOf({ records })).filter((line) => /^\d/.test(line))).toEqual([
      heading(1, 'void', { count: 0 }),
      heading(2, 'failed', { count: 1 }),
      heading(3, 'leg', { count: 1 }),
    ]);
  });

  it('shows the first twenty errors and cuts long ones', () => {
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

  it('the list has the error, if it is known', () => {
    const made = noPlan('The API responded with 401. Check api-token.');
    expect(isComplete(made)).toBe(false);
    expect(verdict(made)).toBe('No plan was made. 1 slot from earlier plans is still missing.');
    expect(textOf(made)).toEqual([
      '1. **No plan was made.** Fix the error below, then re-run.',
      '   - `The API responded with 401. Check api-token.`',
      '2. **1 slot from earlier plans is still missing.** Re-run.',
      `   - 18 to 31 January 2024: \`It was down.\` \`[source-unavailable]\` ([run](${runUrl}))`,
    ]);
  });

  it('the list links to the plan job otherwise', () => {
    expect(textOf(noPlan(undefined))[0]).toBe(
      `1. **No plan was made.** Check the log of [the plan job](${runUrl}), then re-run.`,
    );
  });
});
