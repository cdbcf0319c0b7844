import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quarantineFolder } from '../../src/archive/layout.ts';
import { verify } from '../../src/commands/verify.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { type Embedded, filesBelow, plainSettings, quarantineOf, runAll } from '../support/embedded.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);

const { newParts, scan } = useEmbedded(now);

const at = (n: number) => april.start + n * 1000;
const invalid = (n: number) => `{"timestamp":"${new Date(at(n)).toISOString()}","alerts":[],"n":${n}}`;

function truthOf(...ns: number[]): Truth {
  const truth = new Truth();
  truth.put({ id: 'c', at: april.start, statuses: ['closed'] });
  for (const n of ns) truth.putRaw(`invalid-${n}`, at(n), invalid(n));
  return truth;
}

async function read(embedded: Embedded, truth: Truth): Promise<string[]> {
  embedded.clock.now += DAY_MS;
  await runAll(embedded.parts, new ModelSource(truth, scan()), april, { refresh: true });
  return filesBelow(join(embedded.folder, 'archive', quarantineFolder(slot.id)));
}

describe('the quarantine of a slot', () => {
  it('is one object of all invalid messages, named after its bytes and recorded in the ledger', async () => {
    const embedded = await newParts();
    const files = await read(embedded, truthOf(3, 1, 2));
    const [name = ''] = files;
    const bytes = await readFile(join(embedded.folder, 'archive', quarantineFolder(slot.id), name));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(files).toEqual([`${sha256}.jsonl`]);
    expect((await embedded.parts.staging.slot(slot)).record?.quarantine_sha256).toBe(sha256);
    const lines = bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ payload }) => payload).sort()).toEqual([1, 2, 3].map(invalid));
    const shas = lines.map(({ payload_sha256 }) => payload_sha256);
    expect(shas).toEqual([...shas].sort());
  });

  it('is written only if other messages are invalid; earlier objects stay', async () => {
    const embedded = await newParts();
    const first = await read(embedded, truthOf(1, 2));
    expect(await read(embedded, truthOf(2, 1))).toEqual(first);
    const second = await read(embedded, truthOf(2, 3));
    expect([second.length, second]).toEqual([2, expect.arrayContaining(first)]);
    expect((await quarantineOf(embedded, slot)).map(({ payload }) => payload).sort()).toEqual([1, 2, 3].map(invalid));
    expect(await read(embedded, truthOf())).toEqual(second);
    expect((await embedded.parts.staging.slot(slot)).record).not.toHaveProperty('quarantine_sha256');
  });

  it('is checked by verify, and written again by the next read if it is missing', async () => {
    const embedded = await newParts();
    const [name = ''] = await read(embedded, truthOf(1, 2));
    const path = `${quarantineFolder(slot.id)}/${name}`;
    const file = join(embedded.folder, 'archive', path);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(1));
    expect((await verify(embedded.parts)).differences).toEqual([
      expect.stringContaining(`${path} is damaged or forged (its bytes do not match its name)`),
    ]);
    await rm(file);
    expect((await verify(embedded.parts)).differences).toEqual([expect.stringContaining(`${path} is missing`)]);
    await read(embedded, truthOf(1, 2));
    expect(await readFile(file)).toEqual(bytes);
    expect((await verify(embedded.parts)).differences).toEqual([]);
  });
});
