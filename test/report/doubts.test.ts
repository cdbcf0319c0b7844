import { describe, expect, it } from 'vitest';
import type { Counts } from '../../src/archive/ledger.ts';
import { doubtsOf } from '../../src/report/doubts.ts';
import { recordOf, slots, surveyOf } from './surveys.ts';

const nothing: Counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };

/** Returns the doubts about an archive whose slots each have these counts and rows. */
const doubtsWith = (counts: Partial<Counts>, rows = 0) =>
  doubtsOf(surveyOf({ records: slots.map((slot) => recordOf(slot, { counts: { ...nothing, ...counts }, rows })) }));

describe('doubts', () => {
  it.each<[string, Partial<Counts>, string]>([
    ['nothing has an alert', { read: 3, unalerted: 3 }, 'has an alert. Check message-alerts.'],
    ['nothing readable has an alert', { read: 3, unalerted: 2, invalid: 1 }, 'has an alert. Check message-alerts.'],
    ['nothing is closed', { read: 3, open: 1, unalerted: 2 }, 'has only closed alerts. Check alert-status and'],
  ])('name the inputs to check if %s', (_, counts, words) => {
    expect(doubtsWith(counts)).toEqual([
      expect.stringContaining(`Nothing is archived yet: none of 27 messages ${words}`),
    ]);
  });

  it('are empty if something is archived or nothing was read', () => {
    expect(doubtsWith({ read: 3, closed: 1, open: 2 }, 1)).toEqual([]);
    // Archived messages stay, even if the source no longer returns them.
    expect(doubtsWith({ read: 3, open: 3 }, 1)).toEqual([]);
    expect(doubtsWith({})).toEqual([]);
    // Only invalid messages are a fault, not a doubt.
    expect(doubtsWith({ read: 3, invalid: 3 })).toEqual([]);
  });
});
