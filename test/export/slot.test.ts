import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { objectPath } from '../../src/archive/layout.ts';
import { fixedColumns } from '../../src/archive/schema.ts';
import type { ArchiveSettings } from '../../src/archive/settings.ts';
import { verify } from '../../src/commands/verify.ts';
import type { Column } from '../../src/messages/message.ts';
import { DAY_MS, type Interval, instant } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { around } from '../support/crashing.ts';
import { type Embedded, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { fileOf, readTable, writeTable } from '../support/forging.ts';
import { plainShape } from '../support/messages.ts';
import { FindingSource, ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const range: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-17') };
const april = slotAt(range.start, plainSettings.layout);
const may = slotAt(Date.parse('2024-05-02'), plainSettings.layout);
const day = (n: number) => range.start + n * DAY_MS;

const { again, newParts, scan } = useEmbedded(now);

/** Closed messages on the first days of April, and one in May. */
function truthOf(count = 4): Truth {
  const truth = new Truth();
  for (let n = 0; n < count; n += 1) truth.put({ id: `a${n}`, at: day(n), statuses: ['closed'] });
  truth.put({ id: 'm0', at: may.start, statuses: ['closed'] });
  return truth;
}

const sourceOf = (truth: Truth) => new ModelSource(truth, scan());

/** Its archive, one day later. */
async function archiveOf(truth: Truth, settings: ArchiveSettings = plainSettings): Promise<Embedded> {
  const embedded = await newParts({ settings });
  const { report } = await runAll(embedded.parts, sourceOf(truth), range);
  expect(report.isComplete).toBe(true);
  embedded.clock.now += DAY_MS;
  return embedded;
}

const idsOf = async ({ parts }: Embedded) => (await storedRows(parts, april)).map(({ id }) => id);

describe('an object that somebody', () => {
  it.each([false, true])('deleted is an error, and is not rebuilt (refresh: %s)', async (refresh) => {
    const truth = truthOf();
    const embedded = await archiveOf(truth);
    await rm(fileOf(embedded, april));
    truth.put({ id: 'late', at: day(9), statuses: ['closed'] });
    for (let time = 0; time < 2; time += 1) {
      const { tally, report } = await runAll(embedded.parts, sourceOf(truth), range, { refresh });
      expect(tally.failed).toMatchObject([{ slot: { id: april.id }, code: 'object-missing' }]);
      expect(report.isComplete).toBe(false);
      expect(await idsOf(embedded)).toEqual([]);
      embedded.clock.now += 1000;
    }
  });

  it('moved to another month is an error, and an unexpected file there', async () => {
    const embedded = await archiveOf(truthOf());
    const from = fileOf(embedded, april);
    const to = from.replace('month=2024-04', 'month=2023-01');
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
    const { tally } = await runAll(embedded.parts, sourceOf(truthOf()), range);
    expect(tally.failed).toMatchObject([{ slot: { id: april.id }, code: 'object-missing' }]);
    const path = objectPath(april, 'parquet').replace('month=2024-04', 'month=2023-01');
    expect(embedded.said.warnings).toEqual([
      `Unexpected files in the archive: ${path}. Readers take them for part of it. Move away everything that no run wrote.`,
    ]);
    expect((await verify(embedded.parts)).differences).toHaveLength(2);
  });

  it('deleted during its update is an error too', async () => {
    const truth = truthOf();
    const embedded = await archiveOf(truth);
    truth.put({ id: 'late', at: day(9), statuses: ['closed'] });
    const archive = around(embedded.parts.archive, async (method, call) => {
      if (method === 'publish') await rm(fileOf(embedded, april), { force: true });
      return call();
    });
    const { tally } = await runAll({ ...embedded.parts, archive }, sourceOf(truth), range, { refresh: true });
    expect(tally.failed).toMatchObject([{ slot: { id: april.id }, code: 'object-missing' }]);
    expect(await idsOf(embedded)).toEqual([]);
  });

  it('restored from a version with fewer rows is an error', async () => {
    const truth = truthOf(2);
    const embedded = await archiveOf(truth);
    const kept = join(embedded.folder, 'kept');
    await copyFile(fileOf(embedded, april), kept);
    truth.put({ id: 'late', at: day(9), statuses: ['closed'] });
    await runAll(embedded.parts, sourceOf(truth), range, { refresh: true });
    await copyFile(kept, fileOf(embedded, april));
    embedded.clock.now += DAY_MS;
    const { tally } = await runAll(embedded.parts, sourceOf(truth), range);
    expect(tally.failed).toMatchObject([{ slot: { id: april.id }, code: 'object-damaged' }]);
    expect(await idsOf(embedded)).toEqual(['a0', 'a1']);
  });

  it('restored unchanged is read, accepted and recorded', async () => {
    const truth = truthOf();
    const embedded = await archiveOf(truth);
    const bytes = await readFile(fileOf(embedded, april));
    await writeFile(fileOf(embedded, april), bytes);
    // Its bytes are those in the ledger, whatever its version.
    expect((await verify(embedded.parts)).differences).toEqual([]);
    const { tally } = await runAll(embedded.parts, sourceOf(truth), range);
    expect(tally.done.map(({ slot, isWritten }) => [slot.id, isWritten])).toEqual([[april.id, false]]);
    expect((await verify(embedded.parts)).differences).toEqual([]);
  });

  it.each<[string, (embedded: Embedded) => Promise<void>]>([
    ['cut', (embedded) => truncate(fileOf(embedded, april), 500)],
    ['overwrote', (embedded) => writeFile(fileOf(embedded, april), 'something else')],
  ])('%s is an error that names it', async (_, damage) => {
    const truth = truthOf();
    const embedded = await archiveOf(truth);
    await damage(embedded);
    const { tally } = await runAll(embedded.parts, sourceOf(truth), range);
    expect(tally.failed).toMatchObject([
      { code: 'object-damaged', message: expect.stringContaining(objectPath(april, 'parquet')) },
    ]);
  });

  it('gave another payload is an error, even with the same ids, hashes and facts', async () => {
    const truth = truthOf();
    const embedded = await archiveOf(truth);
    const other = truthOf();
    other.put({ id: 'a1', at: day(1), statuses: ['closed'], text: 'forged' });
    const forged = await readTable(fileOf(await archiveOf(other), april));
    const { table, facts } = await readTable(fileOf(embedded, april));
    await writeTable(fileOf(embedded, april), table.setChild('payload', forged.table.getChild('payload')!), facts);
    const { tally } = await runAll(embedded.parts, sourceOf(truth), range);
    expect(tally.failed).toMatchObject([
      { code: 'object-damaged', message: expect.stringContaining('the payload of row 2') },
    ]);
  });

  it('replaced by that of another slot is an error, even with the same number of rows', async () => {
    const truth = truthOf(0);
    truth.put({ id: 'm1', at: may.start + 1, statuses: ['closed'] });
    truth.put({ id: 'a0', at: day(0), statuses: ['closed'] });
    const embedded = await archiveOf(truth);
    await copyFile(fileOf(embedded, may), fileOf(embedded, april));
    const { tally } = await runAll(embedded.parts, sourceOf(truth), range);
    expect(tally.failed).toMatchObject([{ code: 'object-damaged', message: expect.stringContaining(may.id) }]);
  });
});

describe('a declared column without values', () => {
  const columns: Column[] = [
    { name: 'subject', pointer: ['text'], type: 'string' },
    { name: 'number', pointer: ['text'], type: 'int64' },
    { name: 'typo', pointer: ['a/b', 'txet'], type: 'string' },
  ];
  const settings = { ...plainSettings, shape: { ...plainShape, columns } };
  const warning = (name: string, type: string, pointer: string, rows: string) =>
    `The column ${name} is empty in all ${rows} written. Check that messages have a ${type} at ${pointer}: a declared column cannot be removed.`;

  it('is named once per leg, unless nothing is written', async () => {
    const embedded = await archiveOf(truthOf(), settings);
    expect(embedded.said.warnings).toEqual([
      warning('number', 'int64', '/text', '5 rows'),
      warning('typo', 'string', '/a~1b/txet', '5 rows'),
    ]);
    embedded.said.warnings.length = 0;
    await runAll(embedded.parts, sourceOf(truthOf()), range, { refresh: true });
    expect(embedded.said.warnings).toEqual([]);
  });
});

describe('columns added later', () => {
  const subject: Column = { name: 'subject', pointer: ['text'], type: 'string' };
  const withSubject = { ...plainSettings, shape: { ...plainShape, columns: [subject] } };

  it('are added to each slot when it is merged', async () => {
    const truth = truthOf();
    const first = await archiveOf(truth);
    const embedded = await again(first, { settings: withSubject });
    truth.put({ id: 'late', at: day(9), statuses: ['closed'] });
    await runAll(embedded.parts, sourceOf(truth), { start: april.start, end: april.end }, { refresh: true });
    const { table, facts } = await readTable(fileOf(embedded, april));
    expect([...table.getChild('subject')!]).toEqual(['a0', 'a1', 'a2', 'a3', 'late'].map((id) => `text of ${id}`));
    expect(facts.schema).toContain('alerts list, subject string, source string');
    const old = await readTable(fileOf(embedded, may));
    expect(old.table.schema.fields.map(({ name }) => name)).toEqual(fixedColumns);
    expect((await verify(embedded.parts)).differences).toEqual([]);

    embedded.clock.now += DAY_MS;
    const { tally } = await runAll(embedded.parts, sourceOf(truth), range, { refresh: true });
    expect(tally.done.map(({ slot, isWritten, added }) => [slot.id, isWritten, added])).toEqual(
      expect.arrayContaining([
        [april.id, false, 0],
        [may.id, true, 0],
      ]),
    );
    const rewritten = await readTable(fileOf(embedded, may));
    expect([...rewritten.table.getChild('subject')!]).toEqual(['text of m0']);
    expect((await storedRows(embedded.parts, may))[0]?.readAt).toBe(now);
    expect((await verify(embedded.parts)).differences).toEqual([]);
  });
});

describe('a re-closed message', () => {
  it('that both sources format differently keeps the archived bytes', async () => {
    const truth = truthOf(0);
    truth.put({ id: 'a0', at: day(0), statuses: ['open'] });
    truth.put({ id: 'a1', at: day(1), statuses: ['closed'] });
    const embedded = await archiveOf(truth);
    const before = (await storedRows(embedded.parts, april))[0]!;
    truth.put({ id: 'a0', at: day(0), statuses: ['closed'] });
    const respelled = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(before.payload)).reverse()), null, 1);
    truth.putRaw('a1', day(1), respelled);
    const settled = new FindingSource(truth, scan(), { name: 'elasticsearch', padMs: 0 });
    await runAll(embedded.parts, { live: sourceOf(truth), settled }, range, { refresh: true });
    const [a0, a1] = await storedRows(embedded.parts, april);
    expect(a0).toMatchObject({ id: 'a0', source: 'elasticsearch', readAt: now + DAY_MS });
    expect(a1).toEqual(before);
    const { record } = await embedded.parts.staging.slot(april);
    expect(record).toMatchObject({ source: 'elasticsearch', cases: { amended: 0 } });
  });
});

