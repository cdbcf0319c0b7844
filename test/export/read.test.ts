import { describe, expect, it } from 'vitest';
import type { StagedMessage } from '../../src/archive/ledger.ts';
import { daysOf } from '../../src/export/read.ts';
import { LostReading, type Pass, TooDeep } from '../../src/io/ports.ts';
import { DAY_MS, type Interval, instant } from '../../src/windows/interval.ts';
import { type Slot, slotAt, slotsIn } from '../../src/windows/slot.ts';
import { type Embedded, filesBelow, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { FindingSource, type Manners, ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
/** One settled slot. */
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);
const live = slotAt(Date.parse('2024-08-10'), plainSettings.layout);

const { newParts, scan } = useEmbedded(now);

function newSource(truth: Truth, manners: Partial<Manners> = {}): ModelSource {
  return new ModelSource(truth, scan(), manners);
}

const day = (n: number) => april.start + n * DAY_MS;

/** One message on each of the first days of April: `c1` is closed, `o1` open, `u1` unalerted. */
function aprilOf(...ids: string[]): Truth {
  const truth = new Truth();
  const statuses: Record<string, string[]> = { c: ['closed'], o: ['open'], u: [] };
  ids.forEach((id, n) => {
    truth.put({ id, at: day(n + 2), statuses: statuses[id[0]!]! });
  });
  return truth;
}

async function recordOf({ parts }: Embedded, of: Slot = slot) {
  return (await parts.staging.slot(of)).record;
}

const idsOf = async ({ parts }: Embedded, of: Slot = slot) => (await storedRows(parts, of)).map(({ id }) => id);
const stagedOf = async ({ parts }: Embedded, of: Slot = slot) =>
  (await parts.staging.slot(of)).staged.map(({ message_id }) => message_id);

describe('a read with totals (promise 1: complete)', () => {
  it('is archived if the messages match the total', async () => {
    const embedded = await newParts();
    const source = newSource(aprilOf('c1', 'o1', 'u1', 'c2'));
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(await idsOf(embedded)).toEqual(['c1', 'c2']);
    expect(await recordOf(embedded)).toMatchObject({
      counts: { read: 4, closed: 2, open: 1, unalerted: 1, invalid: 0, duplicates: 0 },
      source_count: { total: 4 },
    });
    expect(source.passes.length).toBe(1);
  });

  it('is repeated until the messages match the total', async () => {
    const embedded = await newParts();
    const source = newSource(aprilOf('c1', 'c2'), { hides: ({ id }, attempt) => attempt < 2 && id === 'c2' });
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.map(({ attempt }) => attempt)).toEqual([0, 1, 2]);
    expect(await idsOf(embedded)).toEqual(['c1', 'c2']);
  });

  it('fails after five passes, and archives nothing', async () => {
    const embedded = await newParts();
    const source = newSource(aprilOf('c1', 'c2'), { hides: ({ id }) => id === 'c2' });
    const { tally, report } = await runAll(embedded.parts, source, april);
    expect(source.passes.length).toBe(5);
    expect(tally.failed).toMatchObject([{ slot: { id: slot.id }, code: 'source-unproven' }]);
    expect(tally.failed[0]!.message).toContain('its total was 2 and it returned 1 distinct messages');
    expect(report.isComplete).toBe(false);
    expect(await idsOf(embedded)).toEqual([]);
    expect(await stagedOf(embedded)).toEqual([]);
  });

  it('fails if the total changes in every pass', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1');
    const source = newSource(truth);
    const { read } = source;
    source.read = async (interval, attempt, take) => {
      const pass = await read.call(source, interval, attempt, take);
      return { ...pass, totals: [...pass.totals, 2] };
    };
    const { tally } = await runAll(embedded.parts, source, april);
    expect(tally.failed).toMatchObject([
      { code: 'source-unproven', message: expect.stringContaining('its total changed (1, 2)') },
    ]);
  });

  it('counts a message that the source holds twice as a duplicate', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1');
    truth.put({ id: 'c1', at: day(2), statuses: ['closed'] }, 'c1 again');
    await runAll(embedded.parts, newSource(truth), april);
    expect((await recordOf(embedded))?.counts).toEqual({
      read: 2,
      closed: 1,
      open: 0,
      unalerted: 0,
      invalid: 0,
      duplicates: 1,
    });
    expect(await idsOf(embedded)).toEqual(['c1']);
  });

  it('leaves messages outside of the slot to their own slots, and counts them', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1');
    truth.put({ id: 'before', at: april.start - 1, statuses: ['closed'] });
    truth.put({ id: 'after', at: april.end, statuses: ['open'] });
    await runAll(embedded.parts, newSource(truth), april);
    expect(await recordOf(embedded)).toMatchObject({ outside: 2, source_count: { total: 3 }, counts: { read: 1 } });
    expect(await stagedOf(embedded)).toEqual([]);
  });
});

