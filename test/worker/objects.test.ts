import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import type { RowChunk } from '../../src/archive/object.ts';
import { DamagedError } from '../../src/archive/object.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { Spool } from '../../src/memory/spool.ts';
import { comparePayloads, type Pair, readObject } from '../../src/worker/objects.ts';
import { Threads } from '../../src/worker/threads.ts';
import { failureOf } from '../support/failure.ts';
import { testFolder } from '../support/folders.ts';
import { columnsShape, messageText, plainShape } from '../support/messages.ts';
import { makeObject, rangesOf, readBack } from '../support/objects.ts';

const threads = new Threads(2);
afterAll(() => threads.close());

const formats = ['parquet', 'jsonl'] as const;

/** Payloads that an encoder might be tempted to rewrite. Each is one line, as JSON Lines requires. */
const exact = [
  '{"message_id":"b","timestamp":1717200000000,"alerts":[{"alert_id":"1","status":"closed"}],"n":1.0E+2,"big":12345678901234567890123}',
  '{ "alerts" : [ { "status" : "CLOSED" } , {"alert_id":null,"status":"closed"} ], "timestamp" : "2024-06-01T02:00:00.000001+02:00" , "message_id":"a" }',
  '{"message_id":"\\u0000 \\ud83d\\ude00 é e\\u0301","timestamp":"2024-06-01","alerts":[{"status":"closed"}],"a":1,"a":2,"lone":"\\ud800"}',
  '{"message_id":"\u{10ffff}\u2028","timestamp":"2024-06-30T23:59:59.999999Z","alerts":[{"status":"closed"}],",\\"message\\":":"\u2029"}',
  '{"message_id":"\ufeffmarked\ufeff","timestamp":"2024-06-20","alerts":[{"status":"closed"}],"\ufeff":"\ufeff"}',
  messageText('long', '2024-06-02', { body: 'ü'.repeat(300_000) }),
];

describe.each(formats)('encodeObject and readObject with %s', (format) => {
  it('preserve every payload and the other columns', async () => {
    const object = await makeObject(threads, await testFolder(), format, plainShape, exact);
    expect(object.encoded).toMatchObject({ bytes: object.bytes.length, rows: exact.length });
    const { facts, rows } = await readBack(threads, format, object.bytes);
    expect(facts).toEqual(object.facts);
    expect(rows).toEqual(object.rows);
    expect(rows.map(({ payload }) => payload).toSorted()).toEqual(exact.toSorted());
  });

  it('support a spool in memory, on disk, or both', async () => {
    const texts = Array.from({ length: 12 }, (_, n) =>
      messageText(`${n}`, '2024-06-01', { body: `${n}`.repeat(600_000) }),
    );
    const made = await Promise.all(
      [Number.MAX_SAFE_INTEGER, 0, 8 * 1024 * 1024].map(async (spoolBytes) =>
        makeObject(threads, await testFolder(), format, plainShape, texts, spoolBytes),
      ),
    );
    for (const { bytes, facts, rows } of made) {
      expect(await readBack(threads, format, bytes)).toEqual({ facts, rows });
    }
  });

  it('read no payloads unless requested', async () => {
    const object = await makeObject(threads, await testFolder(), format, plainShape, exact);
    const ids: string[] = [];
    await readObject(threads, rangesOf(object.bytes), { format, payloads: false }, async (chunk) => {
      expect(chunk.payloads).toBeUndefined();
      ids.push(...chunk.ids);
    });
    expect(ids).toEqual(object.rows.map(({ id }) => id));
  });

  it('rethrow errors of the taker and of the byte source', async () => {
    const { bytes } = await makeObject(threads, await testFolder(), format, plainShape, exact);
    const request = { format, payloads: true };
    const full = new Error('the disk is full');
    const gone = new Error('the object is gone');
    const ranges = { size: bytes.length, read: () => Promise.reject(gone) };
    await expect(readObject(threads, rangesOf(bytes), request, () => Promise.reject(full))).rejects.toBe(full);
    await expect(readObject(threads, ranges, request, async () => undefined)).rejects.toBe(gone);
  });

  it('reject an object of the other format', async () => {
    const other = await makeObject(
      threads,
      await testFolder(),
      format === 'jsonl' ? 'parquet' : 'jsonl',
      plainShape,
      exact,
    );
    await expect(readBack(threads, format, other.bytes)).rejects.toBeInstanceOf(DamagedError);
  });
});

describe('readObject', () => {
  it('allows a taker to be slower than a thread may be silent', async () => {
    const texts = [1, 2, 3].map((n) => messageText(`${n}`, '2024-06-01', { body: hexNoise(n, 3_000_000) }));
    const { bytes, facts } = await makeObject(threads, await testFolder(), 'jsonl', plainShape, texts);
    const request = { format: 'jsonl', payloads: true, silenceMs: 900 } as const;
    const { size, read } = rangesOf(bytes);
    // The thread's read-ahead is served while the first chunk is being taken.
    const slowRead = (start: number, end: number) => setTimeout(50).then(() => read(start, end));
    const slowTake = ({ first }: RowChunk) => setTimeout(first === 0 ? 1_400 : 0);
    expect(await readObject(threads, { size, read: slowRead }, request, slowTake)).toEqual({ facts });
  });
});

