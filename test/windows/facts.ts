import fc from 'fast-check';
import type { LedgerRecord, SourceCount } from '../../src/archive/ledger.ts';
import type { Facts } from '../../src/plan/decide.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { slotAt, slotsIn } from '../../src/windows/slot.ts';
import { anyLayout, anyMs, ms, range } from './arbitraries.ts';

export const noon = ms('2025-01-15T12:00:00Z');

/** The record of a slot with an object, read on 2025-01-01 by default. */
export function record(slot: string, changes: Partial<LedgerRecord> = {}): LedgerRecord {
  return {
    slot,
    revision: 1,
    read_at: '2025-01-01T00:00:00.000Z',
    source: 'elasticsearch',
    source_count: { total: 10, alerted: 6, closed: 5 },
    rows: 5,
    version: 'v1',
    bytes_in: 1000,
    bytes_out: 100,
    took_ms: 10,
    outside: 0,
    ...changes,
  };
}

/** The facts of an archive of January to October 2024 whose slots all match their records. */
export function settledFacts(changes: Partial<Facts> = {}): Facts {
  const base: Facts = {
    now: noon,
    range: range('2024-01-01', '2024-11-01'),
    layout: { windowDays: 60, partitionBy: 'month' },
    recentDays: 60,
    scrubWindows: 0,
    refresh: false,
    sources: { live: 'api', settled: 'elasticsearch' },
    ledger: new Map(),
    staged: new Map(),
    versions: new Map(),
    ...changes,
  };
  const ids = slotsIn(base.range, base.layout).map((slot) => slot.id);
  return {
    ...base,
    ledger: changes.ledger ?? new Map(ids.map((id) => [id, record(id)])),
    versions: changes.versions ?? new Map(ids.map((id) => [id, 'v1'])),
  };
}

/** The same facts with another record for one slot, or without it. */
export function withRecord(facts: Facts, slot: string, changes: Partial<LedgerRecord> | undefined): Facts {
  const ledger = new Map(facts.ledger);
  if (changes) ledger.set(slot, record(slot, changes));
  else ledger.delete(slot);
  return { ...facts, ledger };
}

/** The same facts with another version of one object, or without it. */
export function withVersion(facts: Facts, slot: string, version: string | undefined): Facts {
  const versions = new Map(facts.versions);
  if (version === undefined) versions.delete(slot);
  else versions.set(slot, version);
  return { ...facts, versions };
}

/** The condition of a slot in arbitrary facts; usually good. */
const anySlotState = fc.record({
  record: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  failed: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  readDaysAgo: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }) }, fc.integer({ min: 0, max: 600 })),
  version: fc.oneof({ weight: 9, arbitrary: fc.constant('v1') }, fc.constantFrom('v2', undefined)),
  count: fc.constantFrom<SourceCount | undefined>({ total: 10 }, { total: 10, alerted: 6 }, { total: 11 }, undefined),
  staged: fc.constantFrom(0, 0, 3),
});

/** Facts with all kinds of problems, over a range of up to 500 days, with staged messages inside and outside it. */
export const anyFacts: fc.Arbitrary<Facts> = fc
  .record({
    start: anyMs,
    days: fc.integer({ min: -5, max: 500 }),
    nowAfterStart: fc.integer({ min: 0, max: 800 * DAY_MS }),
    layout: anyLayout,
    recentDays: fc.constantFrom(0, 7, 60),
    scrubWindows: fc.integer({ min: 0, max: 3 }),
    refresh: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    states: fc.array(anySlotState, { minLength: 1, maxLength: 12 }),
    stagedBefore: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 3 }),
  })
  .map(({ start, days, nowAfterStart, layout, states, stagedBefore, ...rest }) => {
    const now = start + nowAfterStart;
    const facts = {
      ledger: new Map<string, LedgerRecord>(),
      staged: new Map<string, number>(),
      versions: new Map<string, string>(),
      counts: new Map<string, SourceCount>(),
    };
    const asked = { start, end: start + days * DAY_MS };
    const outside = stagedBefore.map((before) => slotAt(start - before * DAY_MS, layout));
    for (const slot of outside) facts.staged.set(slot.id, 1);
    for (const [index, slot] of [...outside, ...slotsIn(asked, layout)].entries()) {
      const state = states[index % states.length]!;
      const failed = state.failed
        ? { last_error: { at: instant(now), code: 'source-unavailable' as const, message: 'The source is down.' } }
        : {};
      const read_at = instant(now - state.readDaysAgo * DAY_MS);
      if (state.record) facts.ledger.set(slot.id, record(slot.id, { read_at, ...failed }));
      if (state.version) facts.versions.set(slot.id, state.version);
      if (state.count) facts.counts.set(slot.id, state.count);
      if (state.staged > 0) facts.staged.set(slot.id, state.staged);
    }
    return {
      now,
      range: asked,
      layout,
      sources: { live: 'api', settled: 'elasticsearch' } as const,
      ...facts,
      ...rest,
    };
  });
