import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Data, makeData, RecordBatch, Struct, Table, Utf8 } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { objectPath } from '../../src/archive/layout.ts';
import type { Format } from '../../src/archive/schema.ts';
import { verify } from '../../src/commands/verify.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { type Embedded, plainSettings, runAll } from '../support/embedded.ts';
import { blessVersion, fileOf, forgeRecord, forgetHash, readTable, writeTable } from '../support/forging.ts';
import { columnsShape } from '../support/messages.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);

const { newParts, scan } = useEmbedded(now);

/** Six messages with a value in each declared column. */
function truthOf(): Truth {
  const truth = new Truth();
  for (let n = 0; n < 6; n += 1) {
    const at = april.start + n * DAY_MS;
    const alerts = [{ alert_id: `x${n}`, status: 'closed' }];
    const declared = {
      subject: `subject ${n}`,
      sequence: n,
      risk: { score: n / 7 },
      private: true,
      sent: '2024-04-01',
    };
    const text = JSON.stringify({ message_id: `a${n}`, timestamp: new Date(at).toISOString(), alerts, ...declared });
    truth.putRaw(`a${n}`, at, text);
  }
  return truth;
}

async function archiveOf(format: Format = 'parquet'): Promise<Embedded> {
  const embedded = await newParts({ settings: { ...plainSettings, format, shape: columnsShape } });
  const { report } = await runAll(embedded.parts, new ModelSource(truthOf(), scan(format)), april);
  expect(report.isComplete).toBe(true);
  return embedded;
}

const values = (table: Table, name: string) => table.getChild(name)!.data[0]!;
const alerts = (table: Table, at: number): Data => values(table, 'alerts').children[0]!.children[at]!;

/** Replaces a text by another of the same length. */
function spell({ values: bytes }: Data, from: string, to: string): void {
  const at = Buffer.from(bytes).indexOf(from);
  expect([at >= 0, from.length]).toEqual([true, to.length]);
  Buffer.from(to).copy(bytes as Uint8Array, at);
}

function put<Value>({ values: of }: Data, n: number, change: (value: Value) => Value): void {
  of[n] = change(of[n] as Value);
}

/** The table with other sources. */
function withSources(table: Table, sources: readonly string[]): Table {
  const data = Buffer.from(sources.join(''));
  const valueOffsets = Int32Array.from([0, ...sources.map((_, n) => sources.slice(0, n + 1).join('').length)]);
  const source = makeData({ type: new Utf8(), length: sources.length, nullCount: 0, valueOffsets, data });
  const children = table.schema.fields.map(({ name }) => (name === 'source' ? source : values(table, name)));
  const type = new Struct(table.schema.fields);
  return new Table(new RecordBatch(table.schema, makeData({ type, length: table.numRows, nullCount: 0, children })));
}

/** Rewrites the object with a changed table, with another writer than the archive's. */
const inTable =
  (change: (table: Table) => unknown) =>
  async (path: string): Promise<void> => {
    const { table, facts } = await readTable(path);
    const changed = change(table);
    await writeTable(path, changed instanceof Table ? changed : table, facts);
  };

/** Replaces bytes in the footer, or the last ones before it, in the page indexes. */
const behindPages =
  (where: 'footer' | 'indexes', from: Buffer, to: Buffer) =>
  async (path: string): Promise<void> => {
    const bytes = await readFile(path);
    const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    const places: number[] = [];
    if (where === 'indexes') places.push(bytes.lastIndexOf(from, footer - from.length));
    else for (let at = bytes.indexOf(from, footer); at >= 0; at = bytes.indexOf(from, at + 1)) places.push(at);
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(Math.max(...places)).toBeGreaterThan(0);
    for (const at of places) to.copy(bytes, at);
    await writeFile(path, bytes);
  };

const micros = (ms: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(ms) * 1000n);
  return bytes;
};
const last = april.start + 5 * DAY_MS;