describe('readObject with a message shape', () => {
  it.each(formats)('rejects an object of %s with a message that is not closed', async (format) => {
    const texts = ['{"message_id":"o","timestamp":"2024-06-09","alerts":[{"status":"shut"}]}'];
    const shape = { ...plainShape, closedStatuses: ['shut'] };
    const { bytes } = await makeObject(threads, await testFolder(), format, shape, texts);
    const request = { format, payloads: true, shape: plainShape };
    const read = readObject(threads, rangesOf(bytes), request, async () => undefined);
    await expect(read).rejects.toEqual(
      new DamagedError('the payload of row 1 is not a message whose alerts are all closed'),
    );
  });
});

describe('encodeObject', () => {
  it.each([
    ['first batch', 1],
    ['last batch, after others', 3_000_000],
  ])('rejects a message that is not closed in the %s, and remains usable', async (_, length) => {
    const open = '{"message_id":"o","timestamp":"2024-06-09","alerts":[{"status":"open"}]}';
    const texts = [messageText('c', '2024-06-01', { body: hexNoise(1, length) }), open];
    const made = makeObject(threads, await testFolder(), 'parquet', plainShape, texts);
    await expect(made).rejects.toThrow('A row requires exactly one closed message');
    expect((await makeObject(threads, await testFolder(), 'parquet', plainShape, exact)).encoded.rows).toBe(
      exact.length,
    );
  });

  it('does not overwrite a file', async () => {
    const folder = await testFolder();
    const { path } = await makeObject(threads, folder, 'jsonl', plainShape, exact);
    await expect(makeObject(threads, folder, 'jsonl', plainShape, exact)).rejects.toThrow('EEXIST');
    await access(path);
  });

  it('names a file that cannot be written', async () => {
    const nowhere = join(await testFolder(), 'nowhere');
    const failure = await failureOf(makeObject(threads, nowhere, 'parquet', plainShape, exact));
    expect(failure).toContain(join(nowhere, 'object.parquet'));
    expect(failure).toContain('ENOENT');
  });

  it('writes columns of every type readable by DuckDB', async () => {
    const texts = [
      messageText('a', '2024-06-01T00:00:00.000001Z', {
        subject: 'tab\tand ü',
        sequence: '9007199254740993',
        risk: { score: 1e-7 },
        private: true,
        sent: '2024-06-01T02:00:00.123456+02:00',
      }),
      messageText('b', '2024-06-02'),
      messageText('c', '2024-06-03', { subject: null, sequence: 1.5, risk: 'none', private: 'yes', sent: 'never' }),
      messageText('d', '2024-06-04', {
        subject: { a: [1] },
        sequence: -5,
        risk: { score: 2 },
        private: false,
        sent: 0,
      }),
    ];
    const { path } = await makeObject(threads, await testFolder(), 'parquet', columnsShape, texts);
    const nothing = { subject: null, sequence: null, score: null, private: null, sent: null };
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const found = await connection.runAndReadAll(`
      SELECT message_id, epoch_us(timestamp) AS "timestamp", alert_count, alerts, subject, sequence, score, private,
        epoch_us(sent) AS sent, source, epoch_us(read_at) AS read_at, payload_sha256 = sha256(payload) AS proven, payload
      FROM '${path}'`);
    connection.closeSync();
    const rows = found.getRowObjectsJson();
    expect(
      rows.map(({ subject, sequence, score, private: isPrivate, sent }) => ({
        subject,
        sequence,
        score,
        private: isPrivate,
        sent,
      })),
    ).toEqual([
      { subject: 'tab\tand ü', sequence: '9007199254740993', score: 1e-7, private: true, sent: '1717200000123456' },
      nothing,
      nothing,
      { subject: '{"a":[1]}', sequence: '-5', score: 2, private: false, sent: '0' },
    ]);
    expect(rows[0]).toMatchObject({
      message_id: 'a',
      timestamp: '1717200000000001',
      alert_count: 1,
      alerts: [{ alert_id: 'alert of a', status: 'closed' }],
      source: 'api',
      read_at: '1725148800007000',
    });
    expect(rows.map(({ proven, payload }) => [proven, payload])).toEqual(texts.map((text) => [true, text]));
  });
});

describe('comparePayloads', () => {
  it('compares content, ignoring spelling', async () => {
    const texts = ['{"a":1,"b":["ü"]}', '{ "b":["\\u00fc"], "a":1 }', '{"a":1,"b":["u"]}'];
    const spool = new Spool(new BufferPool(0), join(await testFolder(), 'spool'));
    const ranges: [number, number][] = [];
    for (const text of texts) ranges.push([spool.append(Buffer.from(text)), Buffer.byteLength(text)]);
    const pairs: Pair[] = [
      [...ranges[0]!, ...ranges[1]!],
      [...ranges[0]!, ...ranges[2]!],
      [...ranges[2]!, ...ranges[2]!],
    ];
    expect(await comparePayloads(threads, await spool.flush(), pairs)).toEqual([true, false, true]);
    await spool.close();
  });
});

/** Text that compresses to about half at best. */
function hexNoise(seed: number, chars: number): string {
  let state = seed + 1;
  const bytes = Buffer.alloc(chars / 2);
  for (let n = 0; n < bytes.length; n += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[n] = state >>> 24;
  }
  return bytes.toString('hex');
}
