import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Table } from 'apache-arrow';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentDigest } from '../../src/archive/digest.ts';
import { objectPath } from '../../src/archive/layout.ts';
import type { ObjectFacts } from '../../src/archive/object.ts';
import { packShas } from '../../src/archive/rows.ts';
import type { Format } from '../../src/archive/schema.ts';
import { verify } from '../../src/commands/verify.ts';
import type { OpenObject } from '../../src/io/ports.ts';
import { SqliteStaging } from '../../src/io/sqlite/staging.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { around } from '../support/crashing.ts';
import { type Embedded, filesBelow, plainSettings, runAll } from '../support/embedded.ts';
import { blessVersion, fileOf, forgeRecord, readTable, writeTable } from '../support/forging.ts';
import { chance } from '../support/life-model.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const range: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-17') };
const april = slotAt(range.start, plainSettings.layout);
const may = slotAt(Date.parse('2024-05-02'), plainSettings.layout);
const aprilPath = objectPath(april, 'parquet');
const day = (n: number) => range.start + n * DAY_MS;

const { newParts, scan } = useEmbedded(now);

/** Text that does not compress, so that payloads fill the file. */
function noise(seed: number): string {
  const pick = chance(seed);
  return Array.from({ length: 2000 }, () => String.fromCharCode(35 + pick(57))).join('');
}

/** Six messages in April, three in May. */
function truthOf(): Truth {
  const truth = new Truth();
  for (let n = 0; n < 6; n += 1) truth.put({ id: `a${n}`, at: day(n * 4), statuses: ['closed'], text: noise(n) });
  for (let n = 0; n < 3; n += 1) truth.put({ id: `m${n}`, at: may.start + n, statuses: ['closed'] });
  return truth;
}

async function archiveOf(truth: Truth, format: Format = 'parquet'): Promise<Embedded> {
  const embedded = await newParts({ settings: { ...plainSettings, format } });
  const source = new ModelSource(truth, scan(format));
  expect((await runAll(embedded.parts, source, range)).report.isComplete).toBe(true);
  return embedded;
}

/** Changes rows, and makes facts and ledger agree with them. */
async function forge(embedded: Embedded, change: (table: Table) => Table, keepsFacts = false): Promise<void> {
  const path = fileOf(embedded, april);
  const { table, facts } = await readTable(path);
  const next = change(table);
  const forged = keepsFacts ? facts : factsFor(next, facts);
  await writeTable(path, next, forged);
  await blessVersion(embedded, april);
  if (!keepsFacts) await forgeRecord(embedded, april, () => ({ rows: forged.rows, digest: forged.digest }));
}

function factsFor(table: Table, facts: ObjectFacts): ObjectFacts {
  const column = (name: string) => [...table.getChild(name)!] as string[];
  const rows = { ids: column('message_id'), shas: packShas(column('payload_sha256')) };
  return { ...facts, rows: table.numRows, digest: contentDigest(facts.schema, rows) };
}

/** The rows of a slot with these messages, as an archive of their own would hold them. */
async function rowsWith(...tellings: Parameters<Truth['put']>[0][]): Promise<Table> {
  const truth = new Truth();
  for (const telling of tellings) truth.put(telling);
  const other = await archiveOf(truth);
  const slot = slotAt(tellings[0]!.at, plainSettings.layout);
  return (await readTable(fileOf(other, slot))).table;
}

async function flip(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const at = position < 0 ? size + position : Math.floor(position < 1 ? position * size : position);
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, at);
    await file.write(Uint8Array.of(byte[0]! ^ 0x10), 0, 1, at);
  } finally {
    await file.close();
  }
}

function expectSentences(differences: readonly string[]): void {
  for (const difference of differences) expect(difference).toMatch(/^[A-Z][^\n]*month=[^\n]*\. [A-Z][^\n]*[^.]\.$/);
}