describe('a read that totals alone do not prove', () => {
  /** Changes the passes of a source, by their number. */
  function saying(source: ModelSource, change: (pass: Pass, attempt: number) => Pass): ModelSource {
    const { read } = source;
    source.read = async (interval, attempt, take) => change(await read.call(source, interval, attempt, take), attempt);
    return source;
  }

  it('is repeated until two consecutive passes agree', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'c2');
    const before: Manners['before'] = (_, attempt) => {
      if (attempt === 1) truth.put({ id: 'c3', at: day(9), statuses: ['closed'] });
    };
    const source = saying(newSource(truth, { before }), (pass) => ({ ...pass, isDoubtful: true }));
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.length).toBe(3);
    expect(await idsOf(embedded)).toEqual(['c1', 'c2', 'c3']);
  });

  it('is repeated for a live slot too', async () => {
    const embedded = await newParts();
    const truth = new Truth();
    truth.put({ id: 'c1', at: live.start, statuses: ['closed'] });
    const source = saying(newSource(truth, { givesTotals: false }), (pass) => ({ ...pass, isDoubtful: true }));
    await runAll(embedded.parts, source, { start: live.start, end: now });
    expect(source.passes.filter(({ interval }) => interval.start === live.start).length).toBe(2);
    expect((await recordOf(embedded, live))?.unproven).toBeUndefined();
  });

  it('is not proven by a pass that agrees with any but the previous one', async () => {
    const embedded = await newParts();
    const source = saying(newSource(aprilOf('c1', 'c2', 'c3')), (pass, attempt) => ({
      ...pass,
      ...(attempt === 1 ? { totals: [2, 3] } : { isDoubtful: true as const }),
    }));
    await runAll(embedded.parts, source, april);
    expect(source.passes.length).toBe(4);
  });

  it('fails if two consecutive passes return more than the total', async () => {
    const embedded = await newParts();
    const source = saying(newSource(aprilOf('c1', 'c2', 'c3')), () => ({ totals: [2], isBeyondTotal: true }));
    const { tally } = await runAll(embedded.parts, source, april);
    expect(source.passes.length).toBe(2);
    expect(tally.failed).toMatchObject([{ code: 'source-total-wrong' }]);
    expect(await idsOf(embedded)).toEqual([]);
  });

  it('is accepted if only one pass of a changing source returned more than its total', async () => {
    const embedded = await newParts();
    const source = saying(newSource(aprilOf('c1', 'c2', 'c3')), (pass, attempt) =>
      attempt === 0 ? { totals: [2], isBeyondTotal: true } : pass,
    );
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.length).toBe(2);
  });

  /** `c1` to `c7`, and `c2` again beside `c6`: on another page, with pages of five and of four. */
  function withTwin(): Truth {
    const truth = aprilOf('c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7');
    const { json } = truth.held.get('c2')!;
    truth.putRaw('c2', day(7) + 1, json, 'c2 again');
    return truth;
  }

  it('is accepted if a duplicate came on two pages, with two kinds of page borders', async () => {
    const embedded = await newParts();
    const source = newSource(withTwin());
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.length).toBe(2);
    expect(await recordOf(embedded)).toMatchObject({
      counts: { read: 8, closed: 7, duplicates: 1 },
      source_count: { total: 8 },
    });
    expect(embedded.said.warnings.join()).toContain('1 message is held more than once by the source: "c2"');
  });

  it('is not accepted if the page borders were the same', async () => {
    const embedded = await newParts();
    const source = newSource(withTwin());
    const { read } = source;
    source.read = (interval, _, take) => read.call(source, interval, 0, take);
    const { tally } = await runAll(embedded.parts, source, april);
    expect(source.passes.length).toBe(5);
    expect(tally.failed).toHaveLength(1);
  });

  it('is not accepted if the duplicates differ each time, as with a changing source', async () => {
    const embedded = await newParts();
    const source = newSource(aprilOf('c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'));
    const { read } = source;
    source.read = async (interval, attempt, take) => {
      const pass = await read.call(source, interval, attempt, take);
      await source.send([source.truth.held.get(`c${attempt + 1}`)!], take);
      return { ...pass, totals: [8] };
    };
    const { tally } = await runAll(embedded.parts, source, april);
    expect(tally.failed).toHaveLength(1);
    expect(await idsOf(embedded)).toEqual([]);
  });

  /** A source that serves at most `served` messages of a range, and counts to at most `count`. */
  function deep(source: ModelSource, served: number, count = Number.POSITIVE_INFINITY): ModelSource {
    const { read } = source;
    source.read = async (interval, attempt, take) => {
      const { start, end } = interval;
      const total = source.truth.within(interval).length;
      if (total <= served) return read.call(source, interval, attempt, take);
      await source.send(source.truth.within(interval).slice(0, served), take);
      const middle = Math.floor((start + end) / 2);
      const halves = [
        { start, end: middle },
        { start: middle, end },
      ] as const;
      throw new TooDeep('it serves no more', halves, Math.min(total, count));
    };
    return source;
  }

  it('is split into parts if the source serves no more of a range', async () => {
    const embedded = await newParts();
    const source = deep(newSource(aprilOf('c1', 'o1', 'c2', 'u1', 'c3', 'c4', 'c5'), { padMs: 0 }), 2);
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(await recordOf(embedded)).toMatchObject({
      counts: { read: 7, closed: 5, open: 1, unalerted: 1, duplicates: 0 },
      source_count: { total: 7 },
    });
    expect(await idsOf(embedded)).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
  });

  it('in parts counts messages around the parts once, and has no total to audit if it was capped', async () => {
    const embedded = await newParts();
    const source = deep(newSource(aprilOf('c1', 'c2', 'c3', 'c4', 'c5'), { padMs: 3 * DAY_MS }), 2, 2);
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    const record = await recordOf(embedded);
    expect(record).toMatchObject({ counts: { read: 5, duplicates: 0 }, outside: 0 });
    expect(record?.source_count).toBeUndefined();
  });

  it('in parts is not accepted if one of them hides a message', async () => {
    const embedded = await newParts();
    const source = deep(newSource(aprilOf('c1', 'c2', 'c3', 'c4'), { padMs: 0, hides: ({ id }) => id === 'c4' }), 2);
    const { tally } = await runAll(embedded.parts, source, april);
    expect(tally.failed).toMatchObject([{ code: 'source-unproven' }]);
    expect(await idsOf(embedded)).toEqual([]);
  });
});

