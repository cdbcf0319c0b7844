import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/context.ts';
import { UserError } from '../../src/errors.ts';
import { DAY_MS, type Interval, instant } from '../../src/windows/interval.ts';
import { type Slot, slotAt, slotsIn } from '../../src/windows/slot.ts';
import { around, Crasher, type CrashPoint } from '../support/crashing.ts';
import { type Embedded, filesBelow, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { FindingSource, ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);
const day = (n: number) => april.start + n * DAY_MS;

const { again, newParts, scan } = useEmbedded(now);

/** Another process over the same stores, whose calls go through `pass`. */
async function otherProcess(embedded: Embedded, pass?: Parameters<typeof around>[1]): Promise<Embedded> {
  const other = await again(embedded);
  if (pass === undefined) return other;
  const { archive, staging } = other.parts;
  return { ...other, parts: { ...other.parts, archive: around(archive, pass), staging: around(staging, pass) } };
}

async function mortal(embedded: Embedded, crasher: Crasher): Promise<Context> {
  const { parts } = await otherProcess(embedded);
  return { ...parts, archive: crasher.watch(parts.archive), staging: crasher.watch(parts.staging) };
}

function sourceOf(truth: Truth): ModelSource {
  return new ModelSource(truth, scan());
}

/** The state of a slot after a run, without times. */
async function leftOf({ parts, folder }: Embedded, of: Slot = slot) {
  const { record, staged } = await parts.staging.slot(of);
  const [object] = (await parts.archive.list()).filter(({ path }) => path.includes(of.id));
  expect(record?.version).toBe(object?.version);
  expect(record?.last_error).toBeUndefined();
  return {
    rows: (await storedRows(parts, of)).map(({ id, payload, sha }) => [id, payload, sha]),
    counts: record?.counts,
    digest: record?.digest,
    count: record?.rows,
    staged: staged.map(({ message_id, reason, first_seen }) => [message_id, reason, first_seen]),
    quarantine: (await filesBelow(folder)).filter((path) => path.includes('_quarantine')),
  };
}

/** The source's initial messages. */
function truthOf(): Truth {
  const truth = new Truth();
  truth.put({ id: 'c1', at: day(1), statuses: ['closed'] });
  truth.put({ id: 'c2', at: day(2), statuses: ['closed'] });
  truth.put({ id: 'o1', at: day(3), statuses: ['open'] });
  truth.put({ id: 'o2', at: day(4), statuses: ['open'] });
  truth.put({ id: 'u1', at: day(5), statuses: [] });
  truth.putRaw('i1', day(6), '{"message_id":"i1"}');
  truth.remove('i1');
  truth.putRaw('i1', day(6), `{"timestamp":"${instant(day(6))}"}`);
  return truth;
}

/** o1 is closed, c1 re-opened, c2 amended; a closed, an open and an invalid message are added. */
function change(truth: Truth): void {
  truth.put({ id: 'o1', at: day(3), statuses: ['closed'] });
  truth.put({ id: 'c1', at: day(1), statuses: ['open'] });
  truth.put({ id: 'c2', at: day(2), statuses: ['closed'], text: 'amended' });
  truth.put({ id: 'late', at: day(7), statuses: ['closed'] });
  truth.put({ id: 'late-open', at: day(8), statuses: ['open'] });
  truth.putRaw('i2', day(9), `{"message_id":{},"timestamp":"${instant(day(9))}"}`);
}

/** The work that the crash interrupts: the state before it, and the run's options. */
const situations: Record<string, { before: (parts: Embedded, truth: Truth) => Promise<void>; refresh: boolean }> = {
  'a slot is first read': { before: async (_, truth) => change(truth), refresh: false },
  'a slot is re-read': {
    async before({ parts }, truth) {
      await runAll(parts, sourceOf(truth), april);
      change(truth);
    },
    refresh: true,
  },
  'pending messages are re-checked': {
    async before({ parts }, truth) {
      await runAll(parts, sourceOf(truth), april);
      truth.put({ id: 'o1', at: day(3), statuses: ['closed'] });
    },
    refresh: false,
  },
};

/** The steps of the merge and the report: the call of a method that makes each. */
const steps: Record<string, Pick<CrashPoint, 'method' | 'call'>> = {
  publish: { method: 'publish', call: 0 },
  quarantine: { method: 'publish', call: 1 },
  stage: { method: 'stage', call: 0 },
  record: { method: 'record', call: 0 },
  unstage: { method: 'unstage', call: 0 },
  report: { method: 'put', call: 0 },
};

const cleanRuns = new Map<string, Awaited<ReturnType<typeof leftOf>>>();

/** The state after two runs without a crash. */
async function cleanRun(name: keyof typeof situations): Promise<Awaited<ReturnType<typeof leftOf>>> {
  const known = cleanRuns.get(name);
  if (known !== undefined) return known;
  const embedded = await newParts();
  const truth = truthOf();
  const { before, refresh } = situations[name]!;
  await before(embedded, truth);
  for (let time = 0; time < 2; time += 1) {
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, sourceOf(truth), april, { refresh });
  }
  const left = await leftOf(embedded);
  cleanRuns.set(name, left);
  return left;
}

