import { describe, expect, it } from 'vitest';
import type { Counts } from '../../src/archive/ledger.ts';
import { faultText } from '../../src/report/faults.ts';
import { incompleteIssue, newsFor } from '../../src/report/issue.ts';
import { isComplete } from '../../src/report/survey.ts';
import { before, planOf, recordOf, slots, surveyOf } from './surveys.ts';

const nothing: Counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
const unreadable = { counts: { ...nothing, read: 3, invalid: 2, duplicates: 1 } };

describe('the fault unreadable', () => {
  it('is found if every message of the archive is invalid', () => {
    const made = surveyOf({ records: slots.map((slot) => recordOf(slot, unreadable)), plan: planOf([]) });
    expect(isComplete(made)).toBe(false);
    expect(made.faults.map(faultText)).toEqual([
      'None of the 18 messages read are valid. Check `message-id`, `message-timestamp` and `message-alerts`, then re-run with `refresh: true`.',
    ]);
  });

  it('is found if every message read by this run is invalid', () => {
    const records = slots.map((slot, n) => recordOf(slot, n < 2 ? unreadable : { read_at: before }));
    expect(surveyOf({ records, plan: planOf(slots.slice(0, 2)) }).faults).toHaveLength(1);
    expect(surveyOf({ records, plan: planOf([]) }).faults).toEqual([]);
  });

  it('is not found if a message without alerts was read, or none at all', () => {
    const counts = { ...nothing, read: 3, invalid: 2, unalerted: 1 };
    expect(surveyOf({ records: slots.map((slot) => recordOf(slot, { counts })) }).faults).toEqual([]);
    expect(surveyOf({ records: slots.map((slot) => recordOf(slot, { counts: nothing })) }).faults).toEqual([]);
  });

  it('is news only if the issue does not list it', () => {
    const made = surveyOf({ records: slots.map((slot) => recordOf(slot, unreadable)) });
    expect(isComplete(newsFor(made, incompleteIssue(made).body))).toBe(true);
    expect(isComplete(newsFor(made, incompleteIssue(surveyOf()).body))).toBe(false);
  });
});