describe('verify', () => {
  it.each(['parquet', 'jsonl'] as const)(
    'finds no difference after a run (%s), and leaves no files',
    async (format) => {
      const embedded = await archiveOf(truthOf(), format);
      const before = await filesBelow(embedded.folder);
      expect((await verify(embedded.parts)).differences).toEqual([]);
      expect(await filesBelow(embedded.folder)).toEqual(before);
      expect(embedded.said.lines.at(-1)).toMatch(
        /^Verified 2 objects with 9 messages .* against 2 ledger records .*: 0 differences\.$/,
      );
    },
  );

  it('finds no difference in an empty archive', async () => {
    const embedded = await newParts();
    expect((await verify(embedded.parts)).differences).toEqual([]);
  });

  describe.each(['parquet', 'jsonl'] as const)('with one changed byte in an object (%s)', (format) => {
    it.each([0, 0.3, -400, -5])('at %d names the object', async (position) => {
      const embedded = await archiveOf(truthOf(), format);
      await flip(fileOf(embedded, april), position);
      const { differences } = await verify(embedded.parts);
      expectSentences(differences);
      expect(differences.length).toBeGreaterThan(0);
      expect(differences.every((difference) => difference.includes(objectPath(april, format)))).toBe(true);
    });

    it.each([0.5])('at %d of it names the object by its content alone', async (position) => {
      const embedded = await archiveOf(truthOf(), format);
      await flip(fileOf(embedded, april), position);
      await blessVersion(embedded, april);
      const { differences } = await verify(embedded.parts);
      expectSentences(differences);
      expect(differences).toEqual([
        expect.stringContaining(`The object ${objectPath(april, format)} is damaged or forged (`),
      ]);
    });
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['cut in its middle', (path) => truncate(path, 5000)],
    ['cut to nothing', (path) => truncate(path, 0)],
    ['something else', (path) => writeFile(path, 'not an object at all')],
  ])('names an object that is %s', async (_, damage) => {
    const embedded = await archiveOf(truthOf());
    await damage(fileOf(embedded, april));
    const { differences } = await verify(embedded.parts);
    expectSentences(differences);
    expect(differences).toEqual([expect.stringContaining(`The object ${aprilPath} is damaged or forged (`)]);
  });

  it.each<[string, (lines: string) => string, string]>([
    [
      'with a line that is not JSON, without showing it',
      (lines) => lines.replace('"message_id":"a1"', '"message_id":a1'),
      'line',
    ],
    ['whose last line is truncated', (lines) => lines.slice(0, -1), 'last line'],
  ])('names an object %s', async (_, change, reason) => {
    const embedded = await archiveOf(truthOf(), 'jsonl');
    const path = fileOf(embedded, april);
    const bytes = await readFile(path);
    const header = bytes.subarray(0, bytes.indexOf(0, 10) + 1);
    const lines = change(gunzipSync(bytes).toString());
    await writeFile(path, Buffer.concat([header, gzipSync(lines).subarray(10)]));
    const { differences } = await verify(embedded.parts);
    expect(differences).toEqual([expect.stringContaining(`${objectPath(april, 'jsonl')} is damaged or forged (`)]);
    expect(differences[0]).toContain(reason);
    expect(differences[0]).not.toContain('a1');
  });

  it('names a slot whose object was deleted', async () => {
    const embedded = await archiveOf(truthOf());
    await rm(fileOf(embedded, april));
    expect((await verify(embedded.parts)).differences).toEqual([
      `The object ${aprilPath} is missing; according to the ledger it held 6 messages. Restore it from an earlier version or a backup.`,
    ]);
  });

  it('names unexpected files where readers look, which a run ignores', async () => {
    const embedded = await archiveOf(truthOf());
    const copy = `${april.partition}/copy.parquet`;
    await copyFile(fileOf(embedded, april), join(embedded.folder, 'archive', copy));
    const source = new ModelSource(truthOf(), scan());
    expect((await runAll(embedded.parts, source, range)).report.isComplete).toBe(true);
    expect((await verify(embedded.parts)).differences).toEqual([
      `Unexpected file in the archive: ${copy} belongs to no slot, but readers take it for part of the archive. Move it away.`,
    ]);
  });

  it('names an object with an added row', async () => {
    const embedded = await archiveOf(truthOf());
    const more = await rowsWith({ id: 'z', at: day(29), statuses: ['closed'] });
    await forge(embedded, (table) => table.concat(more), true);
    const { differences } = await verify(embedded.parts);
    expectSentences(differences);
    expect(differences).toEqual([
      `The object ${aprilPath} holds 7 messages, but 6 according to its footer: somebody changed it. Restore it from an earlier version or a backup.`,
      `The object ${aprilPath} has another digest than its footer says: somebody changed it. Restore it from an earlier version or a backup.`,
    ]);
  });

  it('names an object with an added row and matching facts, by the ledger', async () => {
    const embedded = await archiveOf(truthOf());
    const more = await rowsWith({ id: 'z', at: day(29), statuses: ['closed'] });
    const { record } = await embedded.parts.staging.slot(april);
    await forge(embedded, (table) => table.concat(more));
    await forgeRecord(embedded, april, () => ({ rows: 6, digest: record!.digest! }));
    expect((await verify(embedded.parts)).differences).toEqual([
      expect.stringContaining(`${aprilPath} holds 7 messages, but 6 according to the ledger`),
      expect.stringContaining(`${aprilPath} has another digest than the ledger says`),
    ]);
  });

  it('names an object whose rows are out of order', async () => {
    const embedded = await archiveOf(truthOf());
    await forge(embedded, (table) => table.slice(1).concat(table.slice(0, 1)));
    expect((await verify(embedded.parts)).differences).toEqual([
      expect.stringContaining(`${aprilPath} is not sorted by timestamp and id (row 6)`),
    ]);
  });

  it('names an object with a message outside of its slot', async () => {
    const embedded = await archiveOf(truthOf());
    const outside = await rowsWith({ id: 'z', at: may.start + 9, statuses: ['closed'] });
    await forge(embedded, (table) => table.concat(outside));
    expect((await verify(embedded.parts)).differences).toEqual([
      expect.stringContaining(`${aprilPath} holds a message outside of its slot (row 7)`),
    ]);
  });

  it('names an object that holds a message twice', async () => {
    const embedded = await archiveOf(truthOf());
    await forge(embedded, (table) => table.concat(table.slice(5)));
    const { differences } = await verify(embedded.parts);
    expect(differences).toContain(
      `The object ${aprilPath} holds the message "a5" twice: somebody changed it. Restore it from an earlier version or a backup.`,
    );
    expectSentences(differences);
  });

  it('names a message in two slots, after its timestamp changed at the source', async () => {
    const truth = truthOf();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'a2', at: may.start + 5, statuses: ['closed'] });
    embedded.clock.now += DAY_MS;
    const source = new ModelSource(truth, scan());
    await runAll(embedded.parts, source, range, { refresh: true, acceptFewer: true });
    const { differences } = await verify(embedded.parts);
    expectSentences(differences);
    expect(differences.length).toBe(1);
    expect(differences[0]).toMatch(/holds the message "a2", which slot \S+ holds too: /);
  });

  it('names objects without a ledger record in one sentence', async () => {
    const embedded = await archiveOf(truthOf());
    const staging = new SqliteStaging(join(embedded.folder, 'another.db'), 'another');
    const [first, second] = [april, may].map((slot) => objectPath(slot, 'parquet'));
    const toDo = 'Check that `staging` belongs to this archive. If it does, re-run, which checks and records';
    expect((await verify({ ...embedded.parts, staging })).differences).toEqual([
      `2 objects have no ledger record (${first}, ${second}). ${toDo} them.`,
    ]);
    await rm(fileOf(embedded, may));
    expect((await verify({ ...embedded.parts, staging })).differences).toEqual([
      `The object ${first} has no ledger record. ${toDo} it.`,
    ]);
    await staging.close();
  });

  it('names three of many objects without a ledger record', async () => {
    const truth = new Truth();
    for (let n = 0; n < 8; n += 1) truth.put({ id: `m${n}`, at: day(-30 * n), statuses: ['closed'] });
    const embedded = await newParts();
    await runAll(embedded.parts, new ModelSource(truth, scan()), { start: day(-250), end: range.end });
    const staging = new SqliteStaging(join(embedded.folder, 'another.db'), 'another');
    const { differences, objects } = await verify({ ...embedded.parts, staging });
    expect(objects).toBeGreaterThan(6);
    expect(differences.length).toBe(1);
    expect(differences[0]).toMatch(
      new RegExp(
        `^${objects} objects have no ledger record \\((month=\\S+, ){2}month=\\S+ and ${objects - 3} more\\)\\. Check`,
      ),
    );
    await staging.close();
  });

  it('names an object that replaced another one', async () => {
    const embedded = await archiveOf(truthOf());
    await copyFile(fileOf(embedded, may), fileOf(embedded, april));
    await blessVersion(embedded, april);
    const { differences } = await verify(embedded.parts);
    expectSentences(differences);
    expect(differences).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`${aprilPath} is the object of slot ${may.id}`),
        expect.stringContaining(`${aprilPath} holds a message outside of its slot (row 1)`),
        expect.stringContaining(`${aprilPath} holds 3 messages, but 6 according to the ledger`),
      ]),
    );
  });

  it.each([
    'month=2024-04/messages-20240402T000000Z-20240403T000000Z.parquet',
    `month=2024-05/messages-${april.id}.parquet`,
    `month=2024-04/messages-${april.id}.jsonl.gz`,
    'month=2024-02/messages-20240230T000000Z-20240301T000000Z.parquet',
  ])('names an unexpected file: %s', async (path) => {
    const embedded = await archiveOf(truthOf());
    await mkdir(dirname(join(embedded.folder, 'archive', path)), { recursive: true });
    await copyFile(fileOf(embedded, april), join(embedded.folder, 'archive', path));
    const { differences } = await verify(embedded.parts);
    expectSentences(differences);
    expect(differences).toEqual([expect.stringContaining(path)]);
  });

  it.each<[string, Parameters<typeof forgeRecord>[2], string]>([
    [
      'a changed digest in the ledger',
      () => ({ digest: createHash('sha256').digest('hex') }),
      'has another digest than the ledger says: somebody changed it. Restore it from an earlier version or a backup.',
    ],
    [
      'a changed count in the ledger',
      ({ rows }) => ({ rows: rows + 1 }),
      'holds 6 messages, but 7 according to the ledger: somebody changed it. Restore it from an earlier version or a backup.',
    ],
    [
      'a version that differs from the ledger’s, without a hash to recognize a copy',
      () => ({ version: 'other', object_sha256: undefined }) as object,
      'was written after its ledger record. Re-run, which checks and records it.',
    ],
  ])('names %s', async (_, change, words) => {
    const embedded = await archiveOf(truthOf());
    await forgeRecord(embedded, april, change);
    expect((await verify(embedded.parts)).differences).toEqual([`The object ${aprilPath} ${words}`]);
  });

  it('names every difference of several objects', async () => {
    const embedded = await archiveOf(truthOf());
    await rm(fileOf(embedded, may));
    await flip(fileOf(embedded, april), 0.5);
    const { differences } = await verify(embedded.parts);
    expect(differences.length).toBe(2);
    expect(embedded.said.lines.at(-1)).toContain('2 differences');
  });

  it('finishes reads in progress after an internal error', async () => {
    const embedded = await archiveOf(truthOf());
    let closed = 0;
    const archive = around(embedded.parts.archive, async (method, call, [path]) => {
      if (method !== 'open') return call();
      if (path !== aprilPath) throw new TypeError('x is not a function');
      const object = (await call()) as OpenObject;
      const close = async () => {
        await object.close();
        closed += 1;
      };
      return { version: object.version, size: object.size, read: object.read.bind(object), close };
    });
    await expect(verify({ ...embedded.parts, archive })).rejects.toThrow('x is not a function');
    expect(closed).toBe(1);
  });
});

