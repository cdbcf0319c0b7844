import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceCount } from '../../src/archive/ledger.ts';
import { UserError } from '../../src/errors.ts';
import { auditable, decide, type Facts, type PlannedSlot } from '../../src/plan/decide.ts';
import { isLive, isSettled } from '../../src/plan/settled.ts';
import { covers, DAY_MS, instant } from '../../src/windows/interval.ts';
import { slotById, slotsIn, widen } from '../../src/windows/slot.ts';
import { ms, range } from '../windows/arbitraries.ts';
import { anyFacts, noon, record, settledFacts, withRecord, withVersion } from '../windows/facts.ts';

const june = '20240601T000000Z-20240701T000000Z';
const lastOfMay = '20240517T000000Z-20240601T000000Z';
const juneWindow = '2024-05-17..2024-07-16';
const readFirst = '2025-01-01T00:00:00.000Z';

const decisionOn = (facts: Facts, id: string) => decide(facts).find(({ slot }) => slot.id === id);
const reasons = (facts: Facts) => new Map(decide(facts).map(({ slot, reason }) => [slot.id, reason]));
const idsOf = (planned: readonly PlannedSlot[], reason: string) =>
  planned.filter((each) => each.reason === reason).map(({ slot }) => slot.id);

describe('decide: a slot that is', () => {
  it('live is read from the live source', () => {
    const facts = { ...settledFacts(), now: ms('2024-08-29T23:59:59.999Z') };
    expect(decisionOn(facts, june)).toMatchObject({ action: 'read', reason: 'live', source: 'api' });
    expect(decisionOn({ ...facts, now: ms('2024-08-30') }, june)?.reason).not.toBe('live');
  });

  it('live is read from Elasticsearch without an API', () => {
    const facts = settledFacts({ sources: { live: 'elasticsearch', settled: 'elasticsearch' }, now: ms('2024-07-01') });
    expect(decisionOn(facts, june)).toMatchObject({ action: 'read', reason: 'live', source: 'elasticsearch' });
  });

  it('without a record is new, and read from the source of settled slots', () => {
    const facts = withRecord(settledFacts(), june, undefined);
    expect(decisionOn(facts, june)).toMatchObject({ action: 'read', reason: 'new', source: 'elasticsearch' });
  });

  it('without a record is read from the API without Elasticsearch', () => {
    const facts = withRecord(settledFacts({ sources: { live: 'api', settled: 'api' } }), june, undefined);
    expect(decisionOn(facts, june)).toMatchObject({ action: 'read', reason: 'new', source: 'api' });
  });

  it('recorded but never read is new', () => {
    const { read_at: _, ...neverRead } = record(june);
    const facts = settledFacts();
    expect(decisionOn({ ...facts, ledger: new Map([...facts.ledger, [june, neverRead]]) }, june)).toMatchObject({
      action: 'read',
      reason: 'new',
    });
  });

  it('last read while live is read', () => {
    const read = (read_at: string) => decisionOn(withRecord(settledFacts(), june, { read_at }), june);
    expect(read('2024-08-29T23:59:59.999Z')).toMatchObject({
      action: 'read',
      reason: 'no-longer-live',
      source: 'elasticsearch',
    });
    expect(read('2024-08-30T00:00:00.000Z')).toMatchObject({ action: 'none', reason: 'up-to-date' });
  });

  it('settled, but failed in the last attempt, is read', () => {
    const last_error = { at: readFirst, code: 'source-unavailable' as const, message: 'The source is down.' };
    expect(decisionOn(withRecord(settledFacts(), june, { last_error }), june)).toMatchObject({
      action: 'read',
      reason: 'failed',
      source: 'elasticsearch',
    });
  });

  it('settled, with other counts at the source, is read for the audit', () => {
    const counts = new Map([[june, { total: 10, alerted: 7, closed: 5 }]]);
    expect(decide(settledFacts({ counts })).filter(({ action }) => action !== 'none')).toMatchObject([
      { slot: { id: june }, action: 'read', reason: 'audit', source: 'elasticsearch' },
    ]);
  });

  it('settled, with another version of its object, is read', () => {
    expect(decisionOn(withVersion(settledFacts(), june, 'v2'), june)).toMatchObject({
      action: 'read',
      reason: 'object-changed',
      source: 'elasticsearch',
    });
  });

  it('settled, with an object that the ledger lacks, is read', () => {
    const { version: _, ...empty } = record(june, { rows: 0 });
    const facts = settledFacts();
    const ledger = new Map([...facts.ledger, [june, empty]]);
    expect(decisionOn({ ...facts, ledger }, june)).toMatchObject({ action: 'read', reason: 'object-changed' });
    expect(decisionOn(withVersion({ ...facts, ledger }, june, undefined), june)).toMatchObject({ action: 'none' });
  });

  it('settled, without its object, is read (and then fails)', () => {
    expect(decisionOn(withVersion(settledFacts(), june, undefined), june)).toMatchObject({
      action: 'read',
      reason: 'object-missing',
    });
  });

  it('settled, with rows or a version in the record but no object, is read', () => {
    const { version: _, ...unversioned } = record(june);
    for (const known of [unversioned, record(june, { rows: 0 })]) {
      const facts = withVersion(settledFacts(), june, undefined);
      const ledger = new Map([...facts.ledger, [june, known]]);
      expect(decisionOn({ ...facts, ledger }, june)).toMatchObject({ action: 'read', reason: 'object-missing' });
    }
  });

  it('settled with pending messages has those re-checked', () => {
    expect(decisionOn(settledFacts({ staged: new Map([[june, 3]]) }), june)).toMatchObject({
      action: 're-check',
      reason: 'pending',
      source: 'elasticsearch',
      staged: 3,
    });
  });

  it('settled without pending messages is up to date', () => {
    const planned = decide(settledFacts({ staged: new Map([[june, 0]]) }));
    expect(planned).toHaveLength(15);
    for (const each of planned) expect(each).toMatchObject({ action: 'none', reason: 'up-to-date', staged: 0 });
  });

  it('settled is read by a refresh', () => {
    const planned = decide(settledFacts({ refresh: true, scrubWindows: 1, staged: new Map([[june, 3]]) }));
    expect(planned).toHaveLength(15);
    for (const each of planned) expect(each).toMatchObject({ action: 'read', reason: 'refresh' });
    expect(planned.find(({ slot }) => slot.id === june)?.staged).toBe(3);
  });
});

