import { type Table as ArrowTable, type Data, tableFromIPC } from 'apache-arrow';
import { ParquetFile } from 'parquet-wasm/esm';
import {
  type ByteRanges,
  DamagedError,
  decodingFailure,
  type Emit,
  factsOf,
  type ObjectFacts,
  type ReadRequest,
  type ReadResult,
  type RowChunk,
  type WholeObject,
  wholeObject,
} from '../object.ts';
import { packShas } from '../rows.ts';
import { type ArchiveSchema, schemaOf } from '../schema.ts';
import { WholeRanges } from '../whole-ranges.ts';
import { ParquetCheck } from './check.ts';
import { columnDifference } from './columns.ts';
import { fileMagic } from './offsets.ts';
import { loadParquet } from './wasm.ts';

const indexColumns = ['message_id', 'timestamp', 'source', 'read_at', 'payload_sha256'];

/**
 * Reads a Parquet object back, one row group at a time, fetching only the bytes of the required columns. Damaged bytes can
 * cause an error, a crash or an endless loop, so run it in a thread that can be terminated.
 * @throws DamagedError if the bytes are not a Parquet object of this archive; WebAssembly.RuntimeError if a library crashes
 */
export async function readParquet(
  ranges: ByteRanges,
  request: ReadRequest,
  emit: Emit,
  module: WebAssembly.Module,
): Promise<ReadResult> {
  if (ranges.size === 0) throw new DamagedError('it is empty');
  loadParquet(module);
  const whole = request.whole ? new WholeRanges(ranges) : undefined;
  const blob = new RangeBlob(whole ?? ranges);
  return Promise.race([blob.failed, readGroups({ ranges, whole, blob }, request, emit)]);
}

interface ObjectBytes {
  readonly ranges: ByteRanges;
  /** Set if every byte is read. */
  readonly whole: WholeRanges | undefined;
  readonly blob: RangeBlob;
}

async function readGroups({ ranges, whole, blob }: ObjectBytes, request: ReadRequest, emit: Emit): Promise<ReadResult> {
  const file = await ParquetFile.fromFile(blob as unknown as Blob).catch(async (error: unknown) => {
    throw new DamagedError(await footerDamage(ranges), error instanceof WebAssembly.RuntimeError);
  });
  try {
    const metadata = file.metadata();
    const pairs: ReadonlyMap<string, string> = metadata.fileMetadata().keyValueMetadata();
    const facts = factsOf((key) => pairs.get(key));
    if (facts === undefined) throw new DamagedError('it was not written by this archive');
    if (whole !== undefined)
      return { facts, whole: await readEveryByte(whole, file, schemaOfObject(facts, request), emit) };
    const columns = request.payloads ? [...indexColumns, 'payload'] : indexColumns;
    let first = 0;
    for (let group = 0; group < metadata.numRowGroups(); group += 1) {
      const rows = metadata.rowGroup(group).numRows();
      if (request.groups === undefined || request.groups.includes(group)) {
        await emit(chunkOf(await tableOf(file, group, rows, columns), group, first));
      }
      first += rows;
    }
    return { facts };
  } finally {
    file.free();
  }
}

async function tableOf(file: ParquetFile, group: number, rows: number, columns?: string[]): Promise<ArrowTable> {
  const options = { rowGroups: [group], batchSize: Math.max(1, rows), ...(columns && { columns }) };
  try {
    return tableFromIPC((await file.read(options)).intoIPCStream());
  } catch (error) {
    throw decodingFailure(error);
  }
}

function schemaOfObject(facts: ObjectFacts, { shape }: ReadRequest): ArchiveSchema {
  const schema = schemaOf(facts.schema, shape!.columns);
  if (schema === undefined) throw new DamagedError('its columns differ from those of the archive');
  return schema;
}

/** Reads all columns, keeping the bytes of a row group in memory while it is checked. */
async function readEveryByte(
  ranges: WholeRanges,
  file: ParquetFile,
  schema: ArchiveSchema,
  emit: Emit,
): Promise<WholeObject> {
  const check = await ParquetCheck.of(ranges, schema);
  let difference: string | undefined;
  const magic = await ranges.load(fileMagic.length);
  if (!fileMagic.equals(magic)) difference = 'it does not begin like a Parquet file';
  let first = 0;
  for (const [group, { end, rows }] of check.groups.entries()) {
    const bytes = await ranges.load(end);
    const table = await tableOf(file, group, rows);
    const chunk = chunkOf(table, group, first);
    await emit(chunk, (expected) => {
      difference ??= columnDifference(table, schema, expected, first);
      // If values differ, their statistics are not a second difference.
      if (difference === undefined) check.checkGroup(group, bytes, expected);
    });
    first += chunk.ids.length;
  }
  check.checkIndexes(await ranges.load(check.indexesEnd));
  return wholeObject(await ranges.sha256(), difference ?? check.difference);
}

/** The reason why there is no readable footer, instead of the library's own message. */
async function footerDamage(ranges: ByteRanges): Promise<string> {
  const end = await ranges.read(Math.max(0, ranges.size - fileMagic.length), ranges.size);
  return fileMagic.equals(end) ? 'its footer cannot be read' : 'it does not end like a Parquet file';
}

function chunkOf(table: ArrowTable, group: number, first: number): RowChunk {
  const column = (name: string) => {
    const data = table.getChild(name)?.data;
    if (data?.length !== 1) throw new DamagedError(`its column ${name} cannot be read`);
    return data[0]!;
  };
  const texts = (name: string) => textsOf(column(name));
  const payload = table.getChild('payload') === null ? undefined : column('payload');
  return {
    group,
    first,
    ids: texts('message_id'),
    timestamps: column('timestamp').values as BigInt64Array,
    readAts: Float64Array.from(column('read_at').values as BigInt64Array, (us) => Number(us / 1000n)),
    sources: texts('source'),
    shas: packShas(texts('payload_sha256')),
    ...(payload && { payloads: { bytes: payload.values as Uint8Array, offsets: payload.valueOffsets as Int32Array } }),
  };
}

/** Arrow's decoder would remove a leading byte order mark. */
function textsOf({ length, values, valueOffsets }: Data): string[] {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Array.from({ length }, (_, n) => bytes.toString('utf8', valueOffsets[n], valueOffsets[n + 1]));
}

/**
 * The subset of Blob that parquet-wasm uses. A failed read is reported through {@link failed}: within the library, a rejected
 * promise would cause a panic without a reason.
 */
class RangeBlob {
  readonly #ranges: ByteRanges;
  readonly #start: number;
  readonly #end: number;
  readonly #fail: (error: unknown) => void;
  readonly failed: Promise<never>;

  constructor(ranges: ByteRanges, start = 0, end = ranges.size, fail?: (error: unknown) => void) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#ranges = ranges;
    this.#start = start;
    this.#end = end;
    this.#fail = fail ?? reject;
    this.failed = promise;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  slice(start: number, end: number): RangeBlob {
    return new RangeBlob(this.#ranges, this.#start + start, this.#start + end, this.#fail);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return new Promise((resolve) => {
      if (this.#start < 0 || this.#end > this.#ranges.size || this.#end < this.#start) {
        return this.#fail(new DamagedError('its footer points outside the file', true));
      }
      this.#ranges.read(this.#start, this.#end).then((bytes) => resolve(bytes.buffer), this.#fail);
    });
  }
}
