import { type ByteRanges, DamagedError, type ExpectedRows, factKeyNames } from '../object.ts';
import type { ArchiveSchema } from '../schema.ts';
import { type Bounds, boundsOf, compareValues, decodeBound, isBound } from './bounds.ts';
import { type Leaf, type LeafValue, latin1, leavesOf, schemaElements } from './leaves.ts';
import { fileMagic } from './offsets.ts';
import { columnIndexSpec, fileSpec, offsetIndexSpec, pageSpec } from './spelling.ts';
import { type PlainThrift, readStruct, type ThriftStruct } from './thrift.ts';

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const fileMetadata = { schema: 2, rows: 3, rowGroups: 4, pairs: 5, orders: 7 };
const rowGroup = { columns: 1, plainBytes: 2, rows: 3, fileOffset: 5, storedBytes: 6, ordinal: 7 };
const columnChunk = { fileOffset: 2, metaData: 3, offsetIndex: 4, columnIndex: 6 };
const metaData = {
  type: 1,
  encodings: 2,
  path: 3,
  values: 5,
  plainBytes: 6,
  storedBytes: 7,
  dataPageOffset: 9,
  dictionaryPageOffset: 11,
  statistics: 12,
  pageEncodings: 13,
  sizes: 16,
};
const statistics = { max: 1, min: 2, nulls: 3, maxValue: 5, minValue: 6, isMaxExact: 7, isMinExact: 8 };
const sizeStatistics = { textBytes: 1, repetitions: 2, definitions: 3 };
const pageHeader = { type: 1, plainBytes: 2, storedBytes: 3, dataPage: 5, dictionaryPage: 7 };
const dataPage = { values: 1, encoding: 2, definitionEncoding: 3, repetitionEncoding: 4 };
const dictionaryPage = { values: 1, encoding: 2, isSorted: 3 };
const offsetIndex = { locations: 1, textBytes: 2 };
const pageLocation = { offset: 1, storedBytes: 2, firstRow: 3 };
const columnIndex = { nullPages: 1, mins: 2, maxs: 3, order: 4, nulls: 5, repetitions: 6, definitions: 7 };
const pageTypes = { data: 0, dictionary: 2 };
const encodings = { plain: 0, rle: 3, dictionary: 8 };

/** Bytes `[start, end)` of the file. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A row group, as described by the footer. */
interface GroupSpan extends Span {
  readonly rows: number;
}

interface Chunk extends Span {
  readonly leaf: Leaf;
  readonly column: ThriftStruct;
  readonly metadata: ThriftStruct;
}

interface Group extends GroupSpan {
  readonly struct: ThriftStruct;
  readonly chunks: readonly Chunk[];
}

interface DataPage extends Span {
  readonly values: readonly (LeafValue | null)[];
  readonly encoding: number;
  /** The number of its first row within the row group. */
  readonly firstRow: number;
  /** Rows that begin in this page. */
  readonly rows: number;
  readonly bounds: Bounds;
}

/** A chunk and its pages, kept until its page indexes are read, which follow all data pages. */
interface Indexed {
  readonly chunk: Chunk;
  readonly pages: readonly Omit<DataPage, 'values'>[];
}

/**
 * Checks the metadata of a Parquet object against its values: schema, sizes, counts, encodings, statistics and page indexes.
 * Readers skip what statistics exclude, so forged statistics would hide rows.
 */
export class ParquetCheck {
  readonly groups: readonly GroupSpan[];
  /** Offset after the data pages. */
  readonly pagesEnd: number;
  /** Offset after the page indexes. */
  readonly indexesEnd: number;
  readonly #groups: readonly Group[];
  readonly #indexed: Indexed[] = [];
  #difference: string | undefined;