describe('decide: of several reasons the first is given', () => {
  const order = [
    'live',
    'failed',
    'no-longer-live',
    'deferred',
    'object-missing',
    'refresh',
    'audit',
    'scrub',
    'pending',
    'up-to-date',
  ];

  it('each in turn, once those before it no longer apply', () => {
    const last_error = { at: readFirst, code: 'source-unavailable' as const, message: 'The source is down.' };
    const deferred = { at: readFirst, action: 'read', because: 'time' } as const;
    const read_at = '2024-07-01T00:00:00.000Z';
    let facts = settledFacts({ refresh: true, scrubWindows: 6, staged: new Map([[june, 1]]), now: ms('2024-08-01') });
    facts = withVersion(
      withRecord({ ...facts, counts: new Map([[june, { total: 0 }]]) }, june, { read_at, last_error }),
      june,
      undefined,
    );
    const seen: (string | undefined)[] = [];
    const see = (next: Facts) => {
      facts = next;
      seen.push(reasons(facts).get(june));
    };
    see(facts);
    see({ ...facts, now: noon });
    see(withRecord(facts, june, { read_at, deferred }));
    see(withRecord(facts, june, { deferred }));
    see(withRecord(facts, june, {}));
    see(withVersion(facts, june, 'v1'));
    see({ ...facts, refresh: false });
    see({ ...facts, counts: new Map() });
    see({ ...facts, scrubWindows: 0 });
    see({ ...facts, staged: new Map() });
    expect(seen).toEqual(order);
  });

  it('failed, for a slot that failed before it was ever read', () => {
    const { read_at: _, ...failed } = record(june, {
      last_error: { at: readFirst, code: 'source-unavailable', message: 'The source is down.' },
    });
    const facts = settledFacts();
    expect(reasons({ ...facts, ledger: new Map([...facts.ledger, [june, failed]]) }).get(june)).toBe('failed');
  });
});

describe('a deferred settled slot', () => {
  const deferred = (action: 'read' | 're-check') => ({ deferred: { at: readFirst, action, because: 'time' } as const });

  it('is read if a read was deferred', () => {
    expect(decisionOn(withRecord(settledFacts(), june, deferred('read')), june)).toMatchObject({
      action: 'read',
      reason: 'deferred',
    });
  });

  it('is re-checked while messages are pending if a re-check was deferred', () => {
    const facts = withRecord(settledFacts(), june, deferred('re-check'));
    expect(decisionOn({ ...facts, staged: new Map([[june, 1]]) }, june)).toMatchObject({ action: 're-check' });
    expect(decisionOn(facts, june)).toMatchObject({ action: 'none' });
  });
});