describe('a read without totals', () => {
  it('settles a slot if two passes agree', async () => {
    const embedded = await newParts();
    const source = newSource(aprilOf('c1', 'o1'), { givesTotals: false });
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.length).toBe(2);
    expect((await recordOf(embedded))?.source_count).toBeUndefined();
  });

  it('is repeated until two consecutive passes agree', async () => {
    const embedded = await newParts();
    const hides: Manners['hides'] = ({ id }, attempt) => attempt % 2 === 1 && attempt < 3 && id === 'c2';
    const source = newSource(aprilOf('c1', 'c2'), { givesTotals: false, hides });
    await runAll(embedded.parts, source, april);
    expect(source.passes.length).toBe(4);
    expect(await idsOf(embedded)).toEqual(['c1', 'c2']);
  });

  it('fails if no two passes agree', async () => {
    const embedded = await newParts();
    const hides: Manners['hides'] = ({ id }, attempt) => attempt % 2 === 1 && id === 'c2';
    const source = newSource(aprilOf('c1', 'c2'), { givesTotals: false, hides });
    const { tally } = await runAll(embedded.parts, source, april);
    expect(source.passes.length).toBe(5);
    expect(tally.failed).toMatchObject([
      { code: 'source-unproven', message: expect.stringContaining('its response differed from the previous one') },
    ]);
  });

  it('needs one pass for a live slot, which is re-read anyway', async () => {
    const embedded = await newParts();
    const truth = new Truth();
    truth.put({ id: 'c1', at: live.start, statuses: ['closed'] });
    const source = newSource(truth, { givesTotals: false });
    await runAll(embedded.parts, source, { start: live.start, end: now });
    expect(source.passes.filter(({ interval }) => interval.start === live.start).length).toBe(1);
    expect(await idsOf(embedded, live)).toEqual(['c1']);
  });

  it('does not settle a slot by its only pass while live, if it counts as settled later', async () => {
    const embedded = await newParts();
    const truth = new Truth();
    truth.put({ id: 'c1', at: live.start, statuses: ['closed'] });
    truth.put({ id: 'c2', at: live.start + DAY_MS, statuses: ['closed'] });
    const over = { start: live.start, end: live.end };
    embedded.clock.now = live.end + 10 * DAY_MS;
    const hiding = newSource(truth, { givesTotals: false, hides: ({ id }) => id === 'c2' });
    await runAll(embedded.parts, hiding, over);
    expect(await recordOf(embedded, live)).toMatchObject({ unproven: true, rows: 1 });
    embedded.clock.now += DAY_MS;
    await runAll({ ...embedded.parts, recentDays: 7 }, newSource(truth, { givesTotals: false }), over);
    expect(await idsOf(embedded, live)).toEqual(['c1', 'c2']);
    expect((await recordOf(embedded, live))?.unproven).toBeUndefined();
  });
});