describe('verify beside a run', () => {
  /** Verifies while another run works between its reading of the ledger and of the objects. */
  async function verifyBeside(embedded: Embedded, work: (times: number) => Promise<void>) {
    let listings = 0;
    const archive = around(embedded.parts.archive, async (method, call) => {
      if (method === 'list') {
        listings += 1;
        await work(listings);
      }
      return call();
    });
    return verify({ ...embedded.parts, archive });
  }

  it('re-reads an object and a slot that a run wrote during verification', async () => {
    const truth = truthOf();
    const embedded = await archiveOf(truth);
    const other = await embedded.again();
    onTestFinished(() => other.close());
    const { differences } = await verifyBeside(embedded, async (times) => {
      if (times > 1) return;
      truth.put({ id: 'late', at: day(3), statuses: ['closed'] });
      const source = new ModelSource(truth, scan());
      expect(
        (await runAll(other.parts, source, { ...range, end: Date.parse('2024-07-01') }, { refresh: true })).tally.done,
      ).toHaveLength(4);
    });
    expect(differences).toEqual([]);
  });

  it('reports what still differs after two more rounds, and reads only that again', async () => {
    const embedded = await archiveOf(truthOf());
    await flip(fileOf(embedded, april), 0.3);
    const opened: string[] = [];
    const archive = around(embedded.parts.archive, async (method, call, [path]) => {
      if (method === 'open') opened.push(String(path));
      return call();
    });
    const { differences } = await verify({ ...embedded.parts, archive });
    expect(differences).toHaveLength(1);
    expect(opened.filter((path) => path === aprilPath)).toHaveLength(3);
    expect(opened).toHaveLength(4);
  });

  it('still finds an id in two slots, and only once', async () => {
    const embedded = await archiveOf(truthOf());
    const table = await rowsWith({ id: 'm0', at: day(1), statuses: ['closed'] });
    await forge(embedded, () => table);
    const { differences } = await verify(embedded.parts);
    expect(differences.filter((text) => text.includes('holds the message "m0"'))).toHaveLength(1);
  });
});
