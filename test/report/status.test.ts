import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import type { Reason } from '../../src/plan/decide.ts';
import { emptyBetween, neverHeldAny, statusOf } from '../../src/report/status.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { range } from '../windows/arbitraries.ts';
import { record } from '../windows/facts.ts';

const planned_at = '2025-01-10T00:00:00.000Z';
const before = '2025-01-09T23:59:59.999Z';
const after = '2025-01-10T00:00:00.001Z';
const counts = (read: number) => ({ read, closed: read, open: 0, unalerted: 0, invalid: 0, duplicates: 0 });
const error = (at: string) => ({ last_error: { at, code: 'source-unavailable' as const, message: 'It failed.' } });

describe('statusOf a slot that another run settled which started before the plan was made', () => {
  const status = (reason: Reason, changes: Partial<LedgerRecord> = {}, isSettled = true) =>
    statusOf(
      { planned_at, slots: [['a', 'read', reason]] },
      new Map([['a', record('a', { read_at: before, ...changes })]]),
      () => isSettled,
    )[0]!.status;

  it.each<[Reason, string]>([
    ['new', 'done'],
    ['no-longer-live', 'done'],
    ['failed', 'done'],
    ['deferred', 'done'],
    ['live', 'not read'],
    ['object-changed', 'not read'],
    ['refresh', 'not read'],
    ['audit', 'not read'],
    ['scrub', 'not read'],
  ])('planned with the reason %s', (reason, expected) => {
    expect(status(reason)).toBe(expected);
    expect(status(reason, {}, false)).toBe('not read');
    expect(status(reason, error(before))).toBe('not read');
    expect(status(reason, { deferred: { at: before, action: 'read', because: 'time' } })).toBe('not read');
  });
});

describe('statusOf', () => {
  it.each<[string, 'read' | 're-check', Partial<LedgerRecord> | undefined, string]>([
    ['no record', 'read', undefined, 'not read'],
    ['read before the plan', 'read', { read_at: before }, 'not read'],
    ['read at the instant of the plan', 'read', { read_at: planned_at }, 'done'],
    ['read after it', 'read', { read_at: after }, 'done'],
    ['re-checked after it, but planned to be read', 'read', { read_at: before, rechecked_at: after }, 'not read'],
    ['re-checked after it', 're-check', { read_at: before, rechecked_at: after }, 'done'],
    ['re-checked before it', 're-check', { read_at: before, rechecked_at: before }, 'not read'],
    ['read, though only a re-check was planned', 're-check', { read_at: after, rechecked_at: before }, 'done'],
    ['failed after it', 'read', { read_at: before, ...error(after) }, 'failed'],
    ['failed after it was read', 'read', { read_at: after, ...error(after) }, 'failed'],
    ['failed before it and not retried', 'read', { read_at: before, ...error(before) }, 'not read'],
  ])('of a slot with %s (%s)', (_, action, changes, expected) => {
    const ledger = new Map(changes === undefined ? [] : [['a', record('a', changes)]]);
    const reason = action === 'read' ? 'live' : 'pending';
    const [status] = statusOf({ planned_at, slots: [['a', action, reason]] }, ledger, () => true);
    expect(status).toMatchObject({ slot: 'a', status: expected });
  });
});

describe('neverHeldAny', () => {
  it.each<[string, Partial<LedgerRecord>[], boolean]>([
    ['an empty ledger', [], false],
    ['slots without messages', [{ counts: counts(0) }, { counts: counts(0) }], true],
    ['slots that were never read', [{}], false],
    ['an empty slot beside one that was never read', [{ counts: counts(0) }, {}], true],
    ['one message in one slot', [{ counts: counts(0) }, { counts: counts(1) }], false],
    ['messages outside the slots only', [{ counts: counts(0), outside: 3 }], false],
  ])('of %s', (_, records, expected) => {
    expect(neverHeldAny(records.map((changes, n) => record(`s${n}`, changes)))).toBe(expected);
  });
});

describe('emptyBetween', () => {
  const slots = slotsIn(range('2024-01-01', '2024-07-01'), { windowDays: 366, partitionBy: 'month' });

  it.each<[string, (number | undefined)[], number[]]>([
    ['no messages', [0, 0, 0, 0, 0, 0], []],
    ['one slot with messages', [0, 0, 5, 0, 0, 0], []],
    ['empty slots at both ends', [0, 1, 1, 1, 0, 0], []],
    ['a gap', [1, 0, 0, 1, 0, 0], [1, 2]],
    ['an unread slot', [1, undefined, 0, 1, 0, 0], [2]],
  ])('of %s', (_, reads, expected) => {
    const some = slots.slice(0, reads.length);
    const ledger = new Map(
      reads.flatMap((read, n) =>
        read === undefined ? [] : [[some[n]!.id, record(some[n]!.id, { counts: counts(read) })]],
      ),
    );
    expect(emptyBetween(some, ledger)).toEqual(expected.map((n) => some[n]));
  });
});
