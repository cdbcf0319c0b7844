import { readStruct, ThriftEdits, type ThriftInt, type ThriftStruct } from './thrift.ts';

/** What a Parquet file begins and ends with. */
export const fileMagic = Buffer.from('PAR1');

/** What follows the footer: its length (uint32, little-endian) and the magic. */
const endBytes = 4 + fileMagic.length;

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const fileMetadata = { rowGroups: 4 };
const rowGroup = { columns: 1, totalByteSize: 2, fileOffset: 5, totalCompressedSize: 6 };
const columnChunk = {
  fileOffset: 2,
  metaData: 3,
  offsetIndexOffset: 4,
  offsetIndexLength: 5,
  columnIndexOffset: 6,
  columnIndexLength: 7,
};
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

/** Bytes in the file as it is stored, and as it would be if its pages were not compressed. */
interface Sizes {
  readonly stored: number;
  readonly plain: number;
}

/** Where the pages of a file have gone: every place between two of them. */
export class PageMoves {
  #before = fileMagic.length;
  #after: Sizes = { stored: fileMagic.length, plain: fileMagic.length };
  readonly #places = new Map([[this.#before, this.#after]]);

  /** The next page, of so many bytes before. */
  add(bytesBefore: number, after: Sizes): void {
    this.#before += bytesBefore;
    this.#after = { stored: this.#after.stored + after.stored, plain: this.#after.plain + after.plain };
    this.#places.set(this.#before, this.#after);
  }

  /** Where the last page ended. */
  get before(): number {
    return this.#before;
  }

  /** Where it ends. */
  get after(): Sizes {
    return this.#after;
  }

  /** @throws Error when no page began or ended at this byte of the file */
  at(before: number): Sizes {
    const place = this.#places.get(before);
    if (place === undefined) throw new Error(`no page of the Parquet file begins or ends at byte ${before}`);
    return place;
  }

  /** What has become of the pages at `[start, end)` of the file. */
  span(start: number, end: number): Sizes {
    const [from, to] = [this.at(start), this.at(end)];
    return { stored: to.stored - from.stored, plain: to.plain - from.plain };
  }
}

/** An index of one column's pages in one row group, at `[start, end)` of the file as it was. */
interface PageIndex {
  readonly start: number;
  readonly end: number;
  /** Where the footer tells its place. */
  readonly offset: ThriftInt;
  readonly length: ThriftInt;
  readonly holdsOffsets: boolean;
}

/**
 * What follows the pages, for the pages where they are now: their indexes, the footer, its length and the magic.
 * @param tail the same of the file as it was, in which nothing was compressed
 * @throws Error when it does not account for every byte of the file
 */
export function movedTail(tail: Uint8Array, moves: PageMoves): Uint8Array[] {
  const footerStart = startOfFooter(tail);
  const footer = readStruct(tail, footerStart);
  const groups = footer.structs(fileMetadata.rowGroups);
  const columns = groups.flatMap((group) => group.structs(rowGroup.columns));
  const indexes = columns.flatMap(pageIndexes).sort((a, b) => a.start - b.start);
  const tailStart = moves.before;
  checkOrder([...columns.map(chunkRange), ...indexes], tailStart + footerStart);

  const edits = new ThriftEdits();
  for (const group of groups) moveGroup(group, moves, edits);
  const parts: Uint8Array[] = [];
  let offset = moves.after.stored;
  for (const index of indexes) {
    const part = tail.subarray(index.start - tailStart, index.end - tailStart);
    const moved = index.holdsOffsets ? moveOffsetIndex(part, moves) : part;
    edits.set(index.offset, offset);
    edits.set(index.length, moved.length);
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

/** @throws Error when the parts do not follow one another without a gap, from behind the magic to `end` */
function checkOrder(parts: readonly { readonly start: number; readonly end: number }[], end: number): void {
  let at = fileMagic.length;
  for (const part of [...parts, { start: end, end }]) {
    if (part.start !== at) throw new Error(`the footer of the Parquet file does not tell what stands at byte ${at}`);
    at = part.end;
  }
}

function chunkRange(column: ThriftStruct) {
  const metadata = column.struct(columnChunk.metaData);
  const { dictionaryPageOffset, dataPageOffset } = columnMetaData;
  const start = metadata.int(metadata.hasInt(dictionaryPageOffset) ? dictionaryPageOffset : dataPageOffset).value;
  return { start, end: start + metadata.int(columnMetaData.totalCompressedSize).value };
}

function pageIndexes(column: ThriftStruct): PageIndex[] {
  const { offsetIndexOffset, offsetIndexLength, columnIndexOffset, columnIndexLength } = columnChunk;
  const at = (offsetField: number, lengthField: number, holdsOffsets: boolean): PageIndex[] => {
    if (!column.hasInt(offsetField)) return [];
    const offset = column.int(offsetField);
    const length = column.int(lengthField);
    return [{ start: offset.value, end: offset.value + length.value, offset, length, holdsOffsets }];
  };
  return [...at(offsetIndexOffset, offsetIndexLength, true), ...at(columnIndexOffset, columnIndexLength, false)];
}

function moveGroup(group: ThriftStruct, moves: PageMoves, edits: ThriftEdits): void {
  const chunks = group.structs(rowGroup.columns).map((column) => moveChunk(column, moves, edits));
  const sum = (of: keyof Sizes) => chunks.reduce((bytes, chunk) => bytes + chunk[of], 0);
  edits.set(group.int(rowGroup.totalByteSize), sum('plain'));
  if (group.hasInt(rowGroup.totalCompressedSize)) edits.set(group.int(rowGroup.totalCompressedSize), sum('stored'));
  if (group.hasInt(rowGroup.fileOffset)) moveOffset(group.int(rowGroup.fileOffset), moves, edits);
}

function moveChunk(column: ThriftStruct, moves: PageMoves, edits: ThriftEdits): Sizes {
  const metadata = column.struct(columnChunk.metaData);
  const codec = metadata.int(columnMetaData.codec);
  if (codec.value !== codecs.uncompressed) throw new Error('the pages of the Parquet file are compressed already');
  edits.set(codec, codecs.zstd);
  const { start, end } = chunkRange(column);
  const sizes = moves.span(start, end);
  edits.set(metadata.int(columnMetaData.totalUncompressedSize), sizes.plain);
  edits.set(metadata.int(columnMetaData.totalCompressedSize), sizes.stored);
  for (const field of [columnMetaData.dataPageOffset, columnMetaData.dictionaryPageOffset])
    if (metadata.hasInt(field)) moveOffset(metadata.int(field), moves, edits);
  // Writers that set no offset here write 0, which the format asks of them.
  if (column.int(columnChunk.fileOffset).value !== 0) moveOffset(column.int(columnChunk.fileOffset), moves, edits);
  return sizes;
}

function moveOffsetIndex(bytes: Uint8Array, moves: PageMoves): Uint8Array {
  const edits = new ThriftEdits();
  for (const page of readStruct(bytes, 0).structs(offsetIndex.pageLocations)) {
    const offset = page.int(pageLocation.offset);
    const size = page.int(pageLocation.compressedPageSize);
    moveOffset(offset, moves, edits);
    edits.set(size, moves.span(offset.value, offset.value + size.value).stored);
  }
  return edits.apply(bytes, 0, bytes.length);
}

function moveOffset(offset: ThriftInt, moves: PageMoves, edits: ThriftEdits): void {
  edits.set(offset, moves.at(offset.value).stored);
}
