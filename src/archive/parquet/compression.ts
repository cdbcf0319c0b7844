import { constants, zstdCompressSync } from 'node:zlib';
import { fileMagic, movedTail, PageMoves } from './offsets.ts';
import { readStruct, ThriftCut, ThriftEdits, type ThriftStruct } from './thrift.ts';

/** ZSTD level, the default of Parquet writers. */
const level = 1;
/** Pages of messages usually compress to less than a third. */
const usualRatio = 3;
const emptyFrameBytes = 9;
/** Smaller buffers may belong to Node's pool. */
const releasedBytesMin = 128 * 1024;

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const pageHeader = { type: 1, compressedPageSize: 3, crc: 4 };
const pageTypes = { dataPage: 0, dictionaryPage: 2 };

/** A data page or dictionary page. */
interface Page {
  readonly header: ThriftStruct;
  /** Offset after its body. */
  readonly end: number;
}

/**
 * Compresses the pages of a Parquet file with ZSTD as they arrive. Node's native code takes half the time of WebAssembly.
 * Everything else is copied verbatim, except sizes, offsets and the codec.
 * @param file as parquet-wasm writes it without compression: data pages of version 1, then page indexes, then the footer.
 *   Its pieces are released once they are processed; yielded bodies, once the next part is requested
 * @throws Error if the file has a different structure
 */
export async function* compressPages(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const moves = new PageMoves();
  let rest: Uint8Array = Buffer.alloc(0);
  let hasMagic = false;
  for await (const chunk of file) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!hasMagic) {
      if (rest.length < fileMagic.length) continue;
      yield rest.subarray(0, fileMagic.length);
      rest = rest.subarray(fileMagic.length);
      hasMagic = true;
    }
    for (let page = firstPage(rest); page !== undefined; page = firstPage(rest)) {
      const body = zstd(rest.subarray(page.header.end, page.end));
      const header = withBodySize(rest, page.header, body.length);
      const plainBytes = header.length + page.end - page.header.end;
      moves.add(page.end, { stored: header.length + body.length, plain: plainBytes });
      yield header;
      yield body;
      release(body);
      rest = rest.subarray(page.end);
    }
    if (rest.length === 0) release(rest);
  }
  yield* movedTail(rest, moves);
}

/** The page at the start of the bytes; undefined if it is incomplete, or if there is no page. */
function firstPage(bytes: Uint8Array): Page | undefined {
  const header = firstStruct(bytes);
  if (!header?.hasInt(pageHeader.type) || !header.hasInt(pageHeader.compressedPageSize)) return undefined;
  const type = header.int(pageHeader.type).value;
  if (type !== pageTypes.dataPage && type !== pageTypes.dictionaryPage) return undefined;
  if (header.hasInt(pageHeader.crc))
    throw new Error('a page of the Parquet file has a checksum, which compression would invalidate');
  const end = header.end + header.int(pageHeader.compressedPageSize).value;
  return end > bytes.length ? undefined : { header, end };
}

function firstStruct(bytes: Uint8Array): ThriftStruct | undefined {
  try {
    return readStruct(bytes, 0);
  } catch (error) {
    if (error instanceof ThriftCut) return undefined;
    throw error;
  }
}

/** Compresses a body into a single frame. */
function zstd(body: Uint8Array): Uint8Array {
  const room = Math.max(constants.Z_MIN_CHUNK, Math.ceil(body.length / usualRatio));
  const compressed = compressedInto(body, room);
  // If a frame exactly fills the buffer, Node appends an empty frame.
  return (compressed.length - emptyFrameBytes) % room === 0 ? compressedInto(body, boundOf(body)) : compressed;
}

/** @param room size of the output buffers; larger ones are released later */
function compressedInto(body: Uint8Array, room: number): Uint8Array {
  return zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: level }, chunkSize: room });
}

/** An upper bound of the compressed size. */
function boundOf(body: Uint8Array): number {
  return body.length + Math.ceil(body.length / 128) + 512;
}

/** Releases memory at once; otherwise V8 would run a full garbage collection every few pages. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= releasedBytesMin) buffer.transfer(0);
}

function withBodySize(bytes: Uint8Array, header: ThriftStruct, bodyBytes: number): Uint8Array {
  const edits = new ThriftEdits();
  edits.set(header.int(pageHeader.compressedPageSize), bodyBytes);
  return edits.apply(bytes, 0, header.end);
}