  private constructor(footer: ThriftStruct, footerStart: number, schema: ArchiveSchema) {
    const leaves = leavesOf(schema);
    this.#expect(footer.isSpelled(fileSpec) && sameKeys(footer), 'its footer has unexpected fields');
    this.#expect(
      sameThrift(footer.plain(fileMetadata.schema), [rootOf(footer), ...schemaElements(schema)]),
      'the schema in its footer does not match its columns',
    );
    if (footer.has(fileMetadata.orders)) {
      const orders = leaves.map(() => ({ 1: {} }));
      this.#expect(sameThrift(footer.plain(fileMetadata.orders), orders), 'its column orders are unexpected');
    }
    this.#groups = groupsOf(footer, leaves);
    this.groups = this.#groups;
    this.pagesEnd = this.#groups.at(-1)?.end ?? fileMagic.length;
    this.indexesEnd = footerStart;
    const rows = this.#groups.reduce((sum, group) => sum + group.rows, 0);
    this.#expect(footer.int(fileMetadata.rows).value === rows, 'its row count does not match its row groups');
    this.#assertIndexesFollow();
  }

  /** @throws DamagedError if the footer does not account for every byte of the file */
  static async of(ranges: ByteRanges, schema: ArchiveSchema): Promise<ParquetCheck> {
    const end = ranges.size - 4 - fileMagic.length;
    const length = Buffer.from(await ranges.read(end, end + 4)).readUInt32LE();
    const start = end - length;
    if (start < fileMagic.length) throw new DamagedError('its footer points outside the file');
    const bytes = await ranges.read(start, end);
    const footer = readStruct(bytes, 0);
    if (footer.end !== bytes.length) throw unaccounted(start + footer.end);
    return new ParquetCheck(footer, start, schema);
  }

  /** The first mismatch, as a clause; undefined if there is none. */
  get difference(): string | undefined {
    return this.#difference;
  }

  /**
   * Checks a row group.
   * @param bytes the bytes of the row group
   * @param expected its rows, which were checked before
   */
  checkGroup(n: number, bytes: Uint8Array, expected: ExpectedRows): void {
    const { struct, chunks, start, end, rows } = this.#groups[n]!;
    const sizes = chunks.map((chunk) => this.#checkChunk(chunk, bytes, start, expected));
    const plainBytes = sizes.reduce((sum, size) => sum + size, 0);
    const is = (field: number, value: number) => !struct.has(field) || struct.int(field).value === value;
    this.#expect(
      rows === expected.rows.length &&
        is(rowGroup.plainBytes, plainBytes) &&
        is(rowGroup.fileOffset, start) &&
        is(rowGroup.storedBytes, end - start) &&
        is(rowGroup.ordinal, n),
      `row group ${n + 1} does not match its description in the footer`,
    );
  }

  /** Checks the page indexes, after all row groups. @param bytes the bytes between the data pages and the footer */
  checkIndexes(bytes: Uint8Array): void {
    for (const { chunk, pages } of this.#indexed) {
      const { column } = chunk;
      const name = nameOf(chunk.leaf);
      if (column.has(columnChunk.offsetIndex)) {
        const index = readStruct(bytes, column.int(columnChunk.offsetIndex).value - this.pagesEnd);
        this.#expect(
          isOffsetIndex(index, chunk, pages),
          `the page index of its column ${name} does not match its pages`,
        );
      }
      if (column.has(columnChunk.columnIndex)) {
        const index = readStruct(bytes, column.int(columnChunk.columnIndex).value - this.pagesEnd);
        this.#expect(
          isColumnIndex(index, chunk.leaf, pages),
          `the page index of its column ${name} does not match its pages`,
        );
      }
    }
  }

  #expect(matches: boolean, difference: string): void {
    if (!matches) this.#difference ??= difference;
  }

  /** @returns the uncompressed bytes of its pages */
  #checkChunk(chunk: Chunk, bytes: Uint8Array, base: number, expected: ExpectedRows): number {
    const { leaf, metadata, column } = chunk;
    const values = leaf.values(expected);
    const source = { bytes, base };
    const { pages, dictionary, plainBytes } = this.#pagesOf(chunk, source, values, rowNumbers(leaf, expected));
    const name = nameOf(leaf);
    const dataEncodings = pages.map(({ encoding }) => encoding);
    const used = [encodings.rle, ...dataEncodings, ...(dictionary === undefined ? [] : [encodings.plain])];
    const is = (field: number, value: number) => metadata.int(field).value === value;
    this.#expect(
      [0, chunk.start].includes(column.int(columnChunk.fileOffset).value) &&
        is(metaData.type, leaf.type) &&
        sameThrift(metadata.plain(metaData.path), leaf.path.map(latin1)) &&
        sameSet(metadata.plain(metaData.encodings), used) &&
        is(metaData.values, values.length) &&
        is(metaData.plainBytes, plainBytes) &&
        is(metaData.dataPageOffset, pages[0]?.start ?? chunk.start) &&
        isPageEncodings(metadata.plain(metaData.pageEncodings), dataEncodings, dictionary !== undefined) &&
        (!metadata.has(metaData.sizes) || areSizes(metadata.struct(metaData.sizes), leaf, values, expected)),
      `its column ${name} does not match its description in the footer`,
    );
    if (metadata.has(metaData.statistics))
      this.#expect(
        areStatistics(metadata.struct(metaData.statistics), leaf.type, boundsOf(values)),
        `the statistics of its column ${name} do not match its values`,
      );
    this.#indexed.push({ chunk, pages: pages.map(({ values: _, ...page }) => page) });
    return plainBytes;
  }

  /** @param base the file offset of `bytes` */
  #pagesOf(
    chunk: Chunk,
    { bytes, base }: { readonly bytes: Uint8Array; readonly base: number },
    values: readonly (LeafValue | null)[],
    rowOf: (at: number) => number,
  ) {
    const { leaf, start, end, metadata } = chunk;
    const name = nameOf(leaf);
    const pages: DataPage[] = [];
    let dictionary: { readonly values: number } | undefined;
    let plainBytes = 0;
    let taken = 0;
    for (let at = start; at < end; ) {
      const header = readStruct(bytes, at - base);
      const bodyBytes = header.int(pageHeader.storedBytes).value;
      const pageEnd = base + header.end + bodyBytes;
      if (bodyBytes < 0 || pageEnd > end) throw unaccounted(at);
      plainBytes += base + header.end - at + header.int(pageHeader.plainBytes).value;
      const type = header.int(pageHeader.type).value;
      let matches = header.isSpelled(pageSpec);
      if (type === pageTypes.dictionary && at === start && metadata.has(metaData.dictionaryPageOffset)) {
        const page = header.struct(pageHeader.dictionaryPage);
        dictionary = { values: page.int(dictionaryPage.values).value };
        matches &&= page.int(dictionaryPage.encoding).value === encodings.plain;
        matches &&= page.plain(dictionaryPage.isSorted) !== true;
      } else if (type === pageTypes.data) {
        const page = header.struct(pageHeader.dataPage);
        const count = page.int(dataPage.values).value;
        const held = values.slice(taken, taken + Math.max(0, count));
        const encoding = page.int(dataPage.encoding).value;
        const firstRow = rowOf(taken);
        taken += held.length;
        const rows = rowOf(taken - 1) - firstRow + 1;
        pages.push({ start: at, end: pageEnd, values: held, encoding, firstRow, rows, bounds: boundsOf(held) });
        matches &&= count === held.length && count > 0;
        matches &&= page.int(dataPage.definitionEncoding).value === encodings.rle;
        matches &&= page.int(dataPage.repetitionEncoding).value === encodings.rle;
        // Readers find data pages by their first row, so that rows must not span pages.
        matches &&= taken === values.length || rowOf(taken) !== rowOf(taken - 1);
      } else matches = false;
      this.#expect(matches, `a page header of its column ${name} does not match its values`);
      at = pageEnd;
    }
    this.#expect(
      taken === values.length &&
        (dictionary === undefined
          ? !metadata.has(metaData.dictionaryPageOffset)
          : dictionary.values === distinct(pages) && metadata.int(metaData.dictionaryPageOffset).value === start),
      `the values in the pages of its column ${name} do not match their counts`,
    );
    return { pages, dictionary, plainBytes };
  }

  /** Page indexes must fill the space between the data pages and the footer without gaps. */
  #assertIndexesFollow(): void {
    const spans = this.#groups
      .flatMap(({ chunks }) => chunks)
      .flatMap(({ column }) =>
        [columnChunk.offsetIndex, columnChunk.columnIndex].flatMap((field): Span[] => {
          if (!column.has(field)) return [];
          const start = column.int(field).value;
          return [{ start, end: start + column.int(field + 1).value }];
        }),
      )
      .sort((a, b) => a.start - b.start);
    let at = this.pagesEnd;
    for (const { start, end } of spans) {
      if (start !== at || end < start) throw unaccounted(at);
      at = end;
    }
    if (at !== this.indexesEnd) throw unaccounted(at);
  }
}

