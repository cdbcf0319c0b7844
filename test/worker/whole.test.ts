import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/archive/digest.ts';
import type { ObjectFacts, ReadResult } from '../../src/archive/object.ts';
import { packShas } from '../../src/archive/rows.ts';
import type { Format } from '../../src/archive/schema.ts';
import type { MessageShape } from '../../src/messages/message.ts';
import { Threads } from '../../src/worker/threads.ts';
import { bundledThreads } from '../support/bundle.ts';
import { testFolder } from '../support/folders.ts';
import { chance } from '../support/life-model.ts';
import { columnsShape, plainShape } from '../support/messages.ts';
import { makeObject, type ObjectRow, rangesOf, rowsOf } from '../support/objects.ts';

const folder = await mkdtemp(join(tmpdir(), 'message-archive-test-'));
const { Threads: BundledThreads, DamagedError, readObject } = await bundledThreads(folder);
const [threads, encoders] = [new BundledThreads(2), new Threads(1)];
const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
afterAll(async () => {
  duckdb.closeSync();
  await Promise.all([threads.close(), encoders.close()]);
  await rm(folder, { recursive: true });
});

/** Far more than a file of some KB takes, and short enough to wait for. */
const silenceMs = 700;
const damages = 510;

interface ReadWhole extends ReadResult {
  readonly rows: readonly ObjectRow[];
}

async function readWhole(
  format: Format,
  shape: MessageShape,
  bytes: Uint8Array,
  silence: number = silenceMs,
): Promise<ReadWhole> {
  const rows: ObjectRow[] = [];
  const request = { format, payloads: true, shape, whole: true, silenceMs: silence };
  const read = await readObject(threads, rangesOf(bytes), request, async (chunk) => {
    rows.push(...rowsOf(chunk));
  });
  return { ...read, rows };
}

/** A message with alerts and a value in every column, or in most. */
function text(n: number, alerts = 1 + (n % 3)): string {
  return JSON.stringify({
    message_id: `id ${n}`,
    timestamp: new Date(Date.UTC(2024, 5, 1) + n * 1_234_567).toISOString(),
    alerts: Array.from({ length: alerts }, (_, at) => ({
      ...(at !== 1 && { alert_id: `alert ${n}-${at}` }),
      status: at % 2 === 0 ? 'closed' : 'CLOSED',
    })),
    subject: n % 5 === 0 ? undefined : `subject ${(n * 7_919) % 1_000} ${'é\u{1f600}'.repeat(n % 40)}`,
    sequence: n % 7 === 0 ? null : n - 20,
    risk: { score: n % 11 === 0 ? -0 : (n - 20) / 7 },
    private: n % 3 === 0,
    sent: n % 4 === 0 ? 'never' : new Date(Date.UTC(2024, 5, 2) - n * 999_983).toISOString(),
  }).replace('"score":0}', '"score":-0}');
}

const texts = (count: number, alerts?: number) => Array.from({ length: count }, (_, n) => text(n, alerts));

describe.each(['parquet', 'jsonl'] as const)('an object of %s that is read whole', (format) => {
  it.each<[string, MessageShape, readonly string[]]>([
    ['a row', columnsShape, texts(1)],
    ['many rows', columnsShape, texts(300)],
    ['rows for many pages, and more values than a dictionary takes', columnsShape, texts(42_000)],
    ['rows with thousands of alerts', columnsShape, [...texts(9, 9_001), text(9, 1)]],
    ['no declared columns', plainShape, texts(40)],
    [
      'columns that no row fills',
      { ...columnsShape, columns: [{ name: 'none', pointer: ['none'], type: 'string' }] },
      texts(40),
    ],
    [
      'texts that are alike for longer than statistics are, and of every kind of character',
      columnsShape,
      ['a', 'z', '\u{10ffff}', 'ÿ', '\u0000', '\ud83d', ''].map((end, n) =>
        text(n)
          .replace('"alerts"', `"subject":${JSON.stringify(`${'\u{1f600}ÿ'.repeat(40)}${end}`)},"alerts"`)
          .replace(/,"subject":"subject[^"]*"/, ''),
      ),
    ],
    [
      'a payload that is a row group by itself',
      columnsShape,
      [...texts(3), text(7).replace('{', `{"body":"${'x'.repeat(12_000_000)}",`)],
    ],
  ])('of %s is what its payloads give', async (_, shape, of) => {
    const object = await makeObject(encoders, await testFolder(), format, shape, of);
    const { facts, whole, rows } = await readWhole(format, shape, object.bytes, 60_000);
    expect(whole).toEqual({ sha256: createHash('sha256').update(object.bytes).digest('hex') });
    expect([facts, rows.length]).toEqual([object.facts, of.length]);
  });

  it('may be of before the last columns were declared', async () => {
    const before = { ...columnsShape, columns: columnsShape.columns.slice(0, 2) };
    const object = await makeObject(encoders, await testFolder(), format, before, texts(20));
    expect((await readWhole(format, columnsShape, object.bytes)).whole?.difference).toBeUndefined();
    const other = { ...columnsShape, columns: columnsShape.columns.slice(2) };
    await expect(readWhole(format, other, object.bytes)).rejects.toThrow(
      'its columns differ from those of the archive',
    );
  });
});

