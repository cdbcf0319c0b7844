import { pipeline } from 'node:stream';
import { crc32, createGunzip, deflateRawSync } from 'node:zlib';
import { SpoolReader } from '../memory/spool.ts';
import { type ArchiveRow, type CompiledShape, compileShape, readRow } from '../messages/read.ts';
import { formatTimestamp, parseTimestamp } from '../messages/time/timestamp.ts';
import { FileSink } from './file-sink.ts';
import {
  type ByteRanges,
  DamagedError,
  decodingFailure,
  type Emit,
  type EncodedObject,
  type EncodeJob,
  type ExpectedRows,
  factPairs,
  factsOf,
  type ObjectFacts,
  type ReadRequest,
  type ReadResult,
  type RowChunk,
  wholeObject,
} from './object.ts';
import { type RowBatch, rowBatches } from './row-batches.ts';
import { isSource, packShas, type RowFacts, shaBytes, sourceAt } from './rows.ts';
import { schemaOf } from './schema.ts';
import { WholeRanges } from './whole-ranges.ts';

/** Payload bytes of a gzip member, and of a chunk that is read back. */
const memberBytes = 4 * 1024 * 1024;
const rangeBytes = 1024 * 1024;
const headerBytesMax = 64 * 1024;
const messageKey = Buffer.from(',"message":');
const lineEnd = Buffer.from('}\n');
const newline = 0x0a;

/** Writes a slot's rows as gzipped JSON Lines, with one gzip member in memory at a time. */
export async function encodeJsonl(job: EncodeJob): Promise<EncodedObject> {
  const spool = new SpoolReader(job.spool);
  const sink = new FileSink(job.path);
  const shape = compileShape(job.shape);
  let rows = 0;
  try {
    for (const batch of rowBatches(job.rows, spool, memberBytes)) {
      sink.write(gzipMember(lines(job.rows, batch, shape), rows === 0 ? factsName(job.facts) : ''));
      rows += batch.end - batch.first;
    }
  } finally {
    spool.close();
    sink.close();
  }
  return { bytes: sink.bytes, sha256: sink.sha256(), rows, filled: [] };
}

function lines(rows: RowFacts, batch: RowBatch, shape: CompiledShape): Buffer {
  const shas = Buffer.from(rows.shas.buffer, rows.shas.byteOffset, rows.shas.byteLength);
  const parts: Uint8Array[] = [];
  for (let n = batch.first; n < batch.end; n += 1) {
    const payload = batch.bytes.subarray(batch.offsets[n - batch.first]!, batch.offsets[n - batch.first + 1]!);
    const { id, timestamp } = readRow(payload, shape);
    const sha = shas.toString('hex', n * shaBytes, (n + 1) * shaBytes);
    const head = headBytes({ id, timestamp }, { readAt: rows.readAts[n]!, source: sourceAt(rows, n), sha });
    parts.push(head, messageKey, payload, lineEnd);
  }
  return Buffer.concat(parts);
}

interface RowOrigin {
  /** ms since 1970. */
  readonly readAt: number;
  readonly source: string;
  /** Hex. */
  readonly sha: string;
}

/** The part of a line before the message. */
function headBytes({ id, timestamp }: Pick<ArchiveRow, 'id' | 'timestamp'>, origin: RowOrigin): Buffer {
  const head: LineHead = {
    message_id: id,
    timestamp: formatTimestamp(timestamp),
    read_at: formatTimestamp(BigInt(origin.readAt) * 1000n),
    source: origin.source,
    payload_sha256: origin.sha,
  };
  return Buffer.from(JSON.stringify(head).slice(0, -1));
}

/**
 * One gzip member (RFC 1952). The facts are stored in the header's file name, the only optional field that every reader
 * skips: some reject comments and extra fields.
 */
function gzipMember(bytes: Buffer, name: string): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length % 2 ** 32, 4);
  return Buffer.concat([gzipHeader(name), deflateRawSync(bytes), trailer]);
}

function gzipHeader(name: string): Buffer {
  const flags = name === '' ? 0 : 0x08;
  const header = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]);
  return name === '' ? header : Buffer.concat([header, Buffer.from(`${name}\0`, 'latin1')]);
}

function factsName(facts: ObjectFacts): string {
  return `messages-${facts.slot}.jsonl?${new URLSearchParams(factPairs(facts))}`;
}

/**
 * Reads a JSON Lines object back, a few MB at a time.
 * @throws DamagedError if the bytes are not an object of this archive
 */
