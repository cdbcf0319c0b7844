import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import { type CoverageFacts, slotsOf, totalsOf } from '../../src/report/coverage.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { slotsIn } from '../../src/windows/slots.ts';
import { completeArchive, daily, monthly, now, recordOf, slotsOfYears, stagedOf } from './archives.ts';

const slots = slotsOfYears(monthly);
const settled = slots[10]!;
const live = slots.at(-1)!;
const none = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
const last_error = { at: instant(now), message: 'It broke.' };

/** How the one slot stands that the ledger holds. */
function standing(record: LedgerRecord, told: Partial<CoverageFacts> = {}): string {
  const [one, ...others] = slotsOf(completeArchive(monthly, { ledger: [record], planned: [], ...told }));
  expect(others).toEqual([]);
  return `${one!.state}: ${one!.why}`;
}

describe('a slot', () => {
  it('is complete when it was read after its alerts stopped moving', () => {
    expect(standing(recordOf(settled))).toBe('complete: settled');
    expect(standing(recordOf(settled, { read_at: instant(settled.end + 60 * DAY_MS) }))).toBe('complete: settled');
    expect(standing(recordOf(settled, { read_at: instant(settled.end + 60 * DAY_MS - 1) }))).toBe(
      'incomplete: unsettled',
    );
  });

  it('is live as long as its alerts may move, and stays so for the run that planned it', () => {
    expect(standing(recordOf(live))).toBe('live: live');
    expect(standing(recordOf(live, { counts: none, rows: 0 }))).toBe('live: live');
    const later = live.end + 100 * DAY_MS;
    expect(standing(recordOf(live), { writtenAt: later })).toBe('live: live');
    expect(standing(recordOf(live), { plannedAt: instant(later) })).toBe('incomplete: unsettled');
  });

  it('is empty when it was read whole and holds no message', () => {
    expect(standing(recordOf(settled, { counts: none, rows: 0 }))).toBe('empty: empty');
  });

  it('is incomplete when the last run was to read it and did not', () => {
    for (const slot of [settled, live])
      expect(standing(recordOf(slot), { planned: [{ slot: slot.id, status: 'not read' }] })).toBe(
        'incomplete: not read',
      );
    const { read_at: _, ...unread } = recordOf(settled);
    expect(standing(unread)).toBe('incomplete: new');
    const [planned] = slotsOf(
      completeArchive(monthly, { ledger: [], planned: [{ slot: live.id, status: 'not read' }] }),
    );
    expect(planned).toMatchObject({ slot: live, state: 'incomplete', why: 'new', record: undefined });
  });

  it('has failed until an attempt succeeds, whatever else holds', () => {
    expect(standing(recordOf(settled, { last_error }))).toBe('failed: failed');
    const { read_at: _, ...unread } = recordOf(live, { last_error });
    expect(standing(unread, { planned: [{ slot: live.id, status: 'failed' }] })).toBe('failed: failed');
  });

  it('knows how many of its messages wait', () => {
    const staged = [stagedOf(settled, 'a'), stagedOf(settled, 'b'), stagedOf(live, 'c')];
    const found = slotsOf(completeArchive(monthly, { staged })).filter(({ waiting }) => waiting > 0);
    expect(found.map(({ slot, waiting }) => [slot.id, waiting])).toEqual([
      [settled.id, 2],
      [live.id, 1],
    ]);
  });
});

describe('the slots of an archive', () => {
  it.each([['month', monthly] as const, ['day', daily] as const])('are in time order, by %s', (_, layout) => {
    const facts = completeArchive(layout);
    const found = slotsOf({ ...facts, ledger: facts.ledger.toReversed() });
    expect(found.map(({ slot }) => slot)).toEqual(slotsOfYears(layout));
  });

  it('include those in between that were never read', () => {
    const ledger = slots.filter((_, n) => n === 2 || n === 6).map((slot) => recordOf(slot));
    const found = slotsOf(completeArchive(monthly, { ledger, planned: [] }));
    expect(found.map(({ slot }) => slot)).toEqual(slots.slice(2, 7));
    expect(found.map(({ why }) => why)).toEqual(['settled', 'new', 'new', 'new', 'settled']);
  });

  it('do not include years of which nothing is known, however many', () => {
    const [ancient] = slotsIn({ start: Date.parse('0003-03-01'), end: Date.parse('0003-03-02') }, daily);
    const [recent] = slotsIn({ start: Date.parse('2024-02-01'), end: Date.parse('2024-02-02') }, daily);
    const ledger = [ancient!, recent!].map((slot) => recordOf(slot));
    const found = slotsOf(completeArchive(daily, { ledger, planned: [] }));
    expect(found).toHaveLength(306 + 32);
    expect([found[0]!.slot, found.at(-1)!.slot]).toEqual([ancient, recent]);
  });

  it('are none where nothing is known', () => {
    expect(slotsOf(completeArchive(monthly, { ledger: [], planned: [] }))).toEqual([]);
  });
});

it('sums what the ledger holds', () => {
  const counts = { read: 10, closed: 4, open: 3, unalerted: 1, invalid: 1, duplicates: 1 };
  const cases = { reopened: 1, amended: 2, gone: 3, vanished: 4, conflicting: 5 };
  const { counts: _, cases: __, ...bare } = recordOf(slots[1]!, { rows: 0, bytes_in: 5, bytes_out: 0 });
  const ledger = [recordOf(slots[0]!, { counts, cases, rows: 6, bytes_in: 100, bytes_out: 30 }), bare];
  expect(totalsOf(ledger)).toEqual({ rows: 6, objects: 1, bytesIn: 105, bytesOut: 30, counts });
});