describe('the range', () => {
  it('is widened to whole slots', () => {
    const facts = settledFacts({ range: range('2024-06-10T08:00:00Z', '2024-07-01T00:00:00.001Z') });
    expect([...reasons(facts).keys()]).toEqual([june, '20240701T000000Z-20240716T000000Z']);
  });

  it.each([
    ['after', '2024-06-01', '2024-05-01'],
    ['at', '2024-06-01', '2024-06-01'],
  ])('that starts %s its end has no slots', (_, from, to) => {
    expect(decide(settledFacts({ range: range(from, to), refresh: true, scrubWindows: 1 }))).toEqual([]);
    expect(auditable(settledFacts({ range: range(from, to) }))).toEqual([]);
  });

  it('that starts after its end still has pending messages re-checked', () => {
    const { ledger, versions } = settledFacts();
    const facts = settledFacts({
      range: range('2024-09-01', '2024-05-01'),
      ledger,
      versions,
      staged: new Map([[june, 1]]),
    });
    expect(decide(facts)).toMatchObject([{ slot: { id: june }, action: 're-check' }]);
  });

  it('omits slots that start now or later, and includes the current one', () => {
    const facts = { ...settledFacts(), range: range('2024-05-17', '9999-12-31') };
    expect([...reasons({ ...facts, now: ms('2024-06-01') }).keys()]).toEqual([lastOfMay]);
    expect([...reasons({ ...facts, now: ms('2024-06-01T00:00:00.001Z') }).keys()]).toEqual([lastOfMay, june]);
    expect(decide({ ...facts, now: ms('2024-05-17') })).toEqual([]);
  });

  it('that starts later than now includes the current slot', () => {
    const facts = settledFacts({ range: range('2024-06-20', '2024-06-30'), now: ms('2024-06-10') });
    expect(decide(facts)).toMatchObject([{ slot: { id: june }, reason: 'live' }]);
  });

  it('may lie before 1970, across a leap day and a year end', () => {
    const facts = settledFacts({ range: range('1967-12-31', '1968-03-01'), ledger: new Map(), versions: new Map() });
    const planned = decide(facts);
    expect(planned[0]?.slot.start).toBe(ms('1967-12-01'));
    expect(planned.at(-1)?.slot.end).toBe(ms('1968-03-01'));
    expect(new Set(planned.map(({ reason }) => reason))).toEqual(new Set(['new']));
  });
});

describe('slots outside of the range', () => {
  const asked = range('2024-08-01', '2024-08-02');
  const { ledger, versions } = settledFacts();
  const outside = (changes: Partial<Facts>) => settledFacts({ range: asked, ledger, versions, ...changes });

  it('are included if they have pending messages, in time order', () => {
    const facts = outside({
      staged: new Map([
        [june, 2],
        ['20241001T000000Z-20241101T000000Z', 1],
        [lastOfMay, 0],
      ]),
    });
    expect(decide(facts).map(({ slot, action }) => [slot.id, action])).toEqual([
      [june, 're-check'],
      ['20240801T000000Z-20240901T000000Z', 'none'],
      ['20241001T000000Z-20241101T000000Z', 're-check'],
    ]);
  });

  it('are read for the same reasons', () => {
    const facts = outside({ staged: new Map([[june, 2]]) });
    expect(decisionOn(withRecord(facts, june, undefined), june)).toMatchObject({ action: 'read', reason: 'new' });
    expect(decisionOn(withVersion(facts, june, 'v2'), june)).toMatchObject({ reason: 'object-changed' });
    expect(decisionOn({ ...facts, now: ms('2024-08-03') }, june)).toMatchObject({ reason: 'live', source: 'api' });
  });

  it('are neither refreshed, nor audited, nor scrubbed', () => {
    const counts = new Map<string, SourceCount>([[june, { total: 99 }]]);
    const facts = outside({ staged: new Map([[june, 2]]), counts, scrubWindows: 9 });
    expect(auditable(facts).map(({ id }) => id)).toEqual(['20240801T000000Z-20240901T000000Z']);
    expect(decisionOn(facts, june)).toMatchObject({ action: 're-check' });
    expect(decisionOn({ ...facts, refresh: true }, june)).toMatchObject({ action: 're-check' });
  });

  it('are omitted if they start later than now', () => {
    expect(
      decide(
        outside({ staged: new Map([[june, 2]]), range: range('2024-01-01', '2024-01-02'), now: ms('2024-06-01') }),
      ),
    ).toHaveLength(1);
  });

  it('of another layout are refused', () => {
    const staged = new Map([['20240601T000000Z-20240602T000000Z', 1]]);
    expect(() => decide(outside({ staged }))).toThrow(UserError);
  });
});

