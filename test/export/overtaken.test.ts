import { describe, expect, it } from 'vitest';
import { plan } from '../../src/commands/plan.ts';
import { processLeg } from '../../src/export/leg.ts';
import { DAY_MS, type Interval, instant } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { around } from '../support/crashing.ts';
import { type Embedded, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { FindingSource, ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);
const day = (n: number) => april.start + n * DAY_MS;

const { again, newParts, scan } = useEmbedded(now);

const accepting = { refresh: true, acceptFewer: true };

/** An archive that has read `m` (closed) and `o` (open). */
async function archiveOf(truth: Truth): Promise<Embedded> {
  truth.put({ id: 'm', at: day(1), statuses: ['closed'], text: 'A' });
  truth.put({ id: 'o', at: day(2), statuses: ['open'] });
  const embedded = await newParts();
  await runAll(embedded.parts, new ModelSource(truth, scan()), april);
  embedded.clock.now += DAY_MS;
  return embedded;
}

/** A full read; before its merge the source changes, and another run reads and merges everything. */
async function overtaken(embedded: Embedded, truth: Truth, change: () => void) {
  const later = await again(embedded);
  later.clock.now += DAY_MS / 2;
  const after = async () => {
    change();
    const { tally } = await runAll(later.parts, new ModelSource(truth, scan()), april, accepting);
    expect(tally.failed).toEqual([]);
  };
  const slow = new ModelSource(truth, scan(), { after });
  embedded.said.warnings.length = 0;
  const { tally } = await runAll(embedded.parts, slow, april, accepting);
  expect(tally.failed).toEqual([]);
  return tally.done[0]!;
}

const payloads = async ({ parts }: Embedded) =>
  new Map(
    (await storedRows(parts, slot)).map(({ id, payload }) => [id, (JSON.parse(payload) as { text: string }).text]),
  );

describe('a read overtaken by a later one', () => {
  it('does not restore a version that the later one no longer returned', async () => {
    const truth = new Truth();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'm', at: day(1), statuses: ['closed'], text: 'B' });
    await overtaken(embedded, truth, () => truth.put({ id: 'm', at: day(1), statuses: ['closed'], text: 'A' }));
    expect((await payloads(embedded)).get('m')).toBe('A');
    const { record } = await embedded.parts.staging.slot(slot);
    expect(record).toMatchObject({ read_at: instant(now + 1.5 * DAY_MS), cases: { amended: 0 } });
    expect(embedded.said.warnings).toEqual([]);
  });

  it('archives the last closed version of a message that the later one found open', async () => {
    const truth = new Truth();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'm', at: day(1), statuses: ['closed'], text: 'B' });
    await overtaken(embedded, truth, () => truth.put({ id: 'm', at: day(1), statuses: ['open'], text: 'C' }));
    expect((await payloads(embedded)).get('m')).toBe('B');
    const { staged } = await embedded.parts.staging.slot(slot);
    expect(staged.map(({ message_id, reason }) => [message_id, reason])).toEqual([
      ['m', 'reopened'],
      ['o', 'open'],
    ]);
  });

  it('does not report a message as re-opened or removed that the later one found closed', async () => {
    const truth = new Truth();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'm', at: day(1), statuses: ['open'], text: 'A' });
    await overtaken(embedded, truth, () => truth.put({ id: 'm', at: day(1), statuses: ['closed'], text: 'A' }));
    expect(embedded.said.warnings).toEqual([]);
    const { record, staged } = await embedded.parts.staging.slot(slot);
    expect(staged.map(({ message_id }) => message_id)).toEqual(['o']);
    expect(record?.counts).toMatchObject({ read: 2, closed: 1, open: 1 });
  });

  it('stages a message that it alone found open as removed at source, which the next re-check does not count', async () => {
    const truth = new Truth();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'brief', at: day(3), statuses: ['open'] });
    await overtaken(embedded, truth, () => truth.remove('brief'));
    const laterAt = instant(now + 1.5 * DAY_MS);
    const { staged, record } = await embedded.parts.staging.slot(slot);
    expect(staged.map(({ message_id, removed_at }) => [message_id, removed_at])).toEqual([
      ['brief', laterAt],
      ['o', undefined],
    ]);
    expect(record?.counts).toMatchObject({ read: 2, closed: 1, open: 1 });

    embedded.clock.now += DAY_MS;
    const source = new FindingSource(truth, scan());
    await runAll(embedded.parts, source, april);
    expect(source.finds).toEqual([['brief', 'o']]);
    expect(source.passes).toEqual([]);
    expect((await embedded.parts.staging.slot(slot)).record?.counts).toMatchObject({ read: 2, closed: 1, open: 1 });
  });
});

describe('a merge repeated after it published and another writer came first', () => {
  it('reports its total changes', async () => {
    const truth = new Truth();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'm', at: day(1), statuses: ['closed'], text: 'B' });
    truth.put({ id: 'late', at: day(4), statuses: ['closed'] });
    const { staging } = embedded.parts;
    let records = 0;
    const raced = around(staging, async (method, call) => {
      records += method === 'record' ? 1 : 0;
      if (method === 'record' && records === 1) {
        const { record } = await staging.slot(slot);
        await staging.record({ ...record!, revision: record!.revision + 1 }, record!.revision);
      }
      return call();
    });
    const { tally } = await runAll(
      { ...embedded.parts, staging: raced },
      new ModelSource(truth, scan()),
      april,
      accepting,
    );
    expect(records).toBe(2);
    expect(tally.done).toMatchObject([{ added: 1, isWritten: true, record: { cases: { amended: 1 }, rows: 2 } }]);
    expect(embedded.said.warnings).toEqual([expect.stringContaining('1 archived message was amended at source: "m"')]);
    const { staged } = await staging.slot(slot);
    expect(staged.map(({ message_id, checks }) => [message_id, checks])).toEqual([['o', 2]]);
  });
});

describe('a re-check that overtakes another read', () => {
  it.each([false, true])('stays recorded when that read is merged (refresh: %s)', async (refresh) => {
    const truth = new Truth();
    const embedded = await archiveOf(truth);
    const later = await again(embedded);
    later.clock.now += DAY_MS / 2;
    const after = async () => void (await runAll(later.parts, new ModelSource(truth, scan()), april));
    const slow = new ModelSource(truth, scan(), { after });
    const { report } = await runAll(embedded.parts, slow, april, { refresh });
    expect(report.isComplete).toBe(true);
    const { record } = await embedded.parts.staging.slot(slot);
    const read_at = instant(refresh ? embedded.clock.now : now);
    expect(record).toMatchObject({ revision: 3, read_at, rechecked_at: instant(later.clock.now) });
  });
});

describe('a deferred re-check that another run has made in the meantime', () => {
  it('is not missing', async () => {
    const truth = new Truth();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'o', at: day(2), statuses: ['closed'] });
    const source = new ModelSource(truth, scan());
    const sources = { live: source, settled: source };
    const made = await plan(embedded.parts, sources, { range: april, refresh: false, scrubWindows: 0 });
    expect(made.slots.map(({ action }) => action)).toEqual(['re-check']);
    expect((await runAll((await again(embedded)).parts, source, april)).report.isComplete).toBe(true);
    const { deferred } = await processLeg(embedded.parts, sources, made.slots, {
      acceptFewer: false,
      timeBudgetMs: -1,
    });
    expect(deferred).toEqual([{ slot, action: 're-check', because: 'time' }]);

    embedded.clock.now += DAY_MS;
    const { tally, report } = await runAll(embedded.parts, source, april);
    expect(tally.done).toEqual([]);
    expect(report.isComplete).toBe(true);
  });
});
