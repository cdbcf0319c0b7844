import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import { isComplete, timeOf } from '../../src/report/survey.ts';
import { DAY_MS } from '../../src/windows/interval.ts';
import {
  before,
  failed,
  left,
  now,
  planOf,
  recordOf,
  recordsWith,
  runUrl,
  slots,
  stagedOf,
  surveyOf,
} from './surveys.ts';

describe('a slot of the plan', () => {
  it.each<[string, Partial<LedgerRecord> | undefined, object | undefined]>([
    ['was read', {}, undefined],
    ['was read, though it was left before', left('time'), undefined],
    ['failed', failed('It is down.'), { why: 'failed', message: 'It is down.', runUrl }],
    ['failed, and was left before', { ...failed('It is down.'), ...left('leg') }, { why: 'failed' }],
    ['was left since time ran out', { read_at: before, ...left('time') }, { why: 'time', runUrl }],
    ['was left by a leg that the last report missed', { read_at: before, ...left('leg') }, { why: 'leg', runUrl }],
    [
      'was left by an earlier run, and its leg says nothing',
      { read_at: before, ...left('time', before) },
      { why: 'leg' },
    ],
    ['failed in an earlier run, and its leg says nothing', { read_at: before, ...failed('x', before) }, { why: 'leg' }],
    ['has a leg that says nothing', undefined, { why: 'leg' }],
  ])('that %s', (_, changes, expected) => {
    const made = surveyOf({ records: recordsWith({ 4: changes }) });
    const missing = expected && { slot: slots[4], action: 'read', reason: 'new', ...expected };
    expect(made.missing).toEqual(missing === undefined ? [] : [expect.objectContaining(missing)]);
    expect(isComplete(made)).toBe(missing === undefined);
  });
});

describe('a slot of an earlier plan', () => {
  const lookLeft = { deferred: { at: before, action: 're-check', because: 'time' } } as const;

  it('that was left, and of which no message waits any more, is not missing', () => {
    const made = surveyOf({ records: recordsWith({ 1: lookLeft }), plan: planOf(slots.slice(3)) });
    expect(isComplete(made)).toBe(true);
  });

  it.each<[string, Partial<LedgerRecord>, object | undefined]>([
    ['was read', { read_at: before }, undefined],
    ['failed', failed('It was down.', before), { why: 'failed', message: 'It was down.', runUrl, action: 'read' }],
    ['was left', { ...left('time', before) }, { why: 'time', runUrl, action: 'read' }],
    ['failed and was left', { ...failed('x', before), ...left('time', before) }, { why: 'failed' }],
    ['was left, and messages of it wait', lookLeft, { why: 'time', action: 're-check' }],
  ])('that %s', (_, changes, expected) => {
    const staged = [stagedOf('m', 300, { slot: slots[1]!.id })];
    const made = surveyOf({ records: recordsWith({ 1: changes }), staged, plan: planOf(slots.slice(3)) });
    expect(made.missing).toEqual(
      expected === undefined ? [] : [expect.objectContaining({ slot: slots[1], ...expected })],
    );
    expect(made.missing.every(({ reason }) => reason === undefined)).toBe(true);
    expect(isComplete(made)).toBe(expected === undefined);
  });
});

it('tells all in time order, whatever the order of the ledger and the plan', () => {
  const records = recordsWith({ 1: failed('x', before), 5: failed('y'), 7: undefined }).reverse();
  const staged = [stagedOf('young', 1), stagedOf('old', 900), stagedOf('middle', 30)];
  const made = surveyOf({ records, staged, plan: planOf(slots.slice(3).reverse()) });
  expect(made.slots).toEqual(slots);
  expect(made.missing.map(({ slot }) => slot)).toEqual([slots[1], slots[5], slots[7]]);
  expect(made.staged.map(({ message_id }) => message_id)).toEqual(['old', 'middle', 'young']);
  expect(timeOf(made.staged[0]!)).toBe(now - 900 * DAY_MS);
});

it('is not of a complete archive where no slot ever held a message', () => {
  const counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
  const made = surveyOf({ records: slots.map((slot) => recordOf(slot, { counts })) });
  expect(made.missing).toEqual([]);
  expect(made.isVoid).toBe(true);
  expect(isComplete(made)).toBe(false);
});

it('names the slots that are empty between others', () => {
  const counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
  const made = surveyOf({ records: recordsWith({ 0: { counts }, 4: { counts } }) });
  expect(made.gaps).toEqual([slots[4]]);
  expect(isComplete(made)).toBe(true);
});

it('refuses a slot that is none of the archive', () => {
  const plan = { ...planOf([]), slots: [['20240101T000000Z-20240102T000000Z', 'read', 'new']] as const };
  expect(() => surveyOf({ plan })).toThrow('is not a slot of an archive with window-days 60');
});
