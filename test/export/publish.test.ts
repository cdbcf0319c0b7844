import { describe, expect, it } from 'vitest';
import type { Archive } from '../../src/io/ports.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { type Embedded, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { chance } from '../support/life-model.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);

/** Their payloads fill three row groups. */
const messages = 30;
const textChars = 1_000_000;

const { newParts, scan } = useEmbedded(now);

/** Text that does not compress well, so that payloads dominate the file. */
function noise(seed: number): string {
  const pick = chance(seed);
  const word = Array.from({ length: textChars / 100 }, () => String.fromCharCode(35 + pick(57))).join('');
  return Array.from({ length: 100 }, (_, n) => word.slice(n) + word.slice(0, n)).join('');
}

/** Counts the bytes read from objects. */
function counting(archive: Archive): { archive: Archive; bytes: () => number } {
  let bytes = 0;
  const open: Archive['open'] = async (path) => {
    const object = await archive.open(path);
    if (object === undefined) return undefined;
    const read: typeof object.read = (start, end) => {
      bytes += end - start;
      return object.read(start, end);
    };
    return { size: object.size, version: object.version, read, close: () => object.close() };
  };
  const counted = new Proxy(archive, {
    get: (target, name) => {
      if (name === 'open') return open;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { archive: counted, bytes: () => bytes };
}

async function refreshed({ parts, clock }: Embedded, truth: Truth) {
  clock.now += DAY_MS;
  const { archive, bytes } = counting(parts.archive);
  const { tally } = await runAll({ ...parts, archive }, new ModelSource(truth, scan()), april, {
    refresh: true,
    acceptFewer: true,
  });
  expect(tally.failed).toEqual([]);
  return { done: tally.done[0]!, bytes: bytes() };
}

describe('a merge', () => {
  it('reads nothing of an object that holds what was found, else its small columns and the payloads to compare', async () => {
    const truth = new Truth();
    for (let n = 0; n < messages; n += 1)
      truth.put({ id: `m${n}`, at: april.start + n * 1000, statuses: ['closed'], text: noise(n) });
    const embedded = await newParts();
    await runAll(embedded.parts, new ModelSource(truth, scan()), april);
    const [object] = await embedded.parts.archive.list();
    expect(object!.bytes).toBeGreaterThan(messages * 1000);

    const same = await refreshed(embedded, truth);
    expect([same.bytes, same.done.isWritten]).toEqual([0, false]);

    truth.put({ id: 'open', at: april.start, statuses: ['open'] });
    truth.remove('m3');
    const removed = await refreshed(embedded, truth);
    expect(removed.done.isWritten).toBe(false);
    expect(removed.bytes).toBeGreaterThan(0);
    expect(removed.bytes).toBeLessThan(object!.bytes / 10);

    const { json } = truth.held.get('m29')!;
    truth.putRaw('m29', april.start + 29_000, json.replace('{', '{ '));
    const respelled = await refreshed(embedded, truth);
    expect(respelled.done.isWritten).toBe(false);
    expect(respelled.bytes).toBeGreaterThan(removed.bytes);
    expect(respelled.bytes).toBeLessThan(object!.bytes / 2);
    expect((await storedRows(embedded.parts, slot)).length).toBe(messages);
  });
});