function unaccounted(at: number): DamagedError {
  return new DamagedError(`its footer does not account for byte ${at}`);
}

function nameOf({ path }: Leaf): string {
  return path.length === 1 ? path[0]! : `${path[0]}.${path.at(-1)}`;
}

/** The root element without its name, which is arbitrary. */
function rootOf(footer: ThriftStruct): PlainThrift {
  const [root] = footer.structs(fileMetadata.schema);
  return { 4: root?.plain(4) ?? null, 5: root?.plain(5) ?? null };
}

/** Row groups, and chunks within them, must follow the magic without gaps. */
function groupsOf(footer: ThriftStruct, leaves: readonly Leaf[]): Group[] {
  let at = fileMagic.length;
  return footer.structs(fileMetadata.rowGroups).map((struct): Group => {
    const start = at;
    const columns = struct.structs(rowGroup.columns);
    if (columns.length !== leaves.length) throw unaccounted(at);
    const chunks = columns.map((column, n): Chunk => {
      const metadata = column.struct(columnChunk.metaData);
      const { dictionaryPageOffset, dataPageOffset, storedBytes } = metaData;
      const first = metadata.int(metadata.has(dictionaryPageOffset) ? dictionaryPageOffset : dataPageOffset).value;
      const length = metadata.int(storedBytes).value;
      if (first !== at || length < 0) throw unaccounted(at);
      at += length;
      return { leaf: leaves[n]!, column, metadata, start: first, end: at };
    });
    return { struct, chunks, start, end: at, rows: struct.int(rowGroup.rows).value };
  });
}

