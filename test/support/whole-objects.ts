import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect } from 'vitest';
import { contentDigest } from '../../src/archive/digest.ts';
import type { ObjectFacts, ReadResult } from '../../src/archive/object.ts';
import { packShas } from '../../src/archive/rows.ts';
import type { Format } from '../../src/archive/schema.ts';
import type { MessageShape } from '../../src/messages/message.ts';
import { Threads } from '../../src/worker/threads.ts';
import { bundledThreads } from './bundle.ts';
import { testFolder } from './folders.ts';
import { chance } from './life-model.ts';
import { columnsShape } from './messages.ts';
import { makeObject, type ObjectRow, rangesOf, rowsOf } from './objects.ts';

/** Far longer than a file of a few KB takes, and short enough to wait for. */
const silenceMs = 700;

interface ReadWhole extends ReadResult {
  readonly rows: readonly ObjectRow[];
}

export interface WholeObjects {
  /** Encodes and reads whole an object of these messages, and expects what was written. */
  assertIntact(format: Format, shape: MessageShape, texts: readonly string[]): Promise<void>;
  /** Encodes an object of these messages with one shape, and reads it whole with another. */
  readAs(format: Format, texts: readonly string[], made: MessageShape, shape: MessageShape): Promise<ReadResult>;
  /** Damages an object at random; expects that its checks find each damage that a reader can see, and nearly all others. */
  assertDamagesFound(format: Format, damages: number): Promise<void>;
}

/** Reads objects whole, in worker threads as they ship. */
export async function wholeObjects(): Promise<WholeObjects> {
  const folder = await mkdtemp(join(tmpdir(), 'message-archive-test-'));
  const { Threads: BundledThreads, DamagedError, readObject } = await bundledThreads(folder);
  const [threads, encoders] = [new BundledThreads(2), new Threads(1)];
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  afterAll(async () => {
    duckdb.closeSync();
    await Promise.all([threads.close(), encoders.close()]);
    await rm(folder, { recursive: true });
  });

  const encoded = async (format: Format, shape: MessageShape, texts: readonly string[]) =>
    makeObject(encoders, await testFolder(), format, shape, texts);

  const readWhole = async (format: Format, shape: MessageShape, bytes: Uint8Array, silence = silenceMs) => {
    const rows: ObjectRow[] = [];
    const request = { format, payloads: true, shape, whole: true, silenceMs: silence };
    const read = await readObject(threads, rangesOf(bytes), request, async (chunk) => {
      rows.push(...rowsOf(chunk));
    });
    return { ...read, rows } satisfies ReadWhole;
  };

  /** The check that finds the damage without the ledger's hash of the bytes; undefined if none does. */
  const foundBy = async (format: Format, bytes: Uint8Array, facts: ObjectFacts): Promise<string | undefined> => {
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
  };

  /** Everything that DuckDB sees in a file: its rows, and the results of queries that may skip rows by statistics. */
  const rowsInParquet = async (path: string): Promise<string> => {
    const ids = [0, 17, 59].map((n) => `message_id = 'id ${n}'`);
    const conditions = ['true', ...ids, 'sequence > 30', 'score < 0', 'sent IS NULL'];
    const results = conditions.map(async (condition) => {
      const found = await duckdb.runAndReadAll(`SELECT * FROM '${path}' WHERE ${condition}`);
      return found.getRowsJson();
    });
    return JSON.stringify(await Promise.all(results));
  };
  const linesInJsonl = async (path: string) => gunzipSync(await readFile(path)).toString();

  return {
    async assertIntact(format, shape, texts) {
      const object = await encoded(format, shape, texts);
      const { facts, whole, rows } = await readWhole(format, shape, object.bytes, 60_000);
      expect(whole).toEqual({ sha256: createHash('sha256').update(object.bytes).digest('hex') });
      expect([facts, rows.length]).toEqual([object.facts, texts.length]);
    },

    async readAs(format, texts, made, shape) {
      return readWhole(format, shape, (await encoded(format, made, texts)).bytes);
    },

    async assertDamagesFound(format, damages) {
      const see = format === 'parquet' ? rowsInParquet : linesInJsonl;
      const object = await encoded(format, columnsShape, messageTexts(60));
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
      expect(found.filter((by) => by === undefined).length).toBeLessThan(damages / 20);
    },
  };
}

/** A message with alerts, and with values in all or most columns. */
export function messageWithColumns(n: number, alerts = 1 + (n % 3)): string {
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

export function messageTexts(count: number, alerts?: number): string[] {
  return Array.from({ length: count }, (_, n) => messageWithColumns(n, alerts));
}

/** A copy with one bit or one to four bytes changed, anywhere. */
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
