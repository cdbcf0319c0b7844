import { describe, expect, it } from 'vitest';
import type { Deferred, LedgerRecord } from '../../../src/archive/ledger.ts';
import { span } from '../../../src/report/dates.ts';
import { headline } from '../../../src/report/page/headline.ts';
import { caseSentence, gapSentence } from '../../../src/report/phrases.ts';
import { DAY_MS, instant } from '../../../src/windows/interval.ts';
import { completeArchive, coverageOf, monthly, now, planOf, recordOf, runUrl, slotsOfYears } from './archives.ts';
import { textOf } from './text.ts';

const slots = slotsOfYears(monthly);
const noCases = { reopened: 0, amended: 0, removed: 0, removed_pending: 0, conflicting: 0 };
const none = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
const before = { read_at: instant(now - DAY_MS) };

type Changes = ReadonlyMap<number, Partial<LedgerRecord> | undefined>;

/** Returns the headline of a complete archive with some records changed, or absent if undefined. */
function headlineWith(changes: Changes, planned: readonly number[] = [125, 126]) {
  const ledger = slots.flatMap((slot, n) => {
    const counts = { ...recordOf(slot).counts!, invalid: 0 };
    if (!changes.has(n)) return [recordOf(slot, { counts })];
    const changed = changes.get(n);
    return changed === undefined ? [] : [recordOf(slot, { counts, ...changed })];
  });
  const archive = completeArchive(monthly, { ledger, planned: planOf(planned.map((n) => slots[n]!)) });
  return headline(archive.survey, coverageOf(archive));
}

const textWith = (...given: Parameters<typeof headlineWith>) => textOf(headlineWith(...given));
const failed = (message: string): Partial<LedgerRecord> => ({
  last_error: { at: instant(now), code: 'source-unavailable' as const, message, run_url: runUrl },
});
const left = (because: Deferred['because']) => ({
  ...before,
  deferred: { at: instant(now), action: 'read', because } as const,
});

describe('the headline', () => {
  it('is short if the archive is complete', () => {
    expect(textWith(new Map())).toEqual([
      'The archive is complete',
      'All 2 planned slots were read and verified; 127 slots are in the archive.',
    ]);
  });

  it('names every error once, with its run and the affected slots', () => {
    const down = failed('The API is down.');
    const changes = new Map([
      [3, down],
      [4, down],
      [9, failed('The slot has <shrunk>.')],
    ]);
    const html = headlineWith(changes, [3, 4, 9, 126]);
    expect(textOf(html)).toEqual([
      'The archive is incomplete',
      '1 of 4 planned slots was read and verified; 3 failed.',
      'Causes and remedies',
      '3 slots failed.',
      'Fix the errors below, then re-run: every run retries failed slots.',
      'The API is down.',
      '[source-unavailable]',
      '(',
      'run',
      ')',
      'March 2019',
      '1 to 13 April 2019',
      'The slot has <shrunk>.',
      '[source-unavailable]',
      '(',
      'run',
      ')',
      'July 2019',
    ]);
    expect(html.text).toContain(`<a href="${runUrl}" rel="noreferrer">run</a>`);
  });

  it('names slots that were not read, and marks code', () => {
    const changes = new Map([
      [30, left('time')],
      [31, left('leg')],
      [5, failed('It broke last week.')],
    ]);
    const lines = textWith(changes, [30, 31, 126]);
    expect(lines.slice(3)).toEqual([
      'The job of 1 window ended early.',
      'Check the logs of',
      'these jobs',
      ', then re-run the failed jobs or start a new run.',
      `${slots[31]!.window}:`,
      span(slots[31]!),
      'Time ran out: 1 slot deferred.',
      'Nothing is wrong: re-run, or wait for the next scheduled run, which continues from there.',
      `${slots[30]!.window}:`,
      span(slots[30]!),
      '1 slot from earlier plans is still missing.',
      'This run did not cover it: re-run with',
      'from: 2019-04-14',
      'and',
      'to: 2019-05-01',
      '.',
      'It broke last week.',
      '[source-unavailable]',
      '(',
      'run',
      ')',
      '14 to 30 April 2019',
    ]);
  });

  it('says that no plan was made, with the error if it is known', () => {
    const textWithoutPlan = (failure: string | undefined) => {
      const archive = completeArchive(monthly, { noPlan: { failure } });
      return textOf(headline(archive.survey, coverageOf(archive))).slice(0, 8);
    };
    const start = ['The archive is incomplete', 'No plan was made.', 'Causes and remedies', 'No plan was made.'];
    expect(textWithoutPlan('The <table> is gone.')).toEqual([
      ...start,
      'Fix the error below, then re-run.',
      'The <table> is gone.',
      'For your attention',
      expect.stringContaining('messages are invalid. '),
    ]);
    expect(textWithoutPlan(undefined)).toEqual([
      ...start,
      'Check the log of',
      'the plan job',
      ', then re-run.',
      'For your attention',
    ]);
  });

  it('stays short if every slot failed', () => {
    const changes = new Map(slots.map((_, n) => [n, failed(`Slot ${n} ${'x'.repeat(5_000)}`)]));
    const lines = textWith(changes, [...slots.keys()]);
    expect(lines.filter((line) => line.startsWith('Slot '))).toHaveLength(10);
    expect(lines).toContain('and 117 more slots:');
    expect(lines).toContain('and 109 more');
    expect(lines.join('').length).toBeLessThan(15_000);
  });

  it('names slots outside a complete plan', () => {
    const unsettled = { read_at: instant(slots[20]!.end + DAY_MS) };
    const lines = textWith(
      new Map<number, Partial<LedgerRecord> | undefined>([
        [10, undefined],
        [20, unsettled],
      ]),
    );
    expect(lines).toEqual([
      'The archive is complete',
      'All 2 planned slots were read and verified; 126 slots are in the archive.',
      'Outside the plan',
      '1 slot was never read. Run with a range that covers it.',
      '1 to 11 August 2019',
      '1 slot was last read while live. Run with a range that covers it.',
      lines[6],
    ]);
  });

  it('names gaps and cases', () => {
    const cases = { reopened: 1, amended: 2, removed: 3, removed_pending: 4, conflicting: 5 };
    const changes = new Map<number, Partial<LedgerRecord>>([
      [7, { cases }],
      [8, { cases: { ...noCases, reopened: 1_000 }, counts: { ...recordOf(slots[8]!).counts!, invalid: 2 } }],
      [9, { counts: none, rows: 0 }],
    ]);
    const lines = textWith(changes);
    for (const line of [
      gapSentence(1),
      caseSentence('reopened', 1_001),
      caseSentence('amended', 2),
      caseSentence('removed', 3),
      caseSentence('removed_pending', 4),
      caseSentence('conflicting', 5),
      caseSentence('invalid', 2),
    ])
      expect(lines).toContain(line);
  });
});
