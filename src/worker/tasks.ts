import type { MessagePort } from 'node:worker_threads';
import workerpool from 'workerpool';
import { encodeJsonl, readJsonl } from '../archive/jsonl.ts';
import {
  DamagedError,
  type Emit,
  type EncodedObject,
  type EncodeJob,
  type ReadRequest,
  type ReadResult,
} from '../archive/object.ts';
import { assertPayloads, expectedRows } from '../archive/payload-check.ts';
import { shaBytes } from '../archive/rows.ts';
import { SpoolReader, type SpoolView } from '../memory/spool.ts';
import { sameContent } from '../messages/json/canonical.ts';
import type { MessageShape } from '../messages/message.ts';
import { hashMessage, oneLine, PageError, type PageShape, scanPage } from '../messages/page.ts';
import { compileShape } from '../messages/read.ts';
import type { PageScan } from './pages.ts';
import { remoteRanges } from './remote.ts';

// The Parquet libraries are large, so they are loaded on demand.

/** Finds, classifies and hashes the messages of a page. */
function scan(bytes: Uint8Array, page: PageShape, message: MessageShape, asOneLine: boolean) {
  try {
    const { messages, ...around } = scanPage(bytes, page, compileShape(message));
    const shas = new Uint8Array(messages.length * shaBytes);
    messages.forEach(({ start, end, state }, n) => {
      if (asOneLine && state !== 'invalid') oneLine(bytes, start, end);
      shas.set(hashMessage(bytes, start, end), n * shaBytes);
    });
    const found: PageScan = { messages, shas, ...around };
    return new workerpool.Transfer(found, [shas.buffer]);
  } catch (error) {
    if (error instanceof PageError) return { reason: error.message, isCut: error.isCut } satisfies PageScan;
    throw error;
  }
}

/** @param module parquet-wasm, if the format is Parquet */
async function encode(job: EncodeJob, module?: WebAssembly.Module): Promise<EncodedObject> {
  if (module === undefined) return encodeJsonl(job);
  const { encodeParquet } = await import('../archive/parquet/writer.ts');
  return encodeParquet(job, module);
}

/** The result of reading an object, whose rows went through the port, or the damage. */
export type ReadOutcome = ReadResult | { readonly damage: string };

/** @throws errors after which the thread must not be reused: a library crashed or is still reading */
async function read(
  port: MessagePort,
  size: number,
  request: ReadRequest,
  module?: WebAssembly.Module,
): Promise<ReadOutcome> {
  const { ranges, emit } = remoteRanges(port, size);
  const shape = request.shape && compileShape(request.shape);
  const checked: Emit = (chunk, check) => {
    assertPayloads(chunk, shape);
    if (shape !== undefined) check?.(expectedRows(chunk, shape));
    return emit(chunk);
  };
  try {
    if (module === undefined) return await readJsonl(ranges, request, checked);
    const { readParquet } = await import('../archive/parquet/reader.ts');
    return await readParquet(ranges, request, checked, module);
  } catch (error) {
    if (!(error instanceof DamagedError) || error.isStillRead) throw error;
    return { damage: error.message };
  } finally {
    port.close();
  }
}

/** Two payloads of a spool: `[position, length, position, length]`. */
export type Pair = readonly [number, number, number, number];

/** For each pair, true if both payloads have the same content. */
function compare(view: SpoolView, pairs: readonly Pair[]): boolean[] {
  const spool = new SpoolReader(view);
  const payload = (position: number, length: number) => {
    const bytes = new Uint8Array(length);
    spool.copy(position, length, bytes, 0);
    return bytes;
  };
  try {
    return pairs.map(([a, aLength, b, bLength]) => sameContent(payload(a, aLength), payload(b, bLength)));
  } finally {
    spool.close();
  }
}

workerpool.worker({ scan, encode, read, compare });