/** Changes that the columns alone reveal, and the column or place that the difference names. */
const forgeries: Record<string, { forge: (path: string) => Promise<void>; says: string }> = {
  'an alert status': {
    forge: inTable((table) => spell(alerts(table, 1), 'closed', 'opened')),
    says: 'alerts.status of row 1',
  },
  'an alert id': {
    forge: inTable((table) => spell(alerts(table, 0), 'x3', 'y3')),
    says: 'alerts.alert_id of row 4',
  },
  'an alert count': {
    forge: inTable((table) => put(values(table, 'alert_count'), 2, () => 2)),
    says: 'alert_count of row 3',
  },
  'a declared text': {
    forge: inTable((table) => spell(values(table, 'subject'), 'subject 4', 'Subject 4')),
    says: 'subject of row 5',
  },
  'a declared number': {
    forge: inTable((table) => put(values(table, 'sequence'), 1, () => 7n)),
    says: 'sequence of row 2',
  },
  'a declared double': {
    forge: inTable((table) => put(values(table, 'score'), 0, () => -0)),
    says: 'score of row 1',
  },
  'a declared boolean': {
    forge: inTable((table) => put(values(table, 'private'), 0, (value: number) => value ^ 4)),
    says: 'private of row 3',
  },
  'a declared timestamp': {
    forge: inTable((table) => put(values(table, 'sent'), 5, (value: bigint) => value + 1n)),
    says: 'sent of row 6',
  },
  'when a row was read, to an instant with microseconds': {
    forge: inTable((table) => put(values(table, 'read_at'), 0, (value: bigint) => value + 1n)),
    says: 'read_at of row 1',
  },
  'a source, to an unknown one': {
    forge: inTable((table) => spell(values(table, 'source'), 'api', 'apj')),
    says: 'source of row 1',
  },
  'the statistics of the ids': {
    forge: behindPages('footer', Buffer.from('\x02a5'), Buffer.from('\x02a2')),
    says: 'column message_id',
  },
  'the statistics of the timestamps': {
    forge: behindPages('footer', micros(last), micros(last - 1)),
    says: 'column timestamp',
  },
  'the width of a number in the footer, which strict readers refuse': {
    forge: behindPages('footer', Buffer.from('alert_count\x005'), Buffer.from('alert_count\x004')),
    says: 'footer',
  },
  'the page index of the timestamps': {
    forge: behindPages('indexes', micros(last), micros(last - 1)),
    says: 'column timestamp',
  },
};

/** Changes that only the hash of the bytes reveals. */
const onlyByHash: Record<string, (path: string) => Promise<void>> = {
  'a source, to another one': inTable((table) => withSources(table, Array(6).fill('elasticsearch'))),
  'when a row was read, to an earlier instant': inTable((table) =>
    put(values(table, 'read_at'), 0, (value: bigint) => value - 3_600_000_000n),
  ),
  'nothing, and wrote it with another writer': inTable(() => undefined),
};

const path = objectPath(slot, 'parquet');
/** One difference, which names the object and the place. */
const damagedAt = (place: string, object = path) => [
  expect.stringMatching(new RegExp(`^The object ${RegExp.escape(object)} .*damaged.*${RegExp.escape(place)}`)),
];

/** True if the forged object has the version in the ledger. */
const versions = { 'whose version is the ledger’s': true, 'of another version': false };

/**
 * True and false: does the ledger have the object's hash? Each forgery is tried with one of them in each test, and with both
 * if ALL_FORGERIES is set.
 */
const hashStates = (n: number) => (process.env.ALL_FORGERIES ? [true, false] : [n % 2 === 0]);

describe.each(Object.entries(versions))('an object %s', (_, isBlessed) => {
  async function forged(forge: (path: string) => Promise<void>, knowsHash: boolean): Promise<Embedded> {
    const embedded = await archiveOf();
    const { record } = await embedded.parts.staging.slot(slot);
    await forge(fileOf(embedded, slot));
    if (isBlessed) await blessVersion(embedded, slot);
    if (knowsHash) await forgeRecord(embedded, slot, () => ({ object_sha256: record!.object_sha256! }));
    else await forgetHash(embedded, slot);
    return embedded;
  }

  it.each(Object.entries(forgeries))(
    'in which somebody changed %s is detected by its columns',
    async (name, { forge, says }) => {
      for (const knowsHash of hashStates(Object.keys(forgeries).indexOf(name) + Number(isBlessed))) {
        const embedded = await forged(forge, knowsHash);
        expect((await verify(embedded.parts)).differences).toEqual(damagedAt(says));
      }
    },
  );

  it.each(Object.entries(onlyByHash))('in which somebody changed %s is detected by its bytes', async (_, forge) => {
    const embedded = await forged(forge, true);
    expect((await verify(embedded.parts)).differences).toEqual([expect.stringContaining('does not have the SHA-256')]);
  });

  it('whose rows were read later than the ledger says, or than today, is detected', async () => {
    const later = inTable((table) =>
      put(values(table, 'read_at'), 4, (value: bigint) => value + BigInt(3 * DAY_MS) * 1000n),
    );
    const embedded = await forged(later, false);
    expect((await verify(embedded.parts)).differences).toEqual([
      expect.stringContaining(`${path} holds a message that was read after it was written (row 5)`),
    ]);
  });
});

