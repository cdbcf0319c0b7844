import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import { type CoverageFacts, slotsOf } from '../../src/report/coverage.ts';
import { verdict } from '../../src/report/verdict.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { completeArchive, monthly, now, recordOf, slotsOfYears } from './archives.ts';
import { textOf } from './text.ts';

const slots = slotsOfYears(monthly);
const noCases = { reopened: 0, amended: 0, gone: 0, vanished: 0, conflicting: 0 };

/** What is said of an archive of which these records differ from those of a complete one; without one, the slot has none. */
function said(
  changes: ReadonlyMap<number, Partial<LedgerRecord> | undefined>,
  told: Partial<CoverageFacts> = {},
): string[] {
  const ledger = slots.flatMap((slot, n) => {
    const counts = { ...recordOf(slot).counts!, invalid: 0 };
    if (!changes.has(n)) return [recordOf(slot, { counts })];
    const changed = changes.get(n);
    return changed === undefined ? [] : [recordOf(slot, { counts, ...changed })];
  });
  const facts = completeArchive(monthly, { ledger, ...told });
  return textOf(verdict(facts, slotsOf(facts)));
}

const failed = (message: string): Partial<LedgerRecord> => ({ last_error: { at: instant(now), message } });
const planned = (status: 'done' | 'failed' | 'not read', ...places: number[]): CoverageFacts['planned'] =>
  places.map((n) => ({ slot: slots[n]!.id, status }));

describe('the verdict', () => {
  it('is short where all is well', () => {
    expect(said(new Map())).toEqual([
      'The archive is complete',
      'The plan of 15 January 2026, 03:17 UTC asked for 6 slots: every one was read and proven.',
    ]);
    expect(said(new Map(), { planned: [] })[1]).toBe('The plan of 15 January 2026, 03:17 UTC found nothing to do.');
  });

  it('names every failure once, with the slots that it concerns', () => {
    const changes = new Map([
      [3, failed('The API is down.')],
      [4, failed('The API is down.')],
      [9, failed('The slot has <shrunk>.')],
    ]);
    const plan = [...planned('failed', 3, 4, 9), ...planned('done', 1)];
    const problems = ['The API is down.', 'The API is down.', 'The slot has <shrunk>.', 'No slot ever held a message.'];
    expect(said(changes, { isComplete: false, planned: plan, problems })).toEqual([
      'The archive is incomplete',
      'The plan of 15 January 2026, 03:17 UTC asked for 4 slots: 1 read and proven, 3 failed, 0 not read.',
      'What is missing, and what to do',
      'The API is down.',
      'March 2019',
      '1 to 13 April 2019',
      'The slot has <shrunk>.',
      'July 2019',
      'No slot ever held a message.',
    ]);
  });

  it('stays short however much failed', () => {
    const changes = new Map(slots.map((_, n) => [n, failed(`Slot ${n} ${'x'.repeat(5_000)}`)]));
    const problems = [...changes.values()].map(({ last_error }) => last_error!.message);
    const lines = said(changes, { isComplete: false, problems });
    expect(lines.filter((line) => line.startsWith('Slot '))).toHaveLength(10);
    expect(lines).toContain('117 other slots failed, each with another message.');
    expect(lines).toContain('and 109 more');
    expect(lines.join('').length).toBeLessThan(15_000);
  });

  it('says of what was not read how it will be', () => {
    const unsettled = { read_at: instant(slots[20]!.end + DAY_MS) };
    const changes = new Map<number, Partial<LedgerRecord> | undefined>([
      [10, undefined],
      [20, unsettled],
    ]);
    const lines = said(changes, { isComplete: false, planned: planned('not read', 30, 31, 32) });
    expect(lines.slice(2)).toEqual([
      'What is missing, and what to do',
      '3 slots of the plan were not read: run again, which goes on where this run ended.',
      ...lines.slice(4, 7),
      '1 slot between others was never read: run with a range that covers this time.',
      lines[8],
      '1 slot was last read while alerts still moved: run with a range that covers this time.',
      lines[10],
    ]);
  });

  it('tells what a complete plan left out', () => {
    const lines = said(new Map([[5, failed('It broke last week.')]]));
    expect(lines[0]).toBe('The archive is complete');
    expect(lines.slice(2)).toEqual(['Not part of that plan', 'It broke last week.', expect.stringContaining('2019')]);
  });

  it('tells of gaps, and of what changed at the source', () => {
    const cases = { reopened: 1, amended: 2, gone: 3, vanished: 4, conflicting: 5 };
    const changes = new Map<number, Partial<LedgerRecord>>([
      [7, { cases }],
      [8, { cases: { ...noCases, reopened: 1_000 }, counts: { ...recordOf(slots[8]!).counts!, invalid: 2 } }],
    ]);
    const lines = said(changes, { gaps: [slots[9]!] }).filter((line) => / (slot|message)s? /.test(line));
    expect(lines).toEqual([
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
