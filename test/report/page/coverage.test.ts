import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../src/archive/ledger.ts';
import { totalsOf } from '../../../src/report/page/coverage.ts';
import { DAY_MS, instant } from '../../../src/windows/interval.ts';
import { slotsIn } from '../../../src/windows/slot.ts';
import {
  completeArchive,
  coverageOf,
  daily,
  monthly,
  now,
  planOf,
  recordOf,
  slotsOfYears,
  stagedOf,
} from './archives.ts';

const slots = slotsOfYears(monthly);
const settled = slots[10]!;
const live = slots.at(-1)!;
const none = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
const last_error = { at: instant(now), code: 'source-unavailable' as const, message: 'It broke.' };

/** Returns the state of a slot that is alone in the ledger. */
function standing(record: LedgerRecord, told: Parameters<typeof completeArchive>[1] = {}): string {
  const [one, ...others] = coverageOf(completeArchive(monthly, { ledger: [record], planned: [], ...told }));
  expect(others).toEqual([]);
  return `${one!.state}: ${one!.why}`;
}

describe('a slot', () => {
  it('is complete if it was read after it was settled', () => {
    expect(standing(recordOf(settled))).toBe('complete: settled');
    expect(standing(recordOf(settled, { read_at: instant(settled.end + 60 * DAY_MS) }))).toBe('complete: settled');
    expect(standing(recordOf(settled, { read_at: instant(settled.end + 60 * DAY_MS - 1) }))).toBe(
      'incomplete: unsettled',
    );
  });

  it('is live while its alerts may change, as of the plan', () => {
    expect(standing(recordOf(live))).toBe('live: live');
    expect(standing(recordOf(live, { counts: none, rows: 0 }))).toBe('live: live');
    const later = live.end + 100 * DAY_MS;
    expect(standing(recordOf(live), { plannedAt: later })).toBe('incomplete: unsettled');
  });

  it('is empty if it was read and has no messages', () => {
    expect(standing(recordOf(settled, { counts: none, rows: 0 }))).toBe('empty: empty');
  });

  it('is incomplete if it was planned and not read', () => {
    const before = { read_at: instant(now - DAY_MS) };
    const deferred = { at: instant(now), action: 'read', because: 'time' } as const;
    for (const slot of [settled, live]) {
      expect(standing(recordOf(slot, before), { planned: planOf([slot]) })).toBe('incomplete: leg');
      expect(standing(recordOf(slot, { ...before, deferred }), { planned: planOf([slot]) })).toBe('incomplete: time');
      for (const because of ['leg', 'source'] as const)
        expect(standing(recordOf(slot, { ...before, deferred: { ...deferred, because } }))).toBe(
          `incomplete: ${because}`,
        );
    }
    const [planned] = coverageOf(completeArchive(monthly, { ledger: [], planned: planOf([live]) }));
    expect(planned).toMatchObject({ slot: live, state: 'incomplete', why: 'leg', record: undefined });
  });

  it('is incomplete if it was never read', () => {
    const { read_at: _, ...unread } = recordOf(settled);
    expect(standing(unread)).toBe('incomplete: new');
  });

  it('is failed until an attempt succeeds', () => {
    expect(standing(recordOf(settled, { last_error }))).toBe('failed: failed');
    const { read_at: _, ...unread } = recordOf(live, { last_error });
    expect(standing(unread, { planned: planOf([live]) })).toBe('failed: failed');
  });

  it('counts its pending messages', () => {
    const staged = [stagedOf(settled, 'a'), stagedOf(settled, 'b'), stagedOf(live, 'c')];
    const found = coverageOf(completeArchive(monthly, { staged })).filter(({ pending }) => pending > 0);
    expect(found.map(({ slot, pending }) => [slot.id, pending])).toEqual([
      [settled.id, 2],
      [live.id, 1],
    ]);
  });
});

describe('the slots of an archive', () => {
  it.each([['month', monthly] as const, ['day', daily] as const])('are in time order, by %s', (_, layout) => {
    const found = coverageOf(
      completeArchive(layout, {
        ledger: slotsOfYears(layout)
          .map((slot) => recordOf(slot))
          .toReversed(),
      }),
    );
    expect(found.map(({ slot }) => slot)).toEqual(slotsOfYears(layout));
  });

  it('include unread ones between read ones', () => {
    const ledger = slots.filter((_, n) => n === 2 || n === 6).map((slot) => recordOf(slot));
    const found = coverageOf(completeArchive(monthly, { ledger, planned: [] }));
    expect(found.map(({ slot }) => slot)).toEqual(slots.slice(2, 7));
    expect(found.map(({ why }) => why)).toEqual(['settled', 'new', 'new', 'new', 'settled']);
  });

  it('include those with only pending messages', () => {
    const found = coverageOf(completeArchive(monthly, { ledger: [], planned: [], staged: [stagedOf(settled, 'a')] }));
    expect(found).toMatchObject([{ slot: settled, state: 'incomplete', why: 'new', pending: 1 }]);
  });

  it('do not include years without known slots', () => {
    const [ancient] = slotsIn({ start: Date.parse('0003-03-01'), end: Date.parse('0003-03-02') }, daily);
    const [recent] = slotsIn({ start: Date.parse('2024-02-01'), end: Date.parse('2024-02-02') }, daily);
    const ledger = [ancient!, recent!].map((slot) => recordOf(slot));
    const found = coverageOf(completeArchive(daily, { ledger, planned: [] }));
    expect(found).toHaveLength(306 + 32);
    expect([found[0]!.slot, found.at(-1)!.slot]).toEqual([ancient, recent]);
  });

  it('are empty for an empty ledger', () => {
    expect(coverageOf(completeArchive(monthly, { ledger: [], planned: [] }))).toEqual([]);
  });
});

it('totalsOf sums the ledger', () => {
  const counts = { read: 10, closed: 4, open: 3, unalerted: 1, invalid: 1, duplicates: 1 };
  const cases = { reopened: 1, amended: 2, removed: 3, removed_pending: 4, conflicting: 5 };
  const { counts: _, cases: __, ...bare } = recordOf(slots[1]!, { rows: 0, bytes_in: 5, bytes_out: 0 });
  const ledger = [recordOf(slots[0]!, { counts, cases, rows: 6, bytes_in: 100, bytes_out: 30 }), bare];
  expect(totalsOf(completeArchive(monthly, { ledger }).survey)).toEqual({
    rows: 6,
    objects: 1,
    bytesIn: 105,
    bytesOut: 30,
    counts,
  });
});