describe('a run', () => {
  const all = Object.entries({
    ...Object.fromEntries(Object.entries(forgeries).map(([name, { forge }]) => [name, forge])),
    ...onlyByHash,
  });

  it.each(all)('never adopts an object in which somebody changed %s', async (name, forge) => {
    for (const knowsHash of name in onlyByHash ? [true] : hashStates(Object.keys(forgeries).indexOf(name))) {
      const embedded = await archiveOf();
      if (!knowsHash) await forgetHash(embedded, slot);
      await forge(fileOf(embedded, slot));
      const before = await embedded.parts.staging.slot(slot);
      const differences = (await verify(embedded.parts)).differences;
      expect(differences).toEqual([expect.stringContaining(path)]);
      for (let time = 0; time < 2; time += 1) {
        embedded.clock.now += DAY_MS;
        const { tally, report } = await runAll(embedded.parts, new ModelSource(truthOf(), scan()), april);
        expect(tally.failed).toMatchObject([{ code: 'object-damaged', message: expect.stringContaining(path) }]);
        expect(report.isComplete).toBe(false);
      }
      const { record } = await embedded.parts.staging.slot(slot);
      expect([record?.version, record?.object_sha256]).toEqual([before.record?.version, before.record?.object_sha256]);
      expect((await verify(embedded.parts)).differences).toEqual(differences);
    }
  });

  it('computes a hash missing in the ledger once, by reading the whole object', async () => {
    const embedded = await archiveOf();
    const { record } = await embedded.parts.staging.slot(slot);
    await forgetHash(embedded, slot);
    await runAll(embedded.parts, new ModelSource(truthOf(), scan()), april, { refresh: true });
    const after = (await embedded.parts.staging.slot(slot)).record;
    expect(after).toMatchObject({ object_sha256: record!.object_sha256, version: record!.version });
  });

  it('adopts an object that a run published before it was interrupted; until then verify reports it', async () => {
    const embedded = await archiveOf();
    const { record } = await embedded.parts.staging.slot(slot);
    const truth = truthOf();
    truth.put({ id: 'late', at: april.start + DAY_MS / 2, statuses: ['closed'] });
    embedded.clock.now += DAY_MS;
    const staging = Object.assign(Object.create(embedded.parts.staging), {
      slot: embedded.parts.staging.slot.bind(embedded.parts.staging),
      state: embedded.parts.staging.state.bind(embedded.parts.staging),
      source: embedded.parts.staging.source.bind(embedded.parts.staging),
      recordSource: embedded.parts.staging.recordSource.bind(embedded.parts.staging),
      stage: () => Promise.reject(new Error('cut')),
      record: async () => false,
    });
    await runAll({ ...embedded.parts, staging }, new ModelSource(truth, scan()), april, { refresh: true }).catch(
      () => undefined,
    );
    expect((await verify(embedded.parts)).differences).toEqual([
      `The object ${path} was written after its ledger record. Re-run, which checks and records it.`,
    ]);
    embedded.clock.now += DAY_MS;
    const { tally } = await runAll(embedded.parts, new ModelSource(truth, scan()), april);
    expect(tally.done.map(({ isWritten, added }) => [isWritten, added])).toEqual([[false, 0]]);
    expect((await verify(embedded.parts)).differences).toEqual([]);
    expect((await embedded.parts.staging.slot(slot)).record?.object_sha256).not.toBe(record!.object_sha256);
  });
});

describe('an object of JSON Lines', () => {
  const name = objectPath(slot, 'jsonl');

  it.each<[string, (lines: string) => string, string]>([
    [
      'when it was read',
      (lines) => lines.replace('"read_at":"2024-09-01T00:00:00.000000Z"', '"read_at":"2024-09-01T00:00:00.000001Z"'),
      'row 1',
    ],
    ['its source', (lines) => lines.replace('"source":"api"', '"source":"apj"'), 'row 1'],
    [
      'the order of its members',
      (lines) => lines.replace(/"source":"api","payload_sha256":("\w+")/, '"payload_sha256":$1,"source":"api"'),
      'row 1',
    ],
    [
      'the spelling of a timestamp',
      (lines) => lines.replace('"timestamp":"2024-04-02T00:00:00.000000Z"', '"timestamp":"2024-04-02"'),
      'row 2',
    ],
  ])('in which somebody changed %s is detected, and not adopted', async (_, change, row) => {
    for (const knowsHash of [true, false]) {
      const embedded = await archiveOf('jsonl');
      if (!knowsHash) await forgetHash(embedded, slot);
      const file = fileOf(embedded, slot);
      const bytes = await readFile(file);
      const lines = gunzipSync(bytes).toString();
      expect(change(lines)).not.toBe(lines);
      await writeFile(
        file,
        Buffer.concat([bytes.subarray(0, bytes.indexOf(0, 10) + 1), gzipSync(change(lines)).subarray(10)]),
      );
      expect((await verify(embedded.parts)).differences).toEqual(damagedAt(row, name));
      const { tally } = await runAll(embedded.parts, new ModelSource(truthOf(), scan('jsonl')), april);
      expect(tally.failed).toMatchObject([{ code: 'object-damaged', message: expect.stringContaining(row) }]);
    }
  });

  it('with bytes after its last line is detected', async () => {
    const embedded = await archiveOf('jsonl');
    await forgetHash(embedded, slot);
    const file = fileOf(embedded, slot);
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.alloc(4)]));
    expect((await verify(embedded.parts)).differences).toEqual(damagedAt('last line', name));
  });
});