describe('the ledger', () => {
  it('records what was read, when, by which run, and its size', async () => {
    const truth = truthOf();
    const embedded = await newParts({ run: { id: '17', url: 'https://example.com/runs/17' } });
    await runAll(embedded.parts, sourceOf(truth), range);
    const { record } = await embedded.parts.staging.slot(april);
    const [object] = await embedded.parts.archive.list();
    expect(record).toEqual({
      slot: april.id,
      // The report has written it once more: the read returned a message of May before May was read.
      revision: 2,
      read_at: instant(now),
      source: 'api',
      counts: { read: 4, closed: 4, open: 0, unalerted: 0, invalid: 0, duplicates: 0 },
      cases: { reopened: 0, amended: 0, removed: 0, removed_pending: 0, conflicting: 0 },
      outside: 1,
      source_count: { total: 5 },
      rows: 4,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      version: object!.version,
      bytes_in: [...truth.held.values()].reduce((sum, { json }) => sum + json.length, 0) + 4 + '{"messages":[]}'.length,
      object_sha256: createHash('sha256')
        .update(await readFile(fileOf(embedded, april)))
        .digest('hex'),
      bytes_out: object!.bytes,
      took_ms: 0,
      run_id: '17',
      run_url: 'https://example.com/runs/17',
    });
  });

  it('records a slot without messages, which has no object', async () => {
    const embedded = await archiveOf(truthOf(0));
    const { record } = await embedded.parts.staging.slot(april);
    expect(record).toMatchObject({ rows: 0, counts: { read: 0 }, bytes_out: 0 });
    expect(record).not.toHaveProperty('digest');
    expect(record).not.toHaveProperty('version');
    expect((await embedded.parts.archive.list()).map(({ path }) => path)).toEqual([objectPath(may, 'parquet')]);
  });
});