describe('the audit', () => {
  const auditableIds = (facts: Facts) => auditable(facts).map(({ id }) => id);

  it('covers settled slots with a count, with or without pending messages', () => {
    expect(auditableIds(settledFacts({ staged: new Map([[june, 1]]) }))).toHaveLength(15);
  });

  it.each<[string, (facts: Facts) => Facts]>([
    ['live', (facts) => ({ ...facts, now: ms('2024-08-01') })],
    ['new', (facts) => withRecord(facts, june, undefined)],
    ['no-longer-live', (facts) => withRecord(facts, june, { read_at: '2024-08-01T00:00:00.000Z' })],
    [
      'failed',
      (facts) =>
        withRecord(facts, june, {
          last_error: { at: readFirst, code: 'source-unavailable', message: 'The source is down.' },
        }),
    ],
    ['changed in the archive', (facts) => withVersion(facts, june, 'v2')],
    ['refreshed', (facts) => ({ ...facts, refresh: true })],
    ['counted by the other source', (facts) => withRecord(facts, june, { source: 'api' })],
  ])('does not cover a slot that is %s', (_, change) => {
    expect(auditableIds(settledFacts())).toContain(june);
    expect(auditableIds(change(settledFacts()))).not.toContain(june);
  });

  it('does not cover a slot without a count', () => {
    const { source_count: _, ...uncounted } = record(june);
    const facts = settledFacts();
    expect(auditableIds({ ...facts, ledger: new Map([...facts.ledger, [june, uncounted]]) })).not.toContain(june);
  });

  it.each<[SourceCount, SourceCount, 'audit' | 'up-to-date']>([
    [{ total: 10, alerted: 6, closed: 5 }, { total: 10, alerted: 6, closed: 5 }, 'up-to-date'],
    [{ total: 10, alerted: 6, closed: 5 }, { total: 11, alerted: 6, closed: 5 }, 'audit'],
    [{ total: 10, alerted: 6, closed: 5 }, { total: 9, alerted: 6, closed: 5 }, 'audit'],
    [{ total: 10, alerted: 6, closed: 5 }, { total: 10, alerted: 7, closed: 5 }, 'audit'],
    [{ total: 10, alerted: 6, closed: 5 }, { total: 10, alerted: 6, closed: 0 }, 'audit'],
    [{ total: 10 }, { total: 10, alerted: 6, closed: 5 }, 'up-to-date'],
    [{ total: 10, alerted: 6 }, { total: 10, closed: 5 }, 'up-to-date'],
    [{ total: 10, to_end: 8, to_last_day: 8 }, { total: 10, to_end: 8, to_last_day: 8 }, 'up-to-date'],
    [{ total: 10, to_end: 8, to_last_day: 8 }, { total: 10, to_end: 9, to_last_day: 8 }, 'audit'],
    [{ total: 10, to_end: 8, to_last_day: 8 }, { total: 10, to_end: 8, to_last_day: 9 }, 'audit'],
    [{ total: 10 }, { total: 10, to_end: 8, to_last_day: 9 }, 'up-to-date'],
    [{ total: 0 }, { total: 0 }, 'up-to-date'],
    [{ total: 0 }, { total: 1 }, 'audit'],
  ])('compares %j with %j, field by field: %s', (source_count, now, reason) => {
    const facts = withRecord(settledFacts({ counts: new Map([[june, now]]) }), june, { source_count });
    expect(reasons(facts).get(june)).toBe(reason);
  });

  it('does not compare the counts of two sources', () => {
    const facts = withRecord(settledFacts({ counts: new Map([[june, { total: 11 }]]) }), june, { source: 'api' });
    expect(reasons(facts).get(june)).toBe('up-to-date');
  });

  it('has precedence over a re-check', () => {
    const facts = settledFacts({ counts: new Map([[june, { total: 11 }]]), staged: new Map([[june, 4]]) });
    expect(decisionOn(facts, june)).toMatchObject({ action: 'read', reason: 'audit', staged: 4 });
  });
});