/** Other keys could tell readers to interpret the columns differently. */
function sameKeys(footer: ThriftStruct): boolean {
  const keys = footer.structs(fileMetadata.pairs).map((pair) => pair.plain(1));
  return sameThrift(keys.map(String).sort(), [...factKeyNames, 'ARROW:schema'].sort());
}

function sameThrift(found: PlainThrift | undefined, wanted: PlainThrift): boolean {
  return JSON.stringify(found) === JSON.stringify(wanted);
}

function sameSet(found: PlainThrift | undefined, wanted: readonly number[]): boolean {
  if (!Array.isArray(found)) return false;
  const [a, b] = [new Set<PlainThrift>(found), new Set<PlainThrift>(wanted)];
  return a.size === b.size && [...a].every((value) => b.has(value));
}

/** Readers use these to decide whether the dictionary has every value. */
function isPageEncodings(found: PlainThrift | undefined, used: readonly number[], hasDictionary: boolean): boolean {
  if (found === undefined) return true;
  if (!Array.isArray(found)) return false;
  const counts = new Map<string, number>();
  const add = (type: number, encoding: number, count: number) => {
    const key = `${type} ${encoding}`;
    counts.set(key, (counts.get(key) ?? 0) + count);
  };
  if (hasDictionary) add(pageTypes.dictionary, encodings.plain, 1);
  for (const encoding of used) add(pageTypes.data, encoding, 1);
  for (const each of found as Record<number, number>[]) add(each[1]!, each[2]!, -each[3]!);
  return [...counts.values()].every((count) => count === 0);
}

/** Maps the position of a value to its row. */
function rowNumbers({ isRepeated }: Leaf, { rows }: ExpectedRows): (at: number) => number {
  if (!isRepeated) return (at) => at;
  const numbers = rows.flatMap(({ alerts }, row) => alerts.map(() => row));
  return (at) => numbers[at] ?? rows.length;
}

/** The number of distinct values in dictionary-encoded pages. */
function distinct(pages: readonly DataPage[]): number {
  const keys = new Set<unknown>();
  for (const { encoding, values } of pages) {
    if (encoding !== encodings.dictionary) continue;
    for (const value of values) if (value !== null) keys.add(keyOf(value));
  }
  return keys.size;
}

function keyOf(value: LeafValue): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
  // Unlike a Set, a dictionary distinguishes 0 and -0.
  return Object.is(value, -0) ? '-0' : value;
}

function areSizes(
  sizes: ThriftStruct,
  leaf: Leaf,
  values: readonly (LeafValue | null)[],
  { rows }: ExpectedRows,
): boolean {
  const textBytes = values.reduce<number>((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), 0);
  const nulls = values.filter((value) => value === null).length;
  const held = values.length - nulls;
  const is = (field: number, value: PlainThrift) => !sizes.has(field) || sameThrift(sizes.plain(field), value);
  return (
    is(sizeStatistics.textBytes, textBytes) &&
    is(sizeStatistics.repetitions, [rows.length, values.length - rows.length]) &&
    is(sizeStatistics.definitions, leaf.isRepeated ? [0, nulls, held] : [nulls, held])
  );
}

