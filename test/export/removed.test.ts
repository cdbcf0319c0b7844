import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verify } from '../../src/commands/verify.ts';
import { DAY_MS, type Interval, instant } from '../../src/windows/interval.ts';
import { type Slot, slotAt } from '../../src/windows/slot.ts';
import { type Embedded, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
/** One settled slot. */
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);

const { newParts, scan } = useEmbedded(now);

const newSource = (truth: Truth) => new ModelSource(truth, scan());

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

describe('a shrunk slot', () => {
  const shrunk = (rest: string) =>
    `Slot ${slot.id} has shrunk: the source returned ${rest}. Check the source. If the messages were removed on purpose, run with accept-fewer: true.`;
  const failures = async (embedded: Embedded, source: ModelSource, changes = {}) => {
    embedded.clock.now += DAY_MS;
    const { tally } = await runAll(embedded.parts, source, april, { refresh: true, ...changes });
    for (const { code } of tally.failed) expect(code).toBe('slot-shrunk');
    return tally.failed.map(({ message }) => message);
  };

  it('fails even if another message was added, until the removal is accepted', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'c2', 'o1');
    const source = newSource(truth);
    await runAll(embedded.parts, source, april);
    truth.remove('c1');
    truth.put({ id: 'new', at: day(9), statuses: ['closed'] });
    const sentence = shrunk(`3 messages with alerts (3 on ${instant(now)}); no longer returned: "c1"`);
    for (let time = 0; time < 2; time += 1) expect(await failures(embedded, source)).toEqual([sentence]);
    expect(await idsOf(embedded)).toEqual(['c1', 'c2']);
    expect(await failures(embedded, source, { acceptFewer: true })).toEqual([]);
    expect(await idsOf(embedded)).toEqual(['c1', 'c2', 'new']);
    for (let time = 0; time < 2; time += 1) expect(await failures(embedded, source)).toEqual([]);
    truth.remove('new');
    truth.put({ id: 'newer', at: day(10), statuses: ['closed'] });
    const [failure] = await failures(embedded, source);
    expect(failure).toContain('no longer returned: "new". Check');
  });

  it('must be accepted again if a message comes back and is removed again', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'c2');
    const source = newSource(truth);
    await runAll(embedded.parts, source, april);
    const kept = truth.held.get('c1')!;
    truth.remove('c1');
    expect(await failures(embedded, source, { acceptFewer: true })).toEqual([]);
    truth.putRaw('c1', kept.at, kept.json);
    expect(await failures(embedded, source)).toEqual([]);
    expect((await recordOf(embedded))?.removed_sha256).toBeUndefined();
    truth.remove('c1');
    truth.put({ id: 'new', at: day(9), statuses: ['closed'] });
    expect((await failures(embedded, source))[0]).toContain('no longer returned: "c1". Check');
  });

  it('names pending messages that are no longer returned or have no alerts any more', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'o1', 'o2');
    const source = newSource(truth);
    await runAll(embedded.parts, source, april);
    truth.remove('o1');
    truth.put({ id: 'o2', at: truth.held.get('o2')!.at, statuses: [] });
    expect(await failures(embedded, source)).toEqual([
      shrunk(
        `1 message with alerts, down from 3 on ${instant(now)}; no longer returned: "o1"; now without alerts: "o2"`,
      ),
    ]);
    truth.put({ id: 'o1', at: day(5), statuses: ['open'] });
    truth.put({ id: 'new', at: day(9), statuses: ['open'] });
    expect(await failures(embedded, source)).toEqual([]);
    expect(embedded.said.warnings.join('\n')).toContain(
      `Slot ${slot.id}: 1 pending message now without alerts, no longer pending: "o2".`,
    );
  });

  it('names the first 20 messages, and the number of others', async () => {
    const embedded = await newParts();
    const ids = Array.from({ length: 26 }, (_, n) => `c${String(n).padStart(2, '0')}`);
    const truth = aprilOf(...ids);
    const source = newSource(truth);
    await runAll(embedded.parts, source, april);
    for (const id of ids.slice(1)) truth.remove(id);
    const named = ids.slice(1, 21).map((id) => `"${id}"`);
    expect(await failures(embedded, source)).toEqual([
      shrunk(
        `1 message with alerts, down from 26 on ${instant(now)}; no longer returned: ${named.join(', ')} and 5 more`,
      ),
    ]);
  });

  it('must be accepted again if the list of accepted removals is lost, which verify reports too', async () => {
    const embedded = await newParts();
    const truth = aprilOf('c1', 'c2', 'c3');
    const source = newSource(truth);
    await runAll(embedded.parts, source, april);
    truth.remove('c1');
    expect(await failures(embedded, source, { acceptFewer: true })).toEqual([]);
    await rm(join(embedded.folder, 'archive', '_removed'), { recursive: true });
    const path = `_removed/${slot.id}/${(await recordOf(embedded))?.removed_sha256}.jsonl`;
    expect((await verify(embedded.parts)).differences).toEqual([expect.stringContaining(`${path} is missing`)]);
    expect((await failures(embedded, source))[0]).toContain('no longer returned: "c1". Check');
    expect(embedded.said.warnings).toContain(
      `The list ${path} of messages removed at the source is missing. The messages must be accepted again.`,
    );
  });
});
