import { describe, expect, it } from 'vitest';
import type { Deferred, LedgerRecord } from '../../../src/archive/ledger.ts';
import { span } from '../../../src/report/dates.ts';
import { judgement } from '../../../src/report/page/headline.ts';
import { DAY_MS, instant } from '../../../src/windows/interval.ts';
import { completeArchive, coverageOf, monthly, now, planOf, recordOf, runUrl, slotsOfYears } from './archives.ts';
import { textOf } from './text.ts';

const slots = slotsOfYears(monthly);
const noCases = { reopened: 0, amended: 0, removed: 0, removed_pending: 0, conflicting: 0 };
const none = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
const before = { read_at: instant(now - DAY_MS) };

type Changes = ReadonlyMap<number, Partial<LedgerRecord> | undefined>;

/** The judgement on an archive of which some records differ from those of a complete one, or are absent. */
function judged(changes: Changes, planned: readonly number[] = [125, 126]) {
  const ledger = slots.flatMap((slot, n) => {
    const counts = { ...recordOf(slot).counts!, invalid: 0 };
    if (!changes.has(n)) return [recordOf(slot, { counts })];
    const changed = changes.get(n);
    return changed === undefined ? [] : [recordOf(slot, { counts, ...changed })];
  });
  const archive = completeArchive(monthly, { ledger, planned: planOf(planned.map((n) => slots[n]!)) });
  return judgement(archive.survey, coverageOf(archive));
}

const said = (...given: Parameters<typeof judged>) => textOf(judged(...given));
const failed = (message: string): Partial<LedgerRecord> => ({
  last_error: { at: instant(now), code: 'source-unavailable' as const, message, run_url: runUrl },
});
const left = (because: Deferred['because']) => ({
  ...before,
  deferred: { at: instant(now), action: 'read', because } as const,
});

describe('the judgement', () => {
  it('is short where all is well', () => {
    expect(said(new Map())).toEqual(['The archive is complete', 'All that was planned (2 slots) was read and proven.']);
  });

  it('names every failure once, with its run and the slots that it concerns', () => {
    const down = failed('The API is down.');
    const changes = new Map([
      [3, down],
      [4, down],
      [9, failed('The slot has <shrunk>.')],
    ]);
    const html = judged(changes, [3, 4, 9, 126]);
    expect(textOf(html)).toEqual([
      'The archive is incomplete',
      'Of 4 planned slots 1 was read and proven; 3 failed.',
      'What is missing, and what to do',
      '3 slots failed.',
      'Put right what is said here, then run again: every run tries them again.',
      'The API is down. (',
      'run',
      ')',
      'March 2019',
      '1 to 13 April 2019',
      'The slot has <shrunk>. (',
      'run',
      ')',
      'July 2019',
    ]);
    expect(html.text).toContain(`<a href="${runUrl}" rel="noreferrer">run</a>`);
  });

  it('names what legs left, and types as it stands what is to be typed', () => {
    const changes = new Map([
      [30, left('time')],
      [31, left('leg')],
      [5, failed('It broke last week.')],
    ]);
    const lines = said(changes, [30, 31, 126]);
    expect(lines.slice(3)).toEqual([
      'The legs of 1 window ended before their work was done.',
      'See why in the logs of',
      'their jobs',
      '; then re-run the failed jobs, or run again.',
      `${slots[31]!.window}:`,
      span(slots[31]!),
      'Time ran out before 1 slot.',
      'Nothing is wrong: run again, or wait for the next schedule, which goes on there.',
      `${slots[30]!.window}:`,
      span(slots[30]!),
      '1 slot of earlier plans is missing.',
      'This run was not to read it: run with',
      'from: 2019-04-14',
      'and',
      'to: 2019-05-01',
      '.',
      'It broke last week. (',
      'run',
      ')',
      '14 to 30 April 2019',
    ]);
  });

  it('says so where no plan was made, and why where that is known', () => {
    const saidWithout = (failure: string | undefined) => {
      const archive = completeArchive(monthly, { noPlan: { failure } });
      return textOf(judgement(archive.survey, coverageOf(archive))).slice(0, 8);
    };
    const start = [
      'The archive is incomplete',
      'No plan was made.',
      'What is missing, and what to do',
      'No plan was made.',
    ];
    expect(saidWithout('The <table> is gone.')).toEqual([
      ...start,
      'Put right what is said here, then run again.',
      'The <table> is gone.',
      'Worth a look',
      expect.stringContaining('could not be read as messages'),
    ]);
    expect(saidWithout(undefined)).toEqual([
      ...start,
      'See why in the log of',
      'the job that plans',
      ', then run again.',
      'Worth a look',
    ]);
  });

  it('stays short however much failed', () => {
    const changes = new Map(slots.map((_, n) => [n, failed(`Slot ${n} ${'x'.repeat(5_000)}`)]));
    const lines = said(changes, [...slots.keys()]);
    expect(lines.filter((line) => line.startsWith('Slot '))).toHaveLength(10);
    expect(lines).toContain('and 117 more slots:');
    expect(lines).toContain('and 109 more');
    expect(lines.join('').length).toBeLessThan(15_000);
  });

  it('tells of a complete plan what it left out', () => {
    const unsettled = { read_at: instant(slots[20]!.end + DAY_MS) };
    const lines = said(
      new Map<number, Partial<LedgerRecord> | undefined>([
        [10, undefined],
        [20, unsettled],
      ]),
    );
    expect(lines).toEqual([
      'The archive is complete',
      'All that was planned (2 slots) was read and proven.',
      'Beyond the plan',
      '1 slot in between never read: run with a range that covers this time.',
      '1 to 11 August 2019',
      '1 slot last read while alerts still moved: run with a range that covers this time.',
      lines[6],
    ]);
  });

  it('tells of gaps, and of what changed at the source', () => {
    const cases = { reopened: 1, amended: 2, removed: 3, removed_pending: 4, conflicting: 5 };
    const changes = new Map<number, Partial<LedgerRecord>>([
      [7, { cases }],
      [8, { cases: { ...noCases, reopened: 1_000 }, counts: { ...recordOf(slots[8]!).counts!, invalid: 2 } }],
      [9, { counts: none, rows: 0 }],
    ]);
    expect(said(changes).filter((line) => /^[\d,]+ (slot|message)/.test(line))).toEqual([
      '1 slot without a message, though slots before and after hold some: see whether the source has a gap.',
      '1,001 messages of the archive opened again: the archived version stays until it is closed.',
      '2 messages of the archive changed at the source.',
      '3 messages of the archive no longer shown by the source: the archived version stays.',
      '4 messages of those that wait no longer shown by the source: they stay waiting.',
      '5 messages came with more than one content: the one whose alerts changed last is taken.',
      '2 messages could not be read as messages: they lie in _quarantine/, with the reason.',
    ]);
  });
});