/** `first_seen` depends on which run staged the message. */
const withoutTimes = (left: Awaited<ReturnType<typeof leftOf>>) => ({
  ...left,
  staged: left.staged.map(([id, reason]) => [id, reason]),
});

/** A crash before a step leaves what one after the previous step leaves. Set ALL_CRASH_POINTS to try both. */
function whensOf(step: string): readonly CrashPoint['when'][] {
  return step === 'publish' || process.env.ALL_CRASH_POINTS ? ['before', 'after'] : ['after'];
}

describe.each(Object.keys(situations))('a process that ends while %s (promises 2 and 7: once, resumable)', (name) => {
  // A re-check meets no invalid message: it would read the full slot.
  const taken = Object.entries(steps).filter(([step]) => step !== 'quarantine' || !name.startsWith('pending'));
  const points = taken.flatMap(([step, point]) =>
    whensOf(step).map((when): [string, string, CrashPoint] => [when, step, { ...point, when }]),
  );

  it.each(points)('%s %s leaves a state that the next run completes', async (_when, _step, point) => {
    const embedded = await newParts();
    const truth = truthOf();
    const { before, refresh } = situations[name]!;
    await before(embedded, truth);
    embedded.clock.now += DAY_MS;
    const crasher = new Crasher(point);
    const died = await runAll(await mortal(embedded, crasher), sourceOf(truth), april, { refresh }).then(
      () => false,
      () => true,
    );
    expect(died).toBe(crasher.isDead);
    expect(crasher.isDead).toBe(true);
    embedded.clock.now += DAY_MS;
    const { report } = await runAll(embedded.parts, sourceOf(truth), april, { refresh });
    expect(report.isComplete).toBe(true);
    expect(withoutTimes(await leftOf(embedded))).toEqual(withoutTimes(await cleanRun(name)));
  });
});

describe('a process that ends among many slots (promise 7: resumable)', () => {
  it.each(['before', 'after'] as const)('repeats only the slots interrupted %s their record', async (when) => {
    const embedded = await newParts();
    const truth = new Truth();
    const range = { start: Date.parse('2023-10-01'), end: Date.parse('2024-05-01') };
    const slots = slotsIn(range, plainSettings.layout);
    for (const { start } of slots) truth.put({ id: `m${start}`, at: start, statuses: ['closed'] });
    const crasher = new Crasher({ method: 'record', call: 3, when });
    await expect(runAll(await mortal(embedded, crasher), sourceOf(truth), range)).rejects.toThrow();
    const done = (await embedded.parts.staging.state()).ledger.map((record) => record.slot);
    expect(done.length).toBe(when === 'before' ? 3 : 4);
    embedded.clock.now += DAY_MS;
    const source = sourceOf(truth);
    const { report } = await runAll(embedded.parts, source, range);
    expect(report.isComplete).toBe(true);
    const read = source.passes.map(({ interval }) => interval.start);
    expect(read.sort()).toEqual(slots.filter(({ id }) => !done.includes(id)).map(({ start }) => start));
  });
});

