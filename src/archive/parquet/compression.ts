import { constants, zstdCompressSync } from 'node:zlib';
import { fileMagic, movedTail, PageMoves } from './offsets.ts';
import { readStruct, ThriftCut, ThriftEdits, type ThriftStruct } from './thrift.ts';

/** ZSTD's level, as Parquet's own writers have it. */
const level = 1;
/** Of messages: what comes of a page is most often less than a third of it. */
const usualRatio = 3;
const emptyFrameBytes = 9;
/** Smaller ones may be parts of a pool. */
const releasedBytesMin = 128 * 1024;

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const pageHeader = { type: 1, compressedPageSize: 3, crc: 4 };
const pageTypes = { dataPage: 0, dictionaryPage: 2 };

interface Page {
  readonly header: ThriftStruct;
  /** Where its body ends. */
  readonly end: number;
}

/**
 * Compresses the pages of a Parquet file (ZSTD), one by one as they come: Node's own code takes half the time of the same
 * code in WebAssembly. All else of the file stays as it is spelled, but for sizes, offsets and the codec.
 * @param file as parquet-wasm writes it without compression: pages (data pages of version 1), then indexes, then the footer.
 *   The memory of a piece is given back once it is done with, that of a body once the next part is asked for
 * @throws Error when the file is built otherwise
 */
export async function* compressPages(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const moves = new PageMoves();
  let rest: Uint8Array = Buffer.alloc(0);
  let isBegun = false;
  for await (const chunk of file) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!isBegun) {
      if (rest.length < fileMagic.length) continue;
      yield rest.subarray(0, fileMagic.length);
      rest = rest.subarray(fileMagic.length);
      isBegun = true;
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

/** The page that the bytes begin with; undefined when they begin with something else, or hold only a part of it. */
function firstPage(bytes: Uint8Array): Page | undefined {
  const header = firstStruct(bytes);
  if (!header?.hasInt(pageHeader.type) || !header.hasInt(pageHeader.compressedPageSize)) return undefined;
  const type = header.int(pageHeader.type).value;
  if (type !== pageTypes.dataPage && type !== pageTypes.dictionaryPage) return undefined;
  if (header.hasInt(pageHeader.crc))
    throw new Error('a page of the Parquet file has a checksum, which is that of other bytes than are stored');
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

/** The body as one frame. */
function zstd(body: Uint8Array): Uint8Array {
  const room = Math.max(constants.Z_MIN_CHUNK, Math.ceil(body.length / usualRatio));
  const compressed = compressedInto(body, room);
  // Where a frame fills its room to the last byte, Node begins another one, empty, behind it.
  return (compressed.length - emptyFrameBytes) % room === 0 ? compressedInto(body, boundOf(body)) : compressed;
}

/** @param room bytes that are set aside for the result at a time: as they are more, memory is given back later */
function compressedInto(body: Uint8Array, room: number): Uint8Array {
  return zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: level }, chunkSize: room });
}

/** More than can come of a body. */
function boundOf(body: Uint8Array): number {
  return body.length + Math.ceil(body.length / 128) + 512;
}

/** Gives memory back at once: waiting for it to be collected, V8 would go through all that lives every few pages. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= releasedBytesMin) buffer.transfer(0);
}

function withBodySize(bytes: Uint8Array, header: ThriftStruct, bodyBytes: number): Uint8Array {
  const edits = new ThriftEdits();
  edits.set(header.int(pageHeader.compressedPageSize), bodyBytes);
  return edits.apply(bytes, 0, header.end);
}
