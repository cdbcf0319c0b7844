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
    ['was read after it was deferred', left('time'), undefined],
    ['failed', failed('It is down.'), { why: 'failed', message: 'It is down.', runUrl }],
    ['failed after it was deferred', { ...failed('It is down.'), ...left('leg') }, { why: 'failed' }],
    ['was deferred when time ran out', { read_at: before, ...left('time') }, { why: 'time', runUrl }],
    ['was deferred because its job ended', { read_at: before, ...left('leg') }, { why: 'leg', runUrl }],
    [
      'was deferred by an earlier run and not processed since',
      { read_at: before, ...left('time', before) },
      { why: 'leg' },
    ],
    ['failed in an earlier run and was not retried', { read_at: before, ...failed('x', before) }, { why: 'leg' }],
    ['has no record', undefined, { why: 'leg' }],
  ])('that %s', (_, changes, expected) => {
    const made = surveyOf({ records: recordsWith({ 4: changes }) });
    const missing = expected && { slot: slots[4], action: 'read', reason: 'new', ...expected };
    expect(made.missing).toEqual(missing === undefined ? [] : [expect.objectContaining(missing)]);
    expect(isComplete(made)).toBe(missing === undefined);
  });
});

describe('a slot of an earlier plan', () => {
  const recheckDeferred = { deferred: { at: before, action: 're-check', because: 'time' } } as const;

  it('that was deferred, but no longer has pending messages, is not missing', () => {
    const made = surveyOf({ records: recordsWith({ 1: recheckDeferred }), plan: planOf(slots.slice(3)) });
    expect(isComplete(made)).toBe(true);
  });

  it.each<[string, Partial<LedgerRecord>, object | undefined]>([
    ['was read', { read_at: before }, undefined],
    ['failed', failed('It was down.', before), { why: 'failed', message: 'It was down.', runUrl, action: 'read' }],
    ['was deferred', { ...left('time', before) }, { why: 'time', runUrl, action: 'read' }],
    ['failed and was deferred', { ...failed('x', before), ...left('time', before) }, { why: 'failed' }],
    ['was deferred and has pending messages', recheckDeferred, { why: 'time', action: 're-check' }],
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

it('survey sorts slots and messages by time', () => {
  const records = recordsWith({ 1: failed('x', before), 5: failed('y'), 7: undefined }).reverse();
  const staged = [stagedOf('young', 1), stagedOf('old', 900), stagedOf('middle', 30)];
  const made = surveyOf({ records, staged, plan: planOf(slots.slice(3).reverse()) });
  expect(made.slots).toEqual(slots);
  expect(made.missing.map(({ slot }) => slot)).toEqual([slots[1], slots[5], slots[7]]);
  expect(made.staged.map(({ message_id }) => message_id)).toEqual(['old', 'middle', 'young']);
  expect(timeOf(made.staged[0]!)).toBe(now - 900 * DAY_MS);
});

it('survey finds an archive incomplete if no slot ever held a message', () => {
  const counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
  const made = surveyOf({ records: slots.map((slot) => recordOf(slot, { rows: 0, counts })) });
  expect(made.missing).toEqual([]);
  expect(made.isVoid).toBe(true);
  expect(isComplete(made)).toBe(false);
});

it('survey finds the empty slots between others', () => {
  const counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
  const made = surveyOf({ records: recordsWith({ 0: { counts }, 4: { counts } }) });
  expect(made.gaps).toEqual([slots[4]]);
  expect(isComplete(made)).toBe(true);
});

it('survey rejects a slot of another layout', () => {
  const plan = { ...planOf([]), slots: [['20240101T000000Z-20240102T000000Z', 'read', 'new']] as const };
  expect(() => surveyOf({ plan })).toThrow('is not a slot of an archive with window-days 60');
});