describe.each(['a slot is first read', 'a slot is re-read'])('a lost response while %s', (name) => {
  const losses: Record<string, { method: string; reply: () => unknown; code: string }> = {
    'a publication with unknown outcome': {
      method: 'publish',
      reply: () => ({ outcome: 'unknown', reason: 'the connection broke' }),
      code: 'object-unpublished',
    },
    'a publication that throws': { method: 'publish', reply: lose, code: 'archive-unavailable' },
    'a staging that throws': { method: 'stage', reply: lose, code: 'archive-unavailable' },
    'a record that throws': { method: 'record', reply: lose, code: 'archive-unavailable' },
    'an unstaging that throws': { method: 'unstage', reply: lose, code: 'archive-unavailable' },
  };

  it.each(Object.keys(losses))('to %s that took effect fails the slot; the next run completes it', async (loss) => {
    const { method, reply, code } = losses[loss]!;
    const embedded = await newParts();
    const truth = truthOf();
    const { before, refresh } = situations[name]!;
    await before(embedded, truth);
    embedded.clock.now += DAY_MS;
    let lost = false;
    const other = await otherProcess(embedded, async (called, call) => {
      const result = await call();
      if (called !== method || lost) return result;
      lost = true;
      return reply();
    });
    const { tally, report } = await runAll(other.parts, sourceOf(truth), april, { refresh });
    expect(tally.failed).toMatchObject([{ code }]);
    expect(report.isComplete).toBe(false);
    expect((await embedded.parts.staging.slot(slot)).record?.last_error).toMatchObject({ code });
    embedded.clock.now += DAY_MS;
    expect((await runAll(embedded.parts, sourceOf(truth), april, { refresh })).report.isComplete).toBe(true);
    expect(withoutTimes(await leftOf(embedded))).toEqual(withoutTimes(await cleanRun(name)));
  });
});

function lose(): never {
  throw new UserError('archive-unavailable', 'The connection broke.');
}

