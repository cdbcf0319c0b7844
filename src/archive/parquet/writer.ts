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

/** Uncompressed size of a row group: large enough to read fast, small enough to keep in memory. */
const groupBytesMax = 9 * 1024 * 1024;
/** In the format that readers parse; otherwise they ignore the file's statistics. */
const createdBy = `message-archive version ${layoutVersion}`;
/** Payload bytes of a batch for the encoder. */
const batchBytesMax = 2 * 1024 * 1024;

/**
 * Writes a slot's rows as a Parquet file, with one batch in memory at a time. If its input fails, the encoder still writes a
 * valid but shorter file, so the failure is remembered and the row count is read back from the footer.
 * @throws Error if a payload is not a closed message
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

/** A stream of record batches that remembers its failure and counts the values of declared columns. */
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

/** @param filled is updated with the number of rows with a value, for each declared column */
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
    // The library's page index is wrong for lists: it marks pages with as many nulls as rows as null pages.
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