describe('a lost read', () => {
  const losing = (times: number): Manners['before'] => {
    return (_, attempt) => {
      if (attempt < times) throw new LostReading('its point in time was lost');
    };
  };

  it('proves nothing and is repeated', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'o1');
    const source = newSource(truth, { before: losing(4) });
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.map(({ attempt }) => attempt)).toEqual([0, 1, 2, 3, 4]);
    expect(await idsOf(embedded)).toEqual(['c1']);
  });

  it('fails the slot after five passes', async () => {
    const embedded = await newParts();
    const { tally } = await runAll(embedded.parts, newSource(aprilOf('c1'), { before: losing(9) }), april);
    expect(tally.failed.map(({ code, message }) => [code, message])).toEqual([
      [
        'source-unproven',
        'model://source/messages could not be read completely from 2024-04-01T00:00:00.000Z to 2024-05-01T00:00:00.000Z: the source changed during all 5 reads (in the last one, its point in time was lost). Re-run when the source is idle. If it keeps failing, check api-total and api-query.',
      ],
    ]);
    expect(await idsOf(embedded)).toEqual([]);
  });

  it('does not count as one of two passes that must agree', async () => {
    const embedded = await newParts();
    const before: Manners['before'] = (_, attempt) => {
      if (attempt === 1) throw new LostReading('its point in time was lost');
    };
    const source = newSource(aprilOf('c1'), { givesTotals: false, before });
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.length).toBe(4);
  });

  it('of staged messages is repeated too', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'o1');
    const source = new FindingSource(truth, scan(), { deliversOnce: true });
    await runAll(embedded.parts, source, april);
    truth.put({ id: 'o1', at: day(3), statuses: ['closed'] });
    embedded.clock.now += DAY_MS;
    const { find } = source;
    source.find = async (staged, take) => {
      await find.call(source, staged, take);
      if (source.finds.length < 3) throw new LostReading('its point in time was lost');
    };
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.finds.length).toBe(3);
    expect(await idsOf(embedded)).toEqual(['c1', 'o1']);
    expect((await recordOf(embedded))?.counts).toMatchObject({ read: 2, closed: 2, duplicates: 0 });
  });
});

describe('a live slot', () => {
  it('is read up to now', async () => {
    const at = Date.parse('2024-08-20T12:00:00Z');
    const embedded = await newParts({ now: at });
    const truth = new Truth();
    truth.put({ id: 'past', at: at - 1, statuses: ['closed'] });
    truth.put({ id: 'future', at, statuses: ['closed'] });
    const source = newSource(truth);
    await runAll(embedded.parts, source, { start: live.start, end: at });
    expect(source.passes.map(({ interval }) => interval)).toEqual([{ start: live.start, end: at }]);
    expect(await idsOf(embedded, live)).toEqual(['past']);
    expect((await recordOf(embedded, live))?.outside).toBe(1);
  });
});

