import { readStruct, ThriftEdits, type ThriftInt, type ThriftStruct } from './thrift.ts';

/** The first and last bytes of a Parquet file. */
export const fileMagic = Buffer.from('PAR1');

/** The footer is followed by its length (uint32, little-endian) and the magic. */
const endBytes = 4 + fileMagic.length;

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const fileMetadata = { rowGroups: 4 };
const rowGroup = { columns: 1, totalByteSize: 2, fileOffset: 5, totalCompressedSize: 6 };
const columnChunk = { fileOffset: 2, metaData: 3 };
/** Fields of a column chunk. */
const indexFields = { offset: { offset: 4, length: 5 }, column: { offset: 6, length: 7 } };
const columnMetaData = {
  codec: 4,
  totalUncompressedSize: 6,
  totalCompressedSize: 7,
  dataPageOffset: 9,
  dictionaryPageOffset: 11,
};
const offsetIndex = { pageLocations: 1 };
const pageLocation = { offset: 1, compressedPageSize: 2 };
const codecs = { uncompressed: 0, zstd: 6 };

/** parquet-wasm's offsets wrap around here. */
const wrap = 2 ** 32;

/** Bytes with compressed pages (`stored`) and with uncompressed pages (`plain`). */
interface Sizes {
  readonly stored: number;
  readonly plain: number;
}

/** Maps the page boundaries of the uncompressed file to those of the compressed file. */
export class PageMoves {
  #before = fileMagic.length;
  #after: Sizes = { stored: fileMagic.length, plain: fileMagic.length };
  readonly #boundaries = new Map([[this.#before, this.#after]]);

  /** Adds the next page, which was `bytesBefore` bytes long. */
  add(bytesBefore: number, after: Sizes): void {
    this.#before += bytesBefore;
    this.#after = { stored: this.#after.stored + after.stored, plain: this.#after.plain + after.plain };
    this.#boundaries.set(this.#before, this.#after);
  }

  /** The end of the last page before compression. */
  get before(): number {
    return this.#before;
  }

  /** Its end after compression. */
  get after(): Sizes {
    return this.#after;
  }

  /** @throws Error if no page began or ended at this offset */
  at(before: number): Sizes {
    const boundary = this.#boundaries.get(before);
    if (boundary === undefined) throw new Error(`no page of the Parquet file begins or ends at byte ${before}`);
    return boundary;
  }

  /** The compressed size of the pages at `[start, end)`. */
  span(start: number, end: number): Sizes {
    const [from, to] = [this.at(start), this.at(end)];
    return { stored: to.stored - from.stored, plain: to.plain - from.plain };
  }
}

/** A part of the uncompressed file, at `[start, end)`. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/** The pages of one column in one row group. */
interface Chunk extends Part {
  readonly column: ThriftStruct;
}

/** An index of the pages of a chunk. */
interface PageIndex extends Part {
  readonly chunk: Chunk;
  readonly kind: 'offset' | 'column';
}

/**
 * Adapts everything after the pages (page indexes, footer, its length, magic) to the compressed pages.
 * @param tail the same part of the uncompressed file
 * @throws Error if the footer does not account for every byte of the file
 */
export function movedTail(tail: Uint8Array, moves: PageMoves): Uint8Array[] {
  const footerStart = startOfFooter(tail);
  const tailStart = moves.before;
  const footer = readStruct(tail, footerStart);
  const groups = footer.structs(fileMetadata.rowGroups);
  const chunksByGroup = chunksOf(groups);
  const chunks = chunksByGroup.flat();
  const indexes = indexesOf(chunks, tailStart);
  const described = indexes.at(-1)?.end ?? chunks.at(-1)?.end ?? fileMagic.length;
  if (described !== tailStart + footerStart) throw unaccounted(described);

  const edits = new ThriftEdits();
  groups.forEach((group, n) => {
    moveGroup(group, chunksByGroup[n]!, moves, edits);
  });
  const parts: Uint8Array[] = [];
  let offset = moves.after.stored;
  for (const { chunk, kind, start, end } of indexes) {
    const part = tail.subarray(start - tailStart, end - tailStart);
    const moved = kind === 'offset' ? moveOffsetIndex(part, chunk, moves) : part;
    const fields = indexFields[kind];
    edits.set(chunk.column.int(fields.offset), offset);
    edits.set(chunk.column.int(fields.length), moved.length);
    offset += moved.length;
    parts.push(moved);
  }
  const moved = edits.apply(tail, footerStart, tail.length - endBytes);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(moved.length);
  return [...parts, moved, length, fileMagic];
}

function startOfFooter(tail: Uint8Array): number {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  const end = bytes.length - endBytes;
  const start = end < 0 ? end : end - bytes.readUInt32LE(end);
  if (start < 0 || !bytes.subarray(-fileMagic.length).equals(fileMagic))
    throw new Error('the Parquet file has no footer');
  return start;
}