function areStatistics(found: ThriftStruct, type: number, bounds: Bounds): boolean {
  if (found.has(statistics.nulls) && found.int(statistics.nulls).value !== bounds.nulls) return false;
  const { max, maxValue, isMaxExact, min, minValue, isMinExact } = statistics;
  const flag = (field: number) => {
    const value = found.plain(field);
    return typeof value === 'boolean' ? value : undefined;
  };
  const is = (field: number, value: LeafValue | undefined, side: 'least' | 'greatest', exact: boolean | undefined) => {
    const bytes = found.bytes(field);
    if (bytes === undefined) return true;
    const bound = decodeBound(type, bytes);
    return bound !== undefined && value !== undefined && isBound(bound, value, side, exact);
  };
  return (
    is(max, bounds.greatest, 'greatest', true) &&
    is(min, bounds.least, 'least', true) &&
    is(maxValue, bounds.greatest, 'greatest', flag(isMaxExact)) &&
    is(minValue, bounds.least, 'least', flag(isMinExact))
  );
}

function isOffsetIndex(index: ThriftStruct, chunk: Chunk, pages: Indexed['pages']): boolean {
  const locations = index.structs(offsetIndex.locations);
  return (
    index.isSpelled(offsetIndexSpec) &&
    locations.length === pages.length &&
    locations.every((location, n) => {
      const { start, end, firstRow } = pages[n]!;
      return (
        location.int(pageLocation.offset).value === start &&
        location.int(pageLocation.storedBytes).value === end - start &&
        location.int(pageLocation.firstRow).value === firstRow
      );
    }) &&
    (!index.has(offsetIndex.textBytes) || isTextBytes(index.plain(offsetIndex.textBytes), chunk, pages))
  );
}

/** One count for each page, with the sum of the footer's count for the column. */
function isTextBytes(found: PlainThrift | undefined, { metadata }: Chunk, pages: Indexed['pages']): boolean {
  if (!Array.isArray(found) || found.length !== pages.length) return false;
  if (!metadata.has(metaData.sizes)) return true;
  const sum = (found as number[]).reduce((bytes, page) => bytes + page, 0);
  return metadata.struct(metaData.sizes).plain(sizeStatistics.textBytes) === sum;
}

function isColumnIndex(index: ThriftStruct, leaf: Leaf, pages: Indexed['pages']): boolean {
  if (!index.isSpelled(columnIndexSpec)) return false;
  const nullPages = index.plain(columnIndex.nullPages);
  const [mins, maxs] = [boundsIn(index, columnIndex.mins, leaf), boundsIn(index, columnIndex.maxs, leaf)];
  const isList = (list: unknown): list is unknown[] => Array.isArray(list) && list.length === pages.length;
  if (!isList(nullPages) || !isList(mins) || !isList(maxs)) return false;
  const nulls = index.plain(columnIndex.nulls) ?? pages.map(({ bounds }) => bounds.nulls);
  const areBounds = pages.every((page, n) => {
    const { least, greatest, nulls: count } = page.bounds;
    if (!isList(nulls) || nulls[n] !== count) return false;
    if (nullPages[n] === true) return least === undefined || isMistakenForNull(page, leaf);
    const [min, max] = [mins[n], maxs[n]];
    if (least === undefined || min === undefined || max === undefined) return false;
    return isBound(min, least, 'least', undefined) && isBound(max, greatest!, 'greatest', undefined);
  });
  if (!areBounds) return false;
  const held = (values: readonly (LeafValue | undefined)[]) =>
    values.filter((value, n): value is LeafValue => value !== undefined && nullPages[n] !== true);
  const order = index.int(columnIndex.order).value;
  return isOrdered(order, held(mins)) && isOrdered(order, held(maxs));
}

/** In lists, the library marked pages with as many nulls as rows as null pages; older objects contain such indexes. */
function isMistakenForNull({ bounds, rows }: Indexed['pages'][number], { isRepeated }: Leaf): boolean {
  return isRepeated && bounds.nulls === rows;
}

function boundsIn(index: ThriftStruct, field: number, { type }: Leaf): (LeafValue | undefined)[] {
  return (index.texts(field) ?? []).map((bytes) => decodeBound(type, bytes));
}

/** `order` is 0: unordered, 1: ascending, 2: descending. Readers use binary search on ordered bounds. */
function isOrdered(order: number, values: readonly LeafValue[]): boolean {
  if (order === 0) return true;
  const sign = order === 1 ? 1 : -1;
  return order <= 2 && values.every((value, n) => n === 0 || sign * compareValues(values[n - 1]!, value) <= 0);
}
