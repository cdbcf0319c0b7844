import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { decide, type Facts } from '../../src/plan/decide.ts';
import { decideLeg, type Leg, legs, legsMax, parseLeg } from '../../src/plan/legs.ts';
import { windowAt } from '../../src/windows/grid.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { ms, range } from '../windows/arbitraries.ts';
import { anyFacts, noon, settledFacts, withRecord, withVersion } from '../windows/facts.ts';

const june = '20240601T000000Z-20240701T000000Z';
const juneWindow = '2024-05-17..2024-07-16';
const legsOf = (facts: Facts, max?: number) => legs(decide(facts), facts, max);
const sent = (leg: Leg, windowDays = 60) => parseLeg(JSON.stringify(leg), windowDays);

/** Facts of an empty archive with windows of one day. */
const dailyWindows = (count: number) =>
  settledFacts({
    layout: { windowDays: 1, partitionBy: 'day' },
    range: { start: 0, end: count * DAY_MS },
    ledger: new Map(),
    versions: new Map(),
  });

describe('legs', () => {
  it('are one for each window with work, in time order', () => {
    const facts = settledFacts({ staged: new Map([[june, 1]]) });
    expect(legsOf(withRecord(facts, '20240201T000000Z-20240301T000000Z', undefined))).toEqual(
      ['2024-01-18..2024-03-18', juneWindow].map((window) => ({
        name: window,
        windows: [window],
        from: '2024-01-01T00:00:00.000Z',
        to: '2024-11-01T00:00:00.000Z',
        refresh: false,
        planned_at: '2025-01-15T12:00:00.000Z',
        reread: {},
      })),
    );
  });

  it('are none if all slots are up to date, or the range is empty', () => {
    expect(legsOf(settledFacts())).toEqual([]);
    expect(legsOf(settledFacts({ range: range('2024-06-01', '2024-05-01'), refresh: true }))).toEqual([]);
  });

  it('carry the range widened to whole slots, and the refresh', () => {
    expect(legsOf(settledFacts({ range: range('2024-06-10', '2024-06-11'), refresh: true }))).toMatchObject([
      {
        windows: [juneWindow],
        from: '2024-06-01T00:00:00.000Z',
        to: '2024-07-01T00:00:00.000Z',
        refresh: true,
        reread: {},
      },
    ]);
  });

  it('carry a range up to the last year', () => {
    const leg = legsOf({ ...settledFacts({ refresh: true }), range: range('2024-12-31', '9999-12-31') })[0]!;
    expect(ms(leg.to)).toBeGreaterThanOrEqual(ms('9999-12-31'));
    expect(sent(leg)).toEqual(leg);
  });

  it('carry the slots that audit and scrub re-read', () => {
    const [first, second, ...none] = legsOf(
      settledFacts({ scrubWindows: 1, counts: new Map([[june, { total: 11 }]]) }),
    );
    expect(none).toEqual([]);
    expect(first?.reread).toEqual({ '20240101T000000Z-20240118T000000Z': 'scrub' });
    expect(second?.reread).toEqual({ [june]: 'audit' });
  });

  it('are packed if there are more windows than legs', () => {
    const packed = legsOf(dailyWindows(600));
    expect(packed).toHaveLength(legsMax);
    expect(packed.flatMap((leg) => leg.windows)).toEqual(
      Array.from({ length: 600 }, (_, index) => windowAt(index * DAY_MS, 1).id),
    );
    expect(new Set(packed.map((leg) => leg.windows.length))).toEqual(new Set([2, 3]));
    expect(packed[0]?.name).toBe('1970-01-01..1970-01-03 (2 windows)');
  });

  it('are one for each window up to the limit', () => {
    expect(legsOf(dailyWindows(256)).every((leg) => leg.windows.length === 1)).toBe(true);
    expect(
      legsOf(dailyWindows(257))
        .map((leg) => leg.windows.length)
        .filter((length) => length === 2),
    ).toHaveLength(1);
    expect(legsOf(dailyWindows(257))).toHaveLength(256);
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot be %s', (max) => {
    expect(() => legsOf(dailyWindows(2), max)).toThrow(RangeError);
  });

  it('hold each window with work once, with sizes that differ by at most one', () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 1, max: 9 }), (facts, max) => {
        const planned = decide(facts);
        const packed = legs(planned, facts, max);
        const windows = planned.filter(({ action }) => action !== 'none').map(({ slot }) => slot.window);
        expect(packed.flatMap((leg) => leg.windows)).toEqual([...new Set(windows)]);
        const lengths = packed.map((leg) => leg.windows.length);
        expect(packed.length).toBeLessThanOrEqual(max);
        if (packed.length > 0) expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe('decideLeg', () => {
  it('decides as the plan did on the same facts, after a round trip through JSON', () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 1, max: 9 }), (facts, max) => {
        const planned = decide(facts);
        const fresh = { ...facts, counts: new Map(), scrubWindows: 0, refresh: false, range: { start: 0, end: 1 } };
        const packed = legs(planned, facts, max);
        const windows = new Set(packed.flatMap((leg) => leg.windows));
        expect(packed.flatMap((leg) => decideLeg(fresh, sent(leg, facts.layout.windowDays)))).toEqual(
          planned.filter(({ slot }) => windows.has(slot.window)),
        );
      }),
      { numRuns: 60 },
    );
  });

  const planned = settledFacts({ counts: new Map([[june, { total: 11 }]]) });
  const leg = sent(legsOf(planned)[0]!);
  const onJune = (facts: Facts, own = leg) => decideLeg(facts, own).find(({ slot }) => slot.id === june);

  it('reads slots that only the plan could choose', () => {
    expect(onJune(settledFacts())).toMatchObject({ action: 'read', reason: 'audit' });
    expect(onJune(settledFacts({ staged: new Map([[june, 2]]) }))).toMatchObject({ action: 'read', reason: 'audit' });
  });

  it('does not audit or scrub by itself', () => {
    const facts = settledFacts({
      scrubWindows: 9,
      counts: new Map([['20240517T000000Z-20240601T000000Z', { total: 0 }]]),
    });
    expect(decideLeg(facts, leg).map(({ reason }) => reason)).toEqual(['up-to-date', 'audit', 'up-to-date']);
  });

  it('sees changes since the plan', () => {
    const changed = withVersion(
      settledFacts({ staged: new Map([['20240701T000000Z-20240716T000000Z', 1]]) }),
      june,
      'v2',
    );
    expect(decideLeg(changed, leg).map(({ reason }) => reason)).toEqual(['up-to-date', 'object-changed', 'pending']);
  });

  it('does not re-read, when repeated, slots read since the plan', () => {
    const readSince = { read_at: instant(noon + 1) };
    const later = { ...settledFacts(), now: noon + DAY_MS };
    expect(onJune(later)).toMatchObject({ action: 'read', reason: 'audit' });
    expect(onJune(withRecord(later, june, readSince))).toMatchObject({ action: 'none', reason: 'up-to-date' });

    const refresh = sent(legsOf(settledFacts({ refresh: true })).find((each) => each.windows.includes(juneWindow))!);
    expect(decideLeg(withRecord(later, june, readSince), refresh).map(({ reason }) => reason)).toEqual([
      'refresh',
      'up-to-date',
      'refresh',
    ]);
  });

  it('reads, when repeated, slots that failed since the plan', () => {
    const last_error = { at: instant(noon + 2), code: 'source-unavailable' as const, message: 'The source is down.' };
    const later = withRecord({ ...settledFacts(), now: noon + DAY_MS }, june, {
      read_at: instant(noon + 1),
      last_error,
    });
    expect(onJune(later)).toMatchObject({ action: 'read', reason: 'failed' });
  });

  it('keeps to its windows, and to the range of the plan', () => {
    const narrow = sent(legsOf(settledFacts({ range: range('2024-06-10', '2024-06-11'), refresh: true }))[0]!);
    expect(decideLeg(settledFacts(), narrow)).toMatchObject([{ slot: { id: june }, reason: 'refresh' }]);
    const staged = new Map([
      ['20240517T000000Z-20240601T000000Z', 1],
      ['20240801T000000Z-20240901T000000Z', 1],
    ]);
    expect(decideLeg(settledFacts({ staged }), narrow).map(({ slot, reason }) => [slot.id, reason])).toEqual([
      ['20240517T000000Z-20240601T000000Z', 'pending'],
      [june, 'refresh'],
    ]);
  });

  it('applies its own range and refresh to windows named by a person', () => {
    const named = parseLeg(juneWindow, 60);
    expect(decideLeg(settledFacts({ refresh: true }), named).map(({ reason }) => reason)).toEqual(
      Array(3).fill('refresh'),
    );
    expect(decideLeg(settledFacts({ range: range('2024-06-10', '2024-06-11') }), named)).toMatchObject([
      { slot: { id: june }, action: 'none' },
    ]);
    expect(decideLeg(settledFacts({ range: range('2024-01-01', '2024-02-01') }), named)).toEqual([]);
  });
});