describe('a shrunk slot', () => {
  it('fails and stays unsettled until fewer are accepted', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'c2', 'o1');
    const source = newSource(truth);
    await runAll(embedded.parts, source, april);
    truth.remove('c2');
    embedded.clock.now += DAY_MS;
    for (let time = 0; time < 2; time += 1) {
      const { tally, report } = await runAll(embedded.parts, source, april);
      expect(tally.failed).toMatchObject([{ slot: { id: slot.id }, code: 'slot-shrunk' }]);
      expect(report.isComplete).toBe(false);
      expect((await recordOf(embedded))?.last_error?.code).toBe('slot-shrunk');
      embedded.clock.now += DAY_MS;
    }
    const accepted = await runAll(embedded.parts, source, april, { acceptFewer: true });
    expect(accepted.report.isComplete).toBe(true);
    expect(await recordOf(embedded)).toMatchObject({ counts: { read: 2, closed: 1, open: 1 }, cases: { removed: 1 } });
    expect((await recordOf(embedded))?.last_error).toBeUndefined();
    expect(await idsOf(embedded)).toEqual(['c1', 'c2']);
    expect(embedded.said.warnings.join('\n')).toContain('1 archived message was removed at source: "c2"');
  });
});

describe('a re-check', () => {
  /** An archive with pending messages `o1` to `o3`: on the 3rd, the 5th and the 21st. */
  async function pending(source: (truth: Truth) => ModelSource) {
    const embedded = await newParts();
    const truth = new Truth();
    [2, 4, 20].forEach((n, index) => {
      truth.put({ id: `o${index + 1}`, at: day(n), statuses: ['open'] });
    });
    truth.put({ id: 'c1', at: day(3), statuses: ['closed'] });
    const from = source(truth);
    await runAll(embedded.parts, from, april);
    from.passes.length = 0;
    embedded.clock.now += DAY_MS;
    return { embedded, truth, source: from };
  }

  it('reads the days of pending messages, close ones together', async () => {
    const { embedded, truth, source } = await pending((held) => newSource(held));
    truth.put({ id: 'o1', at: day(2), statuses: ['closed'] });
    truth.put({ id: 'late', at: day(2), statuses: ['closed'] });
    source.manners = { ...source.manners, givesTotals: false };
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    const intervals = new Set(
      source.passes.map(({ interval }) => `${instant(interval.start)} ${instant(interval.end)}`),
    );
    expect([...intervals]).toEqual([
      '2024-04-03T00:00:00.000Z 2024-04-06T00:00:00.000Z',
      '2024-04-21T00:00:00.000Z 2024-04-22T00:00:00.000Z',
    ]);
    expect(await idsOf(embedded)).toEqual(['o1', 'c1']);
    expect(await stagedOf(embedded)).toEqual(['o2', 'o3']);
    expect(await recordOf(embedded)).toMatchObject({
      read_at: instant(now),
      rechecked_at: instant(now + DAY_MS),
      counts: { read: 4, closed: 2, open: 2 },
    });
  });

  it('looks up ids if the source can', async () => {
    const { embedded, truth, source } = await pending((held) => new FindingSource(held, scan()));
    truth.put({ id: 'o2', at: day(4), statuses: ['closed'] });
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect((source as FindingSource).finds).toEqual([['o1', 'o2', 'o3']]);
    expect(source.passes).toEqual([]);
    expect(await idsOf(embedded)).toEqual(['c1', 'o2']);
    expect(await stagedOf(embedded)).toEqual(['o1', 'o3']);
    const { staged } = await embedded.parts.staging.slot(slot);
    expect(staged[0]).toMatchObject({ checks: 2, first_seen: instant(now), read_at: instant(now + DAY_MS) });
  });

  it.each([
    ['by ids', FindingSource],
    ['by days', ModelSource],
  ])('reads the full slot if a message has become invalid (%s)', async (_, Asked) => {
    const { embedded, truth, source } = await pending((held) => new Asked(held, scan()));
    truth.putRaw('o2', day(4), `{"message_id":"o2","timestamp":${day(4)},"alerts":"closed"}`);
    await runAll(embedded.parts, source, april, { acceptFewer: true });
    expect(source.passes.at(-1)?.interval).toEqual({ start: slot.start, end: slot.end });
    expect(await recordOf(embedded)).toMatchObject({
      read_at: instant(now + DAY_MS),
      counts: { read: 4, closed: 1, open: 2, invalid: 1 },
    });
    const { staged } = await embedded.parts.staging.slot(slot);
    expect(staged.map(({ message_id, removed_at }) => [message_id, removed_at !== undefined])).toEqual([
      ['o1', false],
      ['o2', true],
      ['o3', false],
    ]);

    source.passes.length = 0;
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, source, april);
    expect(source.passes.map(({ interval }) => interval)).not.toContainEqual({ start: slot.start, end: slot.end });
    expect((await recordOf(embedded))?.counts).toMatchObject({ read: 4, closed: 1, open: 2, invalid: 1 });
  });

  it('reads the full slot if a message has lost its alerts', async () => {
    const { embedded, truth, source } = await pending((held) => new FindingSource(held, scan()));
    truth.put({ id: 'o2', at: day(4), statuses: [] });
    await runAll(embedded.parts, source, april, { acceptFewer: true });
    expect(source.passes.map(({ interval }) => interval)).toEqual([{ start: slot.start, end: slot.end }]);
    expect(await recordOf(embedded)).toMatchObject({
      read_at: instant(now + DAY_MS),
      counts: { read: 4, closed: 1, open: 2, unalerted: 1 },
    });
  });

  it('reads the full slot if an id has different contents on two days', async () => {
    const { embedded, truth, source } = await pending((held) => newSource(held, { pageSize: 500 }));
    // The one that changed last is open, so the message is pending.
    truth.put({ id: 'o1', at: day(2), statuses: ['open'], changed: day(29) }, 'on the 3rd');
    truth.put({ id: 'o1', at: day(20), statuses: ['closed'], changed: day(28) }, 'on the 21st');
    truth.remove('o1');
    const { report } = await runAll(embedded.parts, source, april);
    expect(report.isComplete).toBe(true);
    expect(source.passes.at(-1)?.interval).toEqual({ start: slot.start, end: slot.end });
    expect(await idsOf(embedded)).toEqual(['c1']);
    expect(await stagedOf(embedded)).toEqual(['o1', 'o2', 'o3']);
  });

  it('names messages removed at source, and keeps them staged', async () => {
    const { embedded, truth, source } = await pending((held) => newSource(held, { givesTotals: false }));
    truth.remove('o3');
    const { tally } = await runAll(embedded.parts, source, april);
    expect(tally.failed).toEqual([]);
    expect(await recordOf(embedded)).toMatchObject({
      cases: { removed_pending: 1 },
      counts: { read: 4, open: 3, closed: 1 },
    });
    const { staged } = await embedded.parts.staging.slot(slot);
    expect(staged.find(({ message_id }) => message_id === 'o3')?.removed_at).toBe(instant(now + DAY_MS));
    expect(embedded.said.warnings.join('\n')).toContain('1 pending message was removed at source: "o3"');
  });

  it.each(['closed', 'open'])('finds a message that moved to another day of its slot (%s)', async (status) => {
    const { embedded, truth, source } = await pending((held) => newSource(held, { givesTotals: false }));
    truth.put({ id: 'o3', at: day(27), statuses: [status] });
    const { tally, report } = await runAll(embedded.parts, source, april);
    expect([tally.failed, report.isComplete]).toEqual([[], true]);
    expect(await recordOf(embedded)).toMatchObject({ cases: { removed_pending: 0 }, read_at: instant(now + DAY_MS) });
    expect((await idsOf(embedded)).includes('o3')).toBe(status === 'closed');
    const { staged } = await embedded.parts.staging.slot(slot);
    expect(staged.map(({ message_id }) => message_id).includes('o3')).toBe(status === 'open');
    expect(staged.every(({ removed_at }) => removed_at === undefined)).toBe(true);
  });

  it('reads the full slot once for a message removed at source', async () => {
    const { embedded, truth, source } = await pending((held) => newSource(held, { givesTotals: false }));
    truth.remove('o3');
    const fullReads = () => source.passes.filter(({ interval }) => interval.end - interval.start > 20 * DAY_MS).length;
    const before = fullReads();
    await runAll(embedded.parts, source, april);
    const once = fullReads();
    expect(once).toBeGreaterThan(before);
    embedded.clock.now += DAY_MS;
    const { report } = await runAll(embedded.parts, source, april);
    expect([fullReads(), report.isComplete]).toEqual([once, true]);
  });

  it('does not read the full slot if a counted message was removed at source and comes back closed', async () => {
    const { embedded, truth, source } = await pending(
      (held) => new FindingSource(held, scan(), { givesTotals: false }),
    );
    truth.remove('o3');
    await runAll(embedded.parts, source, april);
    source.passes.length = 0;
    truth.put({ id: 'o3', at: day(20), statuses: ['closed'] });
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, source, april, { acceptFewer: true });
    expect(source.passes).toEqual([]);
    expect(await recordOf(embedded)).toMatchObject({ read_at: instant(now), counts: { read: 4, closed: 2, open: 2 } });
  });

  it.each(['open', 'closed'])('reads the full slot if an uncounted message comes back %s', async (status) => {
    const { embedded, truth, source } = await pending((held) => newSource(held, { givesTotals: false }));
    const { held } = truth;
    for (const id of [...held.keys()].filter((key) => key !== 'o1')) truth.remove(id);
    await runAll(embedded.parts, source, april, { acceptFewer: true, refresh: true });
    expect(await recordOf(embedded)).toMatchObject({ counts: { read: 1, open: 1, closed: 0 } });
    truth.put({ id: 'o3', at: day(20), statuses: [status] });
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, source, april);
    expect(await recordOf(embedded)).toMatchObject({
      counts: status === 'open' ? { read: 2, open: 2, closed: 0 } : { read: 2, open: 1, closed: 1 },
    });
  });

  it('reads the full slot if a message was staged by an interrupted run', async () => {
    const { embedded, truth, source } = await pending((held) => newSource(held, { givesTotals: false }));
    truth.put({ id: 'o4', at: day(6), statuses: ['open'] });
    const [staged] = (await embedded.parts.staging.slot(slot)).staged;
    const at = instant(embedded.clock.now);
    await embedded.parts.staging.stage([
      { ...staged!, message_id: 'o4', timestamp: String(day(6) * 1000), first_seen: at, read_at: at },
    ]);
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, source, april);
    expect(await recordOf(embedded)).toMatchObject({ counts: { read: 5, open: 4, closed: 1 } });
  });

  it('fails if its days are incomplete', async () => {
    const { embedded, source } = await pending((held) => newSource(held));
    source.manners = { ...source.manners, hides: ({ id }) => id === 'o3' };
    const { tally } = await runAll(embedded.parts, source, april);
    expect(tally.failed).toMatchObject([{ code: 'source-unproven' }]);
    expect(await stagedOf(embedded)).toEqual(['o1', 'o2', 'o3']);
  });
});

