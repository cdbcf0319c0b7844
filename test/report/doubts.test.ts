import { describe, expect, it } from 'vitest';
import type { Counts } from '../../src/archive/ledger.ts';
import { doubtsOf } from '../../src/report/doubts.ts';
import { recordOf, slots, surveyOf } from './surveys.ts';

const nothing: Counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };

/** What is said of an archive whose slots each came to these counts, and hold so many rows. */
const said = (counts: Partial<Counts>, rows = 0) =>
  doubtsOf(surveyOf({ records: slots.map((slot) => recordOf(slot, { counts: { ...nothing, ...counts }, rows })) }));

describe('doubts', () => {
  it.each<[string, Partial<Counts>, string]>([
    ['nothing has an alert', { read: 3, unalerted: 3 }, 'none has an alert; see message-alerts.'],
    ['nothing readable has an alert', { read: 3, unalerted: 2, invalid: 1 }, 'none has an alert; see message-alerts.'],
    ['nothing is closed', { read: 3, open: 1, unalerted: 2 }, 'none has all its alerts closed; see alert-status and'],
  ])('name the inputs to look at where %s', (_, counts, words) => {
    expect(said(counts)).toEqual([expect.stringContaining(`Nothing is archived yet: of 27 messages ${words}`)]);
  });

  it('are none where something is archived, or nothing was read', () => {
    expect(said({ read: 3, closed: 1, open: 2 }, 1)).toEqual([]);
    // What was archived stays, though the source shows it no longer.
    expect(said({ read: 3, open: 3 }, 1)).toEqual([]);
    expect(said({})).toEqual([]);
    // That all is invalid is a fault rather than a doubt.
    expect(said({ read: 3, invalid: 3 })).toEqual([]);
  });
});