describe('the scrub', () => {
  const scrubbed = (facts: Facts) => idsOf(decide(facts), 'scrub');
  const juneSlots = [lastOfMay, june, '20240701T000000Z-20240716T000000Z'];
  const older = { read_at: '2024-12-31T00:00:00.000Z' };

  it('reads the slots of the window that was read longest ago, by its oldest slot', () => {
    const facts = withRecord(settledFacts({ scrubWindows: 1 }), june, older);
    expect(scrubbed(facts)).toEqual(juneSlots);
    expect(decisionOn(facts, lastOfMay)).toMatchObject({ action: 'read', reason: 'scrub', source: 'elasticsearch' });
  });

  it('prefers the earlier of two windows read at the same time', () => {
    expect(scrubbed(settledFacts({ scrubWindows: 1 }))).toEqual(['20240101T000000Z-20240118T000000Z']);
  });

  it('reads the given number of windows, at most all', () => {
    const windows = (scrubWindows: number) =>
      new Set(
        decide(settledFacts({ scrubWindows }))
          .filter((each) => each.reason === 'scrub')
          .map(({ slot }) => slot.window),
      ).size;
    expect([0, 1, 3, 6, 99].map(windows)).toEqual([0, 1, 3, 6, 6]);
  });

  it('reads a slot that would have been re-checked', () => {
    const facts = withRecord(settledFacts({ scrubWindows: 1, staged: new Map([[june, 2]]) }), june, older);
    expect(decisionOn(facts, june)).toMatchObject({ action: 'read', reason: 'scrub', staged: 2 });
  });

  it.each<[string, (facts: Facts) => Facts]>([
    ['new', (facts) => withRecord(facts, lastOfMay, undefined)],
    ['audited', (facts) => ({ ...facts, counts: new Map([[lastOfMay, { total: 0 }]]) })],
    ['changed', (facts) => withVersion(facts, lastOfMay, 'v2')],
  ])('skips a window with a slot that is %s', (_, change) => {
    const facts = change(withRecord(settledFacts({ scrubWindows: 1 }), june, older));
    expect(scrubbed(facts)).toEqual(['20240101T000000Z-20240118T000000Z']);
  });

  it('reads nothing if no window is settled', () => {
    expect(scrubbed(settledFacts({ scrubWindows: 3, ledger: new Map() }))).toEqual([]);
    expect(scrubbed(settledFacts({ scrubWindows: 3, now: ms('2024-01-10') }))).toEqual([]);
  });

  it('reads only slots of the range, even if others of the window have pending messages', () => {
    const { ledger, versions } = settledFacts();
    const facts = settledFacts({
      scrubWindows: 1,
      range: range('2024-06-01', '2024-07-01'),
      ledger,
      versions,
      staged: new Map([[lastOfMay, 1]]),
    });
    expect(decide(facts).map(({ slot, reason }) => [slot.id, reason])).toEqual([
      [lastOfMay, 'pending'],
      [june, 'scrub'],
    ]);
  });

  it('depends only on slots of the range, whatever else of the window is read', () => {
    const { ledger, versions } = settledFacts();
    const asked = range('2024-06-01', '2024-07-01');
    const facts = settledFacts({ scrubWindows: 1, range: asked, ledger, versions, staged: new Map([[lastOfMay, 1]]) });
    expect(scrubbed(withRecord(facts, lastOfMay, undefined))).toEqual([june]);
  });

  it('reaches every window in turn', () => {
    let facts = settledFacts({ scrubWindows: 1 });
    const seen: string[] = [];
    for (let run = 1; run <= 7; run++) {
      const planned = decide(facts).filter(({ reason }) => reason === 'scrub');
      seen.push(planned[0]!.slot.window);
      for (const { slot } of planned) facts = withRecord(facts, slot.id, { read_at: instant(noon + run * DAY_MS) });
    }
    expect(new Set(seen).size).toBe(6);
    expect(seen[6]).toBe(seen[0]);
    expect(seen).toContain(juneWindow);
  });
});

describe('decide, for any facts,', () => {
  it('decides once on every slot of the range up to now and every slot with pending messages, in time order', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const asked = slotsIn(widen(facts.range, facts.layout), facts.layout);
        const pending = [...facts.staged].filter(([, staged]) => staged > 0).map(([id]) => slotById(id, facts.layout));
        const begun = [...asked, ...pending].filter((slot) => slot.start < facts.now);
        const expected = [...new Set(begun.map((slot) => slot.start))].sort((a, b) => a - b);
        expect(decide(facts).map(({ slot }) => slot.start)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('reads all slots that are not settled', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const wide = widen(facts.range, facts.layout);
        for (const { slot, action, reason, source, staged } of decide(facts)) {
          const live = isLive(slot, facts.now, facts.recentDays);
          expect(source).toBe(live ? 'api' : 'elasticsearch');
          expect(live).toBe(reason === 'live');
          expect(staged).toBe(facts.staged.get(slot.id) ?? 0);
          if (action !== 'read') {
            expect(isSettled(slot, facts.ledger.get(slot.id), facts.now, facts.recentDays)).toBe(true);
            expect(action).toBe(staged > 0 ? 're-check' : 'none');
            expect(facts.refresh && covers(wide, slot)).toBe(false);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
