import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/context.ts';
import { UserError } from '../../src/errors.ts';
import { noteDeferred, noteFailure } from '../../src/export/deferred.ts';
import { instant } from '../../src/windows/interval.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { Threads } from '../../src/worker/threads.ts';
import { type Embedded, embed, plainSettings } from '../support/embedded.ts';
import { ledgerRecord } from '../support/ledger.ts';
import { range } from '../windows/arbitraries.ts';

const now = Date.parse('2024-09-01');
const url = 'https://example.com/runs/7';
const slots = slotsIn(range('2024-01-18', '2024-05-17'), plainSettings.layout);
const [slot, other] = [slots[0]!, slots[1]!];
const bare = { slot: slot.id, revision: 1, outside: 0, rows: 0, bytes_in: 0, bytes_out: 0, took_ms: 0 };
const moment = { at: instant(now), run_url: url };

const threads = new Threads(1);
const opened: Embedded[] = [];
afterEach(async () => {
  for (const embedded of opened.splice(0)) await embedded.close();
});
afterAll(() => threads.close());

async function newParts(): Promise<Embedded> {
  const embedded = await embed(threads, { now, run: { id: '7', url } });
  opened.push(embedded);
  return embedded;
}

/** Parts whose staging takes no record, and counts those that it was asked to take. */
function failing({ parts }: Embedded): Context & { tried: number } {
  const record = async () => {
    failed.tried += 1;
    throw new UserError('The table is away.');
  };
  const slot = parts.staging.slot.bind(parts.staging);
  const failed = { ...parts, staging: Object.assign(Object.create(parts.staging), { record, slot }), tried: 0 };
  return failed;
}

describe('a failure', () => {
  it('is noted for a slot of which nothing is known', async () => {
    const { parts } = await newParts();
    await noteFailure(parts, slot, new UserError('It is down.'));
    const { record } = await parts.staging.slot(slot);
    expect(record).toEqual({ ...bare, last_error: { ...moment, message: 'It is down.' } });
  });

  it('is noted beside what is known, in the place of what was left before', async () => {
    const { parts } = await newParts();
    const { deferred, ...known } = ledgerRecord({ slot: slot.id });
    await parts.staging.record({ ...known, deferred: deferred! }, 0);
    await noteFailure(parts, slot, new TypeError('x is not a function'));
    expect((await parts.staging.slot(slot)).record).toEqual({
      ...known,
      revision: 2,
      last_error: { ...moment, message: 'TypeError: x is not a function' },
    });
  });

  it('that cannot be noted is told, and ends nothing', async () => {
    const embedded = await newParts();
    await noteFailure(failing(embedded), slot, new UserError('It is down.'));
    expect(embedded.said.warnings).toEqual([`The failure of slot ${slot.id} is not in the ledger: The table is away.`]);
  });
});

describe('what is left', () => {
  it('is noted, each slot with what was to be done and why it was not', async () => {
    const { parts } = await newParts();
    const { deferred: _, ...known } = ledgerRecord({ slot: other.id });
    await parts.staging.record(known, 0);
    const asked = [
      { slot, action: 'read', because: 'leg' },
      { slot: other, action: 're-check', because: 'source' },
    ] as const;
    await noteDeferred(parts, asked);
    expect((await parts.staging.slot(slot)).record).toEqual({
      ...bare,
      deferred: { ...moment, action: 'read', because: 'leg' },
    });
    expect((await parts.staging.slot(other)).record).toEqual({
      ...known,
      revision: 2,
      deferred: { ...moment, action: 're-check', because: 'source' },
    });
  });

  it('gives way to another writer, who has done something since', async () => {
    const embedded = await newParts();
    const { parts } = embedded;
    const { deferred: _, ...read } = ledgerRecord({ slot: slot.id });
    const behind = async (one: typeof slot) => {
      const found = await parts.staging.slot(one);
      await parts.staging.record(read, 0);
      return found;
    };
    const staging = Object.assign(Object.create(parts.staging), {
      slot: behind,
      record: parts.staging.record.bind(parts.staging),
    });
    await noteDeferred({ ...parts, staging }, [{ slot, action: 'read', because: 'time' }]);
    expect((await parts.staging.slot(slot)).record).toEqual(read);
    expect(embedded.said.warnings).toEqual([]);
  });

  it('that cannot be noted is told once, and no more is begun', async () => {
    const embedded = await newParts();
    const many = Array.from({ length: 50 }, () => ({ slot: slots[3]!, action: 'read', because: 'time' }) as const);
    const parts = failing(embedded);
    await noteDeferred(parts, many);
    // What was still begun would be by now.
    await setImmediate();
    expect(parts.tried).toBeLessThan(20);
    expect(embedded.said.warnings).toEqual(['That 50 slots are left is not in the ledger: The table is away.']);
  });
});
