import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/context.ts';
import { UserError } from '../../src/errors.ts';
import { recordDeferred, recordFailure } from '../../src/export/deferred.ts';
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

/** Parts whose staging refuses every record, with the number of attempts. */
function failing({ parts }: Embedded): Context & { tried: number } {
  const record = async () => {
    failed.tried += 1;
    throw new UserError('staging-unavailable', 'The table is away.');
  };
  const slot = parts.staging.slot.bind(parts.staging);
  const failed = { ...parts, staging: Object.assign(Object.create(parts.staging), { record, slot }), tried: 0 };
  return failed;
}

describe('recordFailure', () => {
  it('creates a record for a slot without one', async () => {
    const { parts } = await newParts();
    await recordFailure(parts, slot, new UserError('source-unavailable', 'It is down.'));
    const { record } = await parts.staging.slot(slot);
    expect(record).toEqual({ ...bare, last_error: { ...moment, code: 'source-unavailable', message: 'It is down.' } });
  });

  it('keeps the facts of the last read, and replaces a deferral', async () => {
    const { parts } = await newParts();
    const { deferred, ...known } = ledgerRecord({ slot: slot.id });
    await parts.staging.record({ ...known, deferred: deferred! }, 0);
    await recordFailure(parts, slot, new TypeError('x is not a function'));
    expect((await parts.staging.slot(slot)).record).toEqual({
      ...known,
      revision: 2,
      last_error: { ...moment, code: 'internal-error', message: 'TypeError: x is not a function' },
    });
  });

  it('warns if the record cannot be written, and does not throw', async () => {
    const embedded = await newParts();
    await recordFailure(failing(embedded), slot, new UserError('source-unavailable', 'It is down.'));
    expect(embedded.said.warnings).toEqual([
      `The failure of slot ${slot.id} was not recorded in the ledger: The table is away.`,
    ]);
  });
});

describe('recordDeferred', () => {
  it('records the planned action and the reason for each slot', async () => {
    const { parts } = await newParts();
    const { deferred: _, ...known } = ledgerRecord({ slot: other.id });
    await parts.staging.record(known, 0);
    const asked = [
      { slot, action: 'read', because: 'leg' },
      { slot: other, action: 're-check', because: 'source' },
    ] as const;
    await recordDeferred(parts, asked);
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

  it('leaves a record that another run has written since', async () => {
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
    await recordDeferred({ ...parts, staging }, [{ slot, action: 'read', because: 'time' }]);
    expect((await parts.staging.slot(slot)).record).toEqual(read);
    expect(embedded.said.warnings).toEqual([]);
  });

  it('warns once if records cannot be written, and starts no more', async () => {
    const embedded = await newParts();
    const many = Array.from({ length: 50 }, () => ({ slot: slots[3]!, action: 'read', because: 'time' }) as const);
    const parts = failing(embedded);
    await recordDeferred(parts, many);
    // Any further attempt would have started by now.
    await setImmediate();
    expect(parts.tried).toBeLessThan(20);
    expect(embedded.said.warnings).toEqual([
      'Not all of 50 deferred slots were recorded in the ledger: The table is away.',
    ]);
  });
});