function unaccounted(at: number): Error {
  return new Error(`the footer of the Parquet file does not account for byte ${at}`);
}

/**
 * Restores an offset that parquet-wasm truncated to 32 bits.
 * @param base an offset at most 4 GiB before it
 */
function offsetFrom(base: number, { value }: ThriftInt): number {
  return base + ((((value - base) % wrap) + wrap) % wrap);
}

/** Chunks must follow the magic without gaps. */
function chunksOf(groups: readonly ThriftStruct[]): Chunk[][] {
  const { dictionaryPageOffset, dataPageOffset, totalCompressedSize } = columnMetaData;
  let at = fileMagic.length;
  const chunkOf = (column: ThriftStruct): Chunk => {
    const metadata = column.struct(columnChunk.metaData);
    const first = metadata.int(metadata.hasInt(dictionaryPageOffset) ? dictionaryPageOffset : dataPageOffset);
    const start = offsetFrom(at, first);
    if (start !== at) throw unaccounted(at);
    at += metadata.int(totalCompressedSize).value;
    return { column, start, end: at };
  };
  return groups.map((group) => group.structs(rowGroup.columns).map(chunkOf));
}

/** Page indexes must follow the pages without gaps. */
function indexesOf(chunks: readonly Chunk[], start: number): PageIndex[] {
  const indexes = chunks.flatMap((chunk) =>
    (['offset', 'column'] as const).flatMap((kind): PageIndex[] => {
      const fields = indexFields[kind];
      if (!chunk.column.hasInt(fields.offset)) return [];
      const from = offsetFrom(start, chunk.column.int(fields.offset));
      return [{ chunk, kind, start: from, end: from + chunk.column.int(fields.length).value }];
    }),
  );
  let at = start;
  for (const index of indexes.sort((a, b) => a.start - b.start)) {
    if (index.start !== at) throw unaccounted(at);
    at = index.end;
  }
  return indexes;
}

function moveGroup(group: ThriftStruct, chunks: readonly Chunk[], moves: PageMoves, edits: ThriftEdits): void {
  const sizes = chunks.map((chunk) => moveChunk(chunk, moves, edits));
  const sum = (of: keyof Sizes) => sizes.reduce((bytes, size) => bytes + size[of], 0);
  edits.set(group.int(rowGroup.totalByteSize), sum('plain'));
  if (group.hasInt(rowGroup.totalCompressedSize)) edits.set(group.int(rowGroup.totalCompressedSize), sum('stored'));
  const [first] = chunks;
  if (first !== undefined && group.hasInt(rowGroup.fileOffset))
    moveOffset(group.int(rowGroup.fileOffset), first, moves, edits);
}

function moveChunk(chunk: Chunk, moves: PageMoves, edits: ThriftEdits): Sizes {
  const { column, start, end } = chunk;
  const metadata = column.struct(columnChunk.metaData);
  const codec = metadata.int(columnMetaData.codec);
  if (codec.value !== codecs.uncompressed) throw new Error('the pages of the Parquet file are compressed already');
  edits.set(codec, codecs.zstd);
  const sizes = moves.span(start, end);
  edits.set(metadata.int(columnMetaData.totalUncompressedSize), sizes.plain);
  edits.set(metadata.int(columnMetaData.totalCompressedSize), sizes.stored);
  for (const field of [columnMetaData.dataPageOffset, columnMetaData.dictionaryPageOffset])
    if (metadata.hasInt(field)) moveOffset(metadata.int(field), chunk, moves, edits);
  // Writers that do not use this field set it to 0, as the format requires.
  if (column.int(columnChunk.fileOffset).value !== 0)
    moveOffset(column.int(columnChunk.fileOffset), chunk, moves, edits);
  return sizes;
}

function moveOffsetIndex(bytes: Uint8Array, chunk: Chunk, moves: PageMoves): Uint8Array {
  const edits = new ThriftEdits();
  for (const page of readStruct(bytes, 0).structs(offsetIndex.pageLocations)) {
    const size = page.int(pageLocation.compressedPageSize);
    const start = offsetFrom(chunk.start, page.int(pageLocation.offset));
    moveOffset(page.int(pageLocation.offset), chunk, moves, edits);
    edits.set(size, moves.span(start, start + size.value).stored);
  }
  return edits.apply(bytes, 0, bytes.length);
}

/** Adapts the offset of a chunk or of a page within it. */
function moveOffset(offset: ThriftInt, chunk: Chunk, moves: PageMoves, edits: ThriftEdits): void {
  edits.set(offset, moves.at(offsetFrom(chunk.start, offset)).stored);
}