describe('two writers of one slot (promise 4: atomic)', () => {
  const methods = ['slot', 'open', 'publish', 'put', 'stage', 'record', 'unstage'];
  const points = methods.flatMap((method) => (['before', 'after'] as const).map((when) => [when, method] as const));

  /** Both read; all of the faster one happens at one step of the slower one, which read first. */
  async function overtaken(when: 'before' | 'after', method: string) {
    const embedded = await newParts();
    const truth = truthOf();
    await runAll(embedded.parts, sourceOf(truth), april);
    truth.put({ id: 'only-early', at: day(10), statuses: ['closed'] });
    truth.put({ id: 'closing', at: day(11), statuses: ['open'] });
    truth.put({ id: 'c2', at: day(2), statuses: ['closed'], text: 'amended once' });
    embedded.clock.now += DAY_MS;
    const later = await otherProcess(embedded);
    later.clock.now += DAY_MS / 2;
    let begun = false;
    let isRead = false;
    const overtake = async () => {
      begun = true;
      truth.remove('only-early');
      truth.put({ id: 'replaces-it', at: day(10), statuses: ['open'] });
      truth.put({ id: 'closing', at: day(11), statuses: ['closed'] });
      truth.put({ id: 'c2', at: day(2), statuses: ['closed'], text: 'amended twice' });
      truth.put({ id: 'late', at: day(12), statuses: ['closed'] });
      // If the slower one has recorded `only-early` already, the slot has shrunk.
      const { tally } = await runAll(later.parts, sourceOf(truth), april, { refresh: true, acceptFewer: true });
      expect(tally.failed).toEqual([]);
    };
    const slow = await otherProcess(embedded, async (called, call) => {
      const isHere = isRead && !begun && called === method;
      if (isHere && when === 'before') await overtake();
      const result = await call();
      if (isHere && when === 'after') await overtake();
      return result;
    });
    const source = sourceOf(truth);
    const after = () => {
      isRead = true;
    };
    source.manners = { ...source.manners, after };
    const { tally } = await runAll(slow.parts, source, april, { refresh: true });
    return { embedded, truth, tally, begun, said: slow.said };
  }

  it.each(points)('are both merged when one overtakes the other %s its %s', async (when, method) => {
    const { embedded, truth, tally, begun, said } = await overtaken(when, method);
    expect(begun).toBe(true);
    expect(tally.failed).toEqual([]);
    const stored = new Map((await storedRows(embedded.parts, slot)).map(({ id, payload }) => [id, payload]));
    expect([...stored.keys()]).toEqual(['c1', 'c2', 'only-early', 'closing', 'late']);
    for (const id of ['c2', 'closing', 'late']) expect(stored.get(id)).toBe(truth.held.get(id)?.json);
    const { record, staged } = await embedded.parts.staging.slot(slot);
    expect(staged.map(({ message_id }) => message_id)).toEqual(['o1', 'o2', 'replaces-it']);
    expect(staged.every(({ removed_at }) => removed_at === undefined)).toBe(true);
    const [object] = await embedded.parts.archive.list();
    expect(record).toMatchObject({ version: object?.version, rows: 5, read_at: instant(now + 1.5 * DAY_MS) });
    expect(record?.counts).toEqual({ read: 9, closed: 4, open: 3, unalerted: 1, invalid: 1, duplicates: 0 });
    expect(record?.cases).toMatchObject({ reopened: 0, removed_pending: 0 });
    expect(said.warnings.join('\n')).not.toMatch(/re-opened|removed at source/);
  });

  it.each(['slot', 'open', 'stage', 'record'])(
    'are both merged when a re-check is overtaken before its %s',
    async (method) => {
      const embedded = await newParts();
      const truth = truthOf();
      await runAll(embedded.parts, sourceOf(truth), april);
      truth.put({ id: 'o1', at: day(3), statuses: ['closed'] });
      embedded.clock.now += DAY_MS;
      const later = await otherProcess(embedded);
      later.clock.now += DAY_MS / 2;
      let isRead = false;
      let begun = false;
      const slow = await otherProcess(embedded, async (called, call) => {
        if (isRead && !begun && called === method) {
          begun = true;
          truth.put({ id: 'late-open', at: day(8), statuses: ['open'] });
          truth.put({ id: 'o2', at: day(4), statuses: ['closed'] });
          expect((await runAll(later.parts, sourceOf(truth), april, { refresh: true })).tally.failed).toEqual([]);
        }
        return call();
      });
      const source = new FindingSource(truth, scan());
      const { find } = source;
      source.find = async (...parameters) => {
        await find.apply(source, parameters);
        isRead = true;
      };
      const { tally } = await runAll(slow.parts, source, april);
      expect([begun, tally.failed]).toEqual([true, []]);
      expect(source.passes).toEqual([]);
      const { record, staged } = await embedded.parts.staging.slot(slot);
      expect(staged.map(({ message_id, removed_at }) => [message_id, removed_at])).toEqual([['late-open', undefined]]);
      expect(record?.counts).toEqual({ read: 7, closed: 4, open: 1, unalerted: 1, invalid: 1, duplicates: 0 });
      expect(record?.read_at).toBe(instant(now + 1.5 * DAY_MS));
      expect((await storedRows(embedded.parts, slot)).map(({ id }) => id)).toEqual(['c1', 'c2', 'o1', 'o2']);
      expect(slow.said.warnings).toEqual([]);
    },
  );

  it('fail the slot after five conflicts', async () => {
    const embedded = await newParts();
    const truth = truthOf();
    await runAll(embedded.parts, sourceOf(truth), april);
    const other = await otherProcess(embedded);
    let times = 0;
    truth.put({ id: 'late', at: day(7), statuses: ['closed'] });
    const slow = await otherProcess(embedded, async (called, call, [record]) => {
      if (called === 'record' && (record as { last_error?: unknown }).last_error === undefined) {
        times += 1;
        const { record: stored } = await other.parts.staging.slot(slot);
        await other.parts.staging.record({ ...stored!, revision: stored!.revision + 1 }, stored!.revision);
      }
      return call();
    });
    const { tally } = await runAll(slow.parts, sourceOf(truth), april, { refresh: true });
    expect(times).toBe(5);
    expect(tally.failed).toMatchObject([{ slot: { id: slot.id }, code: 'slot-contended' }]);
  });
});

describe('a reader (promise 4: atomic)', () => {
  it('that opened an object before it was replaced reads the old one to its end', async () => {
    const embedded = await newParts();
    const truth = truthOf();
    await runAll(embedded.parts, sourceOf(truth), april);
    const [{ path, bytes, version }] = (await embedded.parts.archive.list()) as [
      { path: string; bytes: number; version: string },
    ];
    const object = (await embedded.parts.archive.open(path))!;
    const before = await object.read(0, bytes);
    change(truth);
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, sourceOf(truth), april, { refresh: true });
    expect((await embedded.parts.archive.list())[0]?.version).not.toBe(version);
    expect(Buffer.compare(await object.read(0, bytes), before)).toBe(0);
    await object.close();
  });
});