/** A copy with one bit changed, or one to four bytes, anywhere. */
function damaged(bytes: Uint8Array, pick: (count: number) => number): Uint8Array {
  const copy = new Uint8Array(bytes);
  if (pick(2) === 0) {
    copy[pick(copy.length)]! ^= 1 << pick(8);
    return copy;
  }
  const count = 1 + pick(4);
  for (let n = 0; n < count; n += 1) copy[pick(copy.length)]! ^= 1 + pick(255);
  return copy;
}

/** What finds the damage where the ledger has no hash of the bytes; undefined where nothing does. */
async function foundBy(format: Format, bytes: Uint8Array, facts: ObjectFacts): Promise<string | undefined> {
  try {
    const { whole, rows, facts: own } = await readWhole(format, columnsShape, bytes);
    const content = { ids: rows.map(({ id }) => id), shas: packShas(rows.map(({ sha }) => sha)) };
    if (own.rows !== rows.length || own.digest !== contentDigest(own.schema, content)) return 'its facts';
    if (own.slot !== facts.slot || own.layout !== facts.layout || own.digest !== facts.digest) return 'the ledger';
    return whole!.difference;
  } catch (error) {
    expect(error).toBeInstanceOf(DamagedError);
    return (error as Error).message;
  }
}

/** All that DuckDB sees in a file: its rows as they stand, and what it finds where it may skip by statistics. */
async function seen(path: string): Promise<string> {
  const conditions = [
    'true',
    ...[0, 17, 59].map((n) => `message_id = 'id ${n}'`),
    'sequence > 30',
    'score < 0',
    'sent IS NULL',
  ];
  const answers = conditions.map(async (condition) => {
    const found = await duckdb.runAndReadAll(`SELECT * FROM '${path}' WHERE ${condition}`);
    return found.getRowsJson();
  });
  return JSON.stringify(await Promise.all(answers));
}

/** All that a reader of JSON Lines sees. */
async function linesIn(path: string): Promise<string> {
  return gunzipSync(await readFile(path)).toString();
}

describe.each([
  ['parquet', seen],
  ['jsonl', linesIn],
] as const)(`${damages} random damages of an object of %s`, (format, see) => {
  it('are all found by its SHA-256, and without it unless no reader sees them', async () => {
    const object = await makeObject(encoders, await testFolder(), format, columnsShape, texts(60));
    const intact = await see(object.path);
    const sha256 = createHash('sha256').update(object.bytes).digest('hex');
    const pick = chance(20_240_601);
    const all = Array.from({ length: damages }, () => damaged(object.bytes, pick));
    const found = await Promise.all(
      all.map(async (bytes, n) => {
        expect(createHash('sha256').update(bytes).digest('hex')).not.toBe(sha256);
        const by = await foundBy(format, bytes, object.facts);
        if (by !== undefined) return by;
        const path = join(folder, `${n}.${format}`);
        await writeFile(path, bytes);
        expect(await see(path), `damage ${n}`).toBe(intact);
        return undefined;
      }),
    );
    const missed = found.filter((by) => by === undefined).length;
    expect(missed).toBeLessThan(damages / 20);
  }, 240_000);
});
