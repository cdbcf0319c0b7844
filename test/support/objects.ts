import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentDigest } from '../../src/archive/digest.ts';
import { layoutVersion } from '../../src/archive/layout.ts';
import type { ByteRanges, EncodedObject, EncodeJob, ObjectFacts, RowChunk } from '../../src/archive/object.ts';
import { factsOfRows, Rows, shaBytes } from '../../src/archive/rows.ts';
import { describeSchema, type Format } from '../../src/archive/schema.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { Spool } from '../../src/memory/spool.ts';
import type { MessageShape } from '../../src/messages/message.ts';
import { compileShape, readMessage } from '../../src/messages/read.ts';
import { encodeObject, readObject } from '../../src/worker/objects.ts';
import type { Threads } from '../../src/worker/threads.ts';

/** A row, as written or as read back. */
export interface ObjectRow {
  readonly id: string;
  readonly timestamp: bigint;
  readonly readAt: number;
  readonly source: string;
  /** Hex. */
  readonly sha: string;
  /** Absent if it was not requested. */
  readonly payload?: string;
}

export interface TestObject {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly encoded: EncodedObject;
  readonly facts: ObjectFacts;
  /** In the object's order. */
  readonly rows: readonly ObjectRow[];
}

const readAt = Date.UTC(2024, 8, 1, 0, 0, 0, 7);
const slot = '20240601T000000Z-20240701T000000Z';

/**
 * Writes an object with the given messages.
 * @param spoolBytes memory for the spool
 */
export async function makeObject(
  threads: Threads,
  folder: string,
  format: Format,
  shape: MessageShape,
  texts: readonly string[],
  spoolBytes: number = Number.MAX_SAFE_INTEGER,
): Promise<TestObject> {
  const spool = new Spool(new BufferPool(spoolBytes), join(folder, 'spool'));
  const rows = new Rows();
  const compiled = compileShape(shape);
  for (const [n, text] of texts.entries()) {
    const bytes = Buffer.from(text);
    const { id, timestamp } = readMessage(bytes, 0, compiled);
    const position = spool.append(bytes);
    const sha = hash('sha256', bytes, 'buffer');
    const source = n % 2 === 0 ? 'api' : 'elasticsearch';
    rows.set({ id: id!, timestamp: timestamp!, readAt: readAt + n, source, sha, position, length: bytes.length });
  }
  const order = rows.order();
  const columns = rows.columns(order);
  const schema = describeSchema(shape);
  const digest = contentDigest(schema, columns);
  const facts = { digest, rows: rows.size, slot, layout: layoutVersion, schema };
  const path = join(folder, `object.${format}`);
  const job: EncodeJob = {
    format,
    schema: shape,
    shape,
    rows: factsOfRows(columns),
    spool: await spool.flush(),
    facts,
    path,
  };
  try {
    const encoded = await encodeObject(threads, job);
    return {
      path,
      bytes: await readFile(path),
      encoded,
      facts,
      rows: Array.from(order, (at) => rowAt(rows, at, texts)),
    };
  } finally {
    await spool.close();
  }
}

function rowAt(rows: Rows, at: number, texts: readonly string[]): ObjectRow {
  const { id, timestamp, readAt: ms, source } = rows.row(at);
  return { id, timestamp, readAt: ms, source, sha: Buffer.from(rows.sha(at)).toString('hex'), payload: texts[at]! };
}

/** Wraps bytes in memory as an object of an archive. */
export function rangesOf(bytes: Uint8Array): ByteRanges {
  return {
    size: bytes.length,
    read: async (start, end) => new Uint8Array(bytes.subarray(start, end)),
  };
}

/** Reads an object with its payloads, in threads from source or as released. */
export async function readBack(
  threads: Threads,
  format: Format,
  bytes: Uint8Array,
  silenceMs?: number,
  read: typeof readObject = readObject,
): Promise<{ facts: ObjectFacts; rows: ObjectRow[] }> {
  const rows: ObjectRow[] = [];
  const take = async (chunk: RowChunk) => void rows.push(...rowsOf(chunk));
  const { facts } = await read(threads, rangesOf(bytes), { format, payloads: true, silenceMs }, take);
  return { facts, rows };
}

/** Returns the rows of a chunk. */
export function rowsOf({ ids, timestamps, readAts, sources, shas, payloads }: RowChunk): ObjectRow[] {
  return ids.map((id, n) => {
    const payload = payloads?.bytes.subarray(payloads.offsets[n], payloads.offsets[n + 1]);
    return {
      id,
      timestamp: timestamps[n]!,
      readAt: readAts[n]!,
      source: sources[n]!,
      sha: Buffer.from(shas.subarray(n * shaBytes, (n + 1) * shaBytes)).toString('hex'),
      ...(payload && { payload: Buffer.from(payload).toString() }),
    };
  });
}