describe('daysOf', () => {
  const staged = (at: number) => ({ timestamp: String(at * 1000 + 999) }) as StagedMessage;

  it('stays within the slot, and joins days at most two apart', () => {
    const within = { start: day(0) + 5, end: day(29) - 5 };
    const days = daysOf(
      [29, 0, 3, 7, 20].map((n) => staged(Math.min(day(n) + 7, within.end - 1))),
      within,
    );
    expect(days).toEqual([
      { start: within.start, end: day(4) },
      { start: day(7), end: day(8) },
      { start: day(20), end: day(21) },
      { start: day(28), end: within.end },
    ]);
  });

  it('covers every message', () => {
    const all = slotsIn({ start: 0, end: Date.parse('1970-03-01') }, plainSettings.layout);
    for (const any of all) {
      for (const at of [any.start, any.end - 1]) {
        const [found] = daysOf([staged(at)], any);
        expect(found!.start <= at && at < found!.end).toBe(true);
      }
    }
  });
});

describe('memory (promise 8: bounded)', () => {
  it('stays within its budget for a larger slot', async () => {
    const embedded = await newParts({ spoolBytes: 0 });
    const truth = new Truth();
    for (let n = 0; n < 26; n += 1)
      truth.put({
        id: `m${n}`,
        at: day(1) + n,
        statuses: n % 10 === 0 ? ['open'] : ['closed'],
        text: 'x'.repeat(500_000),
      });
    const { report } = await runAll(embedded.parts, newSource(truth, { pageSize: 10 }), april);
    expect(report.isComplete).toBe(true);
    const rows = await storedRows(embedded.parts, slot);
    expect(rows.length).toBe(23);
    expect(rows.every(({ id, payload }) => payload === truth.held.get(id)?.json)).toBe(true);
    truth.put({ id: 'm0', at: day(1), statuses: ['closed'], text: 'x'.repeat(500_000) });
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, newSource(truth, { pageSize: 10 }), april);
    expect((await storedRows(embedded.parts, slot)).length).toBe(24);
    expect(await filesBelow(embedded.parts.temporary)).toEqual([]);
  });
});