describe('parseLeg', () => {
  const leg = legsOf(settledFacts({ scrubWindows: 1, range: range('2024-06-10', '2024-06-11') }))[0]!;

  it('reads an element of the matrix', () => {
    expect(leg.reread).toEqual({ [june]: 'scrub' });
    expect(sent(leg)).toEqual(leg);
    expect(parseLeg(`\n ${JSON.stringify(leg, undefined, 2)}\n`, 60)).toEqual(leg);
  });

  it('reads window ids in any order, with any separators', () => {
    expect(parseLeg(juneWindow, 60)).toEqual({ name: juneWindow, windows: [juneWindow] });
    expect(parseLeg(` ${juneWindow},2024-03-18..2024-05-17\n1970-01-01..1970-03-02 ,${juneWindow}`, 60)).toEqual({
      name: '1970-01-01..2024-07-16 (3 windows)',
      windows: ['1970-01-01..1970-03-02', '2024-03-18..2024-05-17', juneWindow],
    });
  });

  it.each([
    ['nothing', ''],
    ['only separators', ' ,\n, '],
    ['a malformed id', '2024-05'],
    ['an id that is off the grid', '2024-05-10..2024-07-09'],
    ['one bad id among good ones', `${juneWindow}, 2024-05-18..2024-07-17`],
    ['cut JSON', JSON.stringify(leg).slice(0, -1)],
    ['an empty object', '{}'],
    ['no windows', JSON.stringify({ ...leg, windows: [] })],
    ['a window that is off the grid', JSON.stringify({ ...leg, windows: ['2024-05-10..2024-07-09'] })],
    ['a range without an end', JSON.stringify({ ...leg, to: undefined })],
    ['a bound that is no instant', JSON.stringify({ ...leg, from: '2024-06-01' })],
    ['a bound that is no day', JSON.stringify({ ...leg, from: '2024-02-30T00:00:00.000Z' })],
    ['another reason to read again', JSON.stringify({ ...leg, reread: { [june]: 'whim' } })],
    ['an unknown field', JSON.stringify({ ...leg, refrsh: true })],
    ['a text for a boolean', JSON.stringify({ ...leg, refresh: 'true' })],
  ])('refuses %s, naming the input', (_, text) => {
    expect(() => parseLeg(text, 60)).toThrow(UserError);
    expect(() => parseLeg(text, 60)).toThrow('`window`');
  });

  it('names the wrong member', () => {
    expect(() => parseLeg(JSON.stringify({ ...leg, reread: { [june]: 'whim' } }), 60)).toThrow(
      `\`reread.${june}\` is invalid`,
    );
    expect(() => parseLeg('{"a":1}', 60)).toThrow('`name` is missing');
    expect(() => parseLeg(JSON.stringify({ ...leg, refrsh: true }), 60)).toThrow('`refrsh` is unknown');
    expect(() => parseLeg('2024-05-10..2024-07-09', 60)).toThrow('2024-03-18..2024-05-17');
  });

  it('refuses legs with another window-days', () => {
    expect(() => sent(leg, 30)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
  });
});
