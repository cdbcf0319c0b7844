import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import type { Sources } from '../../src/context.ts';
import { type Log, type Probed, RequestRefused, type Source, Unavailable } from '../../src/io/ports.ts';
import type { Facts, PlannedSlot } from '../../src/plan/decide.ts';
import { probeSources } from '../../src/plan/probe.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotsIn } from '../../src/windows/slot.ts';

const layout = { windowDays: 60, partitionBy: 'month' } as const;
const planned: readonly PlannedSlot[] = slotsIn({ start: 0, end: 150 * DAY_MS }, layout).map(
  (slot) => ({ slot, source: 'api', action: 'read', reason: 'new', staged: 0 }) as unknown as PlannedSlot,
);

/** Probes a source that responds by `probe`: the slots that were read, and the warnings. */
async function probe(respond: (range: Interval, count: number) => Probed | undefined, slots = planned, closed = 0) {
  const seen: Interval[] = [];
  const warnings: string[] = [];
  const source = {
    name: 'api',
    probe: async (range: Interval) => {
      seen.push(range);
      return respond(range, seen.length);
    },
  } as unknown as Source;
  const ledger = new Map([['slot', { counts: { closed } } as unknown as LedgerRecord]]);
  const log = { warning: (text: string) => warnings.push(text) } as unknown as Log;
  const sources: Sources = { live: source, settled: source };
  await probeSources(sources, slots, { ledger } as unknown as Facts, log);
  return { seen, warnings };
}

describe('probeSources', () => {
  it('reads one page of the last slot but one, and passes its warnings on', async () => {
    const { seen, warnings } = await probe(() => ({ warnings: ['No alert has status "closed".'] }));
    expect(seen).toEqual([planned.at(-2)!.slot]);
    expect(warnings).toEqual(['No alert has status "closed".']);
  });

  it('reads up to three slots until one has messages', async () => {
    expect((await probe((_, count) => (count === 3 ? { warnings: [] } : undefined))).seen).toHaveLength(3);
    expect((await probe(() => undefined)).seen).toHaveLength(3);
  });

  it('reads nothing if no slot is planned, or a source does not probe', async () => {
    expect((await probe(() => ({ warnings: [] }), [])).seen).toEqual([]);
    const source = { name: 'api' } as unknown as Source;
    const facts = { ledger: new Map() } as unknown as Facts;
    await probeSources({ live: source, settled: source }, planned, facts, {} as unknown as Log);
  });

  it('ends the plan if no message can be read, unless the archive has closed messages', async () => {
    const failing = () => ({ failure: 'No id.', warnings: [] });
    await expect(probe(failing)).rejects.toMatchObject({ code: 'source-response-invalid', message: 'No id.' });
    expect((await probe(failing, planned, 1)).warnings).toEqual([]);
  });

  it('ends the plan if the source refuses the credentials or the URL', async () => {
    for (const status of [401, 403, 404])
      await expect(
        probe(() => {
          throw new RequestRefused(`answers ${status}`, status);
        }),
      ).rejects.toThrow(`${status}`);
  });

  it('leaves it to the legs to report a source that is down, or refuses one slot', async () => {
    for (const error of [
      new Unavailable('source-unavailable', 'answers 503', 503),
      new RequestRefused('answers 422', 422),
    ])
      expect(
        await probe(() => {
          throw error;
        }),
      ).toMatchObject({ warnings: [] });
  });
});