export async function readJsonl(ranges: ByteRanges, request: ReadRequest, emit: Emit): Promise<ReadResult> {
  if (ranges.size === 0) throw new DamagedError('it is empty');
  const whole = request.whole ? new WholeRanges(ranges) : undefined;
  const head = Buffer.from(await ranges.read(0, Math.min(headerBytesMax, ranges.size)));
  const facts = readFacts(head);
  let difference: string | undefined;
  let first = 0;
  const used = { bytes: 0 };
  for await (const batch of lineBatches(whole ?? ranges, used)) {
    await emit(
      chunkOf(batch, first, request.payloads),
      whole &&
        ((expected) => {
          difference ??= lineDifference(batch, expected, first);
        }),
    );
    first += batch.length;
  }
  if (whole === undefined) return { facts };
  if (schemaOf(facts.schema, request.shape!.columns) === undefined)
    throw new DamagedError('its columns differ from those of the archive');
  if (!head.subarray(0, gzipHeader(factsName(facts)).length).equals(gzipHeader(factsName(facts))))
    difference ??= 'its header does not match its lines';
  if (used.bytes !== ranges.size) difference ??= 'there are bytes after its last line';
  return { facts, whole: wholeObject(await whole.sha256(), difference) };
}

/** Compares the part of each line before the message with the values that the message gives. */
function lineDifference(batch: readonly Buffer[], expected: ExpectedRows, first: number): string | undefined {
  const { rows, readAts, sources, shas } = expected;
  const at = rows.findIndex((row, n) => {
    const head = headBytes(row, { readAt: readAts[n]!, source: sources[n]!, sha: shas[n]! });
    return !isSource(sources[n]!) || !batch[n]!.subarray(0, batch[n]!.indexOf(messageKey)).equals(head);
  });
  return at < 0 ? undefined : `the values beside the message of row ${first + at + 1} do not match it`;
}

function readFacts(head: Buffer): ObjectFacts {
  const name = head[3] === 0x08 ? head.toString('latin1', 10, head.indexOf(0, 10)) : '';
  const pairs = new URLSearchParams(name.slice(name.indexOf('?') + 1));
  const facts = factsOf((key) => pairs.get(key) ?? undefined);
  if (facts === undefined) throw new DamagedError('it was not written by this archive');
  return facts;
}

async function* lineBatches(ranges: ByteRanges, used: { bytes: number }): AsyncGenerator<Buffer[]> {
  let rest = Buffer.alloc(0);
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of unzipped(ranges, used)) {
    let text = Buffer.concat([rest, chunk]);
    for (let at = text.indexOf(newline); at >= 0; at = text.indexOf(newline)) {
      batch.push(text.subarray(0, at));
      bytes += at;
      text = text.subarray(at + 1);
    }
    rest = text;
    if (bytes < memberBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (rest.length > 0) throw new DamagedError('its last line is truncated');
  if (batch.length > 0) yield batch;
}

/** @param used is set to the number of compressed bytes that the lines occupy */
async function* unzipped(ranges: ByteRanges, used: { bytes: number }): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: rangeBytes });
  // Errors are thrown to the iterating code.
  pipeline(parts(ranges), gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
    used.bytes = gunzip.bytesWritten;
  } catch (error) {
    const isCut = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    throw isCut ? new DamagedError('it is truncated') : decodingFailure(error);
  }
}

async function* parts(ranges: ByteRanges): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < ranges.size; start += rangeBytes) {
    const end = Math.min(ranges.size, start + rangeBytes);
    yield await (ranges instanceof WholeRanges ? ranges.load(end) : ranges.read(start, end));
  }
}

interface LineHead {
  readonly message_id: string;
  readonly timestamp: string;
  readonly read_at: string;
  readonly source: string;
  readonly payload_sha256: string;
}

function chunkOf(batch: readonly Buffer[], first: number, withPayloads: boolean): RowChunk {
  // The first `,"message":` is the key: quotes within the strings before it are escaped.
  const keys = batch.map((line) => line.indexOf(messageKey));
  const heads = batch.map((line, n) => headOf(line, keys[n]!));
  const payloads = batch.map((line, n) => line.subarray(keys[n]! + messageKey.length, line.length - 1));
  const offsets = new Int32Array(batch.length + 1);
  payloads.forEach((payload, n) => {
    offsets[n + 1] = offsets[n]! + payload.length;
  });
  return {
    group: 0,
    first,
    ids: heads.map((head) => head.message_id),
    timestamps: BigInt64Array.from(heads, (head) => parseTimestamp(JSON.stringify(head.timestamp)) ?? 0n),
    readAts: Float64Array.from(heads, (head) => Date.parse(head.read_at)),
    sources: heads.map((head) => head.source),
    shas: packShas(heads.map((head) => head.payload_sha256)),
    ...(withPayloads && { payloads: { bytes: Buffer.concat(payloads), offsets } }),
  };
}

function headOf(line: Buffer, key: number): LineHead {
  const foreign = new DamagedError('one of its lines was not written by this archive');
  if (key < 0 || line.at(-1) !== 0x7d) throw foreign;
  try {
    return JSON.parse(`${line.toString('utf8', 0, key)}}`) as LineHead;
  } catch {
    // The parser's message would quote the line.
    throw foreign;
  }
}
