import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/archive/digest.ts';
import { readJsonl } from '../../src/archive/jsonl.ts';
import { packShas } from '../../src/archive/rows.ts';
import type { Format } from '../../src/archive/schema.ts';
import { Threads } from '../../src/worker/threads.ts';
import { bundledThreads } from '../support/bundle.ts';
import { testFolder } from '../support/folders.ts';
import { columnsShape, messageText } from '../support/messages.ts';
import { makeObject, type ObjectRow, rangesOf, readBack, rowsOf, type TestObject } from '../support/objects.ts';

const folder = await mkdtemp(join(tmpdir(), 'message-archive-test-'));
const { Threads: BundledThreads, DamagedError, readObject } = await bundledThreads(folder);
const [threads, encoders] = [new BundledThreads(2), new Threads(1)];
afterAll(async () => {
  await Promise.all([threads.close(), encoders.close()]);
  await rm(folder, { recursive: true });
});

/** Far longer than a file of a few KB takes, and short enough to wait for. */
const silenceMs = 700;
const changesOfParquet = 30;
const changesOfJsonl = 8;
/** Read in this thread, since JSON Lines cannot crash it. */
const changesOfReader = 80;

const texts = Array.from({ length: 40 }, (_, n) =>
  messageText(`id ${n}`, new Date(Date.UTC(2024, 5, 1) + n * 1_234_567).toISOString(), {
    subject: `subject ${(n * 7_919) % 1_000}`,
    sequence: n,
    risk: { score: n / 7 },
    private: n % 3 === 0,
    sent: '2024-06-01',
  }),
);

/** All messages for these damages: those of libraries must not appear. */
const knownMessages = [
  'it is empty',
  'it is truncated',
  'it was not written by this archive',
  'it does not end like a Parquet file',
  'its footer cannot be read',
  'its footer points outside the file',
  'its bytes cannot be decoded',
  'its bytes make the reader hang',
  'its last line is truncated',
  'its column payload cannot be read',
  'one of its lines was not written by this archive',
  'the payload of row 1 does not match its SHA-256',
];

type ReadBack = Awaited<ReturnType<typeof readBack>>;

/**
 * True if the object passes the caller's check of the content digest, in which case it must be what was written. The caller
 * rejects an object with another digest.
 */
function isIntact({ facts, rows }: ReadBack, object: TestObject): boolean {
  const found = { ids: rows.map(({ id }) => id), shas: packShas(rows.map(({ sha }) => sha)) };
  if (facts.rows !== rows.length || facts.digest !== contentDigest(facts.schema, found)) return false;
  expect(rows.map(({ id, payload }) => [id, payload])).toEqual(object.rows.map(({ id, payload }) => [id, payload]));
  return true;
}

/** Reads damaged bytes, which must end in a DamagedError, another digest or the original content. True for the last. */
async function assertEnds(format: Format, bytes: Uint8Array, object: TestObject): Promise<boolean> {
  try {
    return isIntact(await readBack(threads, format, bytes, silenceMs, readObject), object);
  } catch (error) {
    expect(error).toBeInstanceOf(DamagedError);
    expect(knownMessages).toContain(
      (error as Error).message.replace(/ of row \d+/, ' of row 1').replace(/(?<=its column )\w+/, 'payload'),
    );
    return false;
  }
}

/** Copies with one bit changed, at positions spread evenly. */
function* changed(bytes: Uint8Array, count: number): Generator<Uint8Array> {
  let seed = 20_240_601;
  for (let n = 0; n < count; n += 1) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const copy = new Uint8Array(bytes);
    const position = Math.floor(((n + seed / 2 ** 32) * bytes.length) / count);
    copy[position]! ^= 1 << (seed >>> 29);
    yield copy;
  }
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const { length } = bytes;
  return [0, length >> 1, length - 1].map((end) => bytes.subarray(0, end));
}

const made = async (format: Format) => makeObject(encoders, await testFolder(), format, columnsShape, texts);

describe.each([
  ['parquet', changesOfParquet],
  ['jsonl', changesOfJsonl],
] as const)('readObject of damaged %s', (format, changes) => {
  it('terminates whichever byte was changed', async () => {
    const object = await made(format);
    const ends = await Promise.all(
      Array.from(changed(object.bytes, changes), (bytes) => assertEnds(format, bytes, object)),
    );
    expect(ends).toContain(false);
    expect(isIntact(await readBack(threads, format, object.bytes, undefined, readObject), object)).toBe(true);
  });

  it('rejects a truncated file', async () => {
    const object = await made(format);
    const ends = await Promise.all(cut(object.bytes).map((bytes) => assertEnds(format, bytes, object)));
    expect(ends).toEqual(ends.map(() => false));
  });
});

describe('readObject', () => {
  it.each<[string, Format, (bytes: Uint8Array) => Uint8Array]>([
    ['it is empty', 'parquet', (bytes) => bytes.subarray(0, 0)],
    ['it is empty', 'jsonl', (bytes) => bytes.subarray(0, 0)],
    ['it does not end like a Parquet file', 'parquet', (bytes) => bytes.subarray(0, -1)],
    ['it does not end like a Parquet file', 'parquet', (bytes) => bytes.subarray(0, 3)],
    ['it is truncated', 'jsonl', (bytes) => bytes.subarray(0, -20)],
    [
      'its footer cannot be read',
      'parquet',
      (bytes) => bytes.fill(0xff, Buffer.from(bytes).indexOf('ARROW:schema') + 40, bytes.length - 60),
    ],
    ['its footer cannot be read', 'parquet', (bytes) => bytes.fill(0xff, bytes.length - 40, bytes.length - 8)],
    ['its bytes cannot be decoded', 'parquet', (bytes) => bytes.fill(0xff, 4, 400)],
    ['its bytes cannot be decoded', 'jsonl', (bytes) => bytes.fill(0xff, bytes.length - 400, bytes.length - 300)],
    ['it was not written by this archive', 'jsonl', (bytes) => bytes.with(3, 0)],
  ])('reports that %s (%s)', async (reason, format, damage) => {
    const { bytes } = await made(format);
    const reading = readBack(threads, format, damage(bytes), silenceMs, readObject);
    await expect(reading).rejects.toThrow(new DamagedError(reason));
  });

  it('gives up a thread that stops responding', async () => {
    const { bytes } = await made('jsonl');
    const zeros = gzipSync(Buffer.alloc(8 * 2 ** 20));
    const endless = Buffer.concat([bytes, ...Array<Buffer>(16).fill(zeros)]);
    const reading = readBack(threads, 'jsonl', endless, 50, readObject);
    await expect(reading).rejects.toThrow(new DamagedError('its bytes make the reader hang'));
  });
});

describe('readJsonl', () => {
  it('returns nothing but what was written whichever byte was changed', async () => {
    const object = await made('jsonl');
    for (const bytes of changed(object.bytes, changesOfReader)) {
      const rows: ObjectRow[] = [];
      const read = await readJsonl(rangesOf(bytes), { format: 'jsonl', payloads: true }, async (chunk) => {
        rows.push(...rowsOf(chunk));
      }).catch(() => undefined);
      if (read) isIntact({ facts: read.facts, rows }, object);
    }
  });
});
