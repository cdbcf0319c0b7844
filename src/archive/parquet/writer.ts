import { openAsBlob } from 'node:fs';
import type { Schema } from 'apache-arrow';
import {
  Compression,
  EnabledStatistics,
  ParquetFile,
  Table,
  transformParquetStream,
  type WriterProperties,
  WriterPropertiesBuilder,
} from 'parquet-wasm/esm';
import { SpoolReader } from '../../memory/spool.ts';
import { compileShape, readRow } from '../../messages/read.ts';
import { FileSink } from '../file-sink.ts';
import { JoinBuffer } from '../join-buffer.ts';
import { layoutVersion } from '../layout.ts';
import { type EncodedObject, type EncodeJob, factPairs, objectBytesMax } from '../object.ts';
import { rowBatches } from '../row-batches.ts';
import { shaBytes, sourceAt } from '../rows.ts';
import { arrowSchema, encodeBatch } from './batch.ts';
import { compressPages } from './compression.ts';
import { leavesOf } from './leaves.ts';
import { loadParquet } from './wasm.ts';

/** Bytes of a row group before its pages are compressed: large enough to be read at speed, small enough to be held. */
const groupBytesMax = 9 * 1024 * 1024;
/** In the form that readers look for, who else distrust a file's statistics. */
const createdBy = `message-archive version ${layoutVersion}`;
/** Payload that is handed to the encoder at once. */
const batchBytesMax = 2 * 1024 * 1024;

/**
 * Writes a slot's rows as a Parquet file, one batch in memory at a time.
 * @throws Error when a payload is no closed message, or when the file does not hold every row: the encoder ends as a valid
 *   but shorter file when its input fails, so that failure is kept here and the footer is read back.
 */
export async function encodeParquet(job: EncodeJob, module: WebAssembly.Module): Promise<EncodedObject> {
  loadParquet(module);
  const spool = new SpoolReader(job.spool);
  const sink = new FileSink(job.path);
  const input = batchStream(job, spool);
  try {
    const output = await transformParquetStream(input.stream, writerProperties(job));
    for await (const part of compressPages(output as unknown as AsyncIterable<Uint8Array>)) sink.write(part);
    if (input.failure() !== undefined) throw input.failure();
  } catch (error) {
    throw input.failure() ?? error;
  } finally {
    spool.close();
    sink.close();
  }
  const rows = sink.bytes > objectBytesMax.parquet ? undefined : await footerRows(job.path);
  return { bytes: sink.bytes, sha256: sink.sha256(), rows, filled: input.filled };
}

/** A stream of record batches that remembers why it ended early, and which columns have values. */
function batchStream(job: EncodeJob, spool: SpoolReader) {
  const fields = arrowSchema(job.schema);
  const filled = job.schema.columns.map(() => 0);
  const batches = recordBatches(job, fields, spool, filled);
  let failure: unknown;
  const stream = new ReadableStream(
    {
      async pull(controller) {
        try {
          const next = await batches.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          failure = error;
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, filled, failure: () => failure };
}

/** @param filled counts, by declared column, the rows that have a value */
async function* recordBatches(job: EncodeJob, fields: Schema, spool: SpoolReader, filled: number[]) {
  const { rows, schema } = job;
  const shape = compileShape(job.shape);
  const ipc = new JoinBuffer();
  const shas = Buffer.from(rows.shas.buffer, rows.shas.byteOffset, rows.shas.byteLength);
  for (const { first, end, bytes, offsets } of rowBatches(rows, spool, batchBytesMax)) {
    const numbers = Array.from({ length: end - first }, (_, n) => first + n);
    const read = numbers.map((n) => readRow(bytes.subarray(offsets[n - first]!, offsets[n - first + 1]!), shape));
    filled.forEach((count, n) => {
      filled[n] = count + read.filter(({ columns }) => columns[n] !== null).length;
    });
    const pieces = encodeBatch(schema, fields, {
      rows: read,
      sources: numbers.map((n) => sourceAt(rows, n)),
      readAts: rows.readAts.subarray(first, end),
      shas: numbers.map((n) => shas.toString('hex', n * shaBytes, (n + 1) * shaBytes)),
      payload: { bytes, offsets },
    });
    const table = Table.fromIPCStream(await ipc.join(pieces));
    yield* table.recordBatches();
    table.free();
  }
}

function writerProperties(job: EncodeJob): WriterProperties {
  const properties = new WriterPropertiesBuilder()
    .setCreatedBy(createdBy)
    .setCompression(Compression.UNCOMPRESSED)
    .setMaxRowGroupBytes(groupBytesMax)
    // Of lists the library's page index is wrong: it takes a page with as many nulls as rows for one without values.
    .setStatisticsEnabled(EnabledStatistics.Chunk);
  return leavesOf(job.schema)
    .filter(({ isRepeated }) => !isRepeated)
    .reduce((to, { path }) => to.setColumnStatisticsEnabled(path[0]!, EnabledStatistics.Page), properties)
    .setColumnDictionaryEnabled('payload', false)
    .setColumnStatisticsEnabled('payload', EnabledStatistics.None)
    .setColumnDictionaryEnabled('payload_sha256', false)
    .setColumnDictionaryEnabled('message_id', false)
    .setKeyValueMetadata(new Map(factPairs(job.facts)))
    .build();
}

async function footerRows(path: string): Promise<number> {
  const file = await ParquetFile.fromFile(await openAsBlob(path));
  try {
    return file.metadata().fileMetadata().numRows();
  } finally {
    file.free();
  }
}
