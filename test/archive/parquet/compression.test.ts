import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  Table as ArrowTable,
  Bool,
  Field,
  Int32,
  List,
  Struct,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import {
  Compression,
  EnabledStatistics,
  Encoding,
  readParquet,
  Table,
  WriterPropertiesBuilder,
  WriterVersion,
  writeParquet,
} from 'parquet-wasm/esm';
import { beforeAll, describe, expect, it } from 'vitest';
import { compressPages } from '../../../src/archive/parquet/compression.ts';
import { readStruct } from '../../../src/archive/parquet/thrift.ts';
import { loadParquet } from '../../../src/archive/parquet/wasm.ts';
import { parquetModule } from '../../../src/worker/parquet-module.ts';
import { testFolder } from '../../support/folders.ts';

const count = 500;
const element = new Struct([new Field('alert_id', new Utf8(), true), new Field('status', new Utf8(), true)]);

/** Columns with and without dictionaries, nulls and statistics; lists of structs; pages of many sizes. */
const table = new ArrowTable({
  id: vectorFromArray(
    Array.from({ length: count }, (_, n) => `message ${n}`),
    new Utf8(),
  ),
  number: vectorFromArray(
    Array.from({ length: count }, (_, n) => (n % 3 === 0 ? null : n * 1_000 - 77)),
    new Int32(),
  ),
  flag: vectorFromArray(
    Array.from({ length: count }, (_, n) => (n % 5 === 0 ? null : n % 2 === 0)),
    new Bool(),
  ),
  empty: vectorFromArray(
    Array.from({ length: count }, () => null),
    new Utf8(),
  ),
  alerts: vectorFromArray(
    Array.from({ length: count }, (_, n) =>
      Array.from({ length: n % 4 }, (__, k) => ({ alert_id: k === 2 ? null : `${n}.${k}`, status: 'closed' })),
    ),
    new List(new Field('element', element, true)),
  ),
  payload: vectorFromArray(
    Array.from({ length: count }, (_, n) => `{"n":${n},"text":"${'lorem ipsum '.repeat((n * 31) % 60)}"}`),
    new Utf8(),
  ),
});

interface Options {
  readonly rowsPerGroup?: number;
  readonly compression?: Compression;
  readonly version?: WriterVersion;
  readonly statistics?: EnabledStatistics;
}

/** The table, as written by parquet-wasm. */
function written({ rowsPerGroup = 120, compression, version, statistics }: Options = {}): Uint8Array {
  const properties = new WriterPropertiesBuilder()
    .setCompression(compression ?? Compression.UNCOMPRESSED)
    .setMaxRowGroupSize(rowsPerGroup)
    .setDataPageSizeLimit(3_000)
    .setWriteBatchSize(32)
    .setColumnDictionaryEnabled('payload', false)
    .setColumnEncoding('number', Encoding.DELTA_BINARY_PACKED)
    .setColumnStatisticsEnabled('payload', EnabledStatistics.None)
    .setStatisticsEnabled(statistics ?? EnabledStatistics.Page)
    .setWriterVersion(version ?? WriterVersion.V1)
    .setKeyValueMetadata(new Map([['slot', 'June ü']]))
    .setCreatedBy('a test')
    .build();
  return writeParquet(Table.fromIPCStream(tableToIPC(table, 'stream')), properties);
}

/** Compresses a file that arrives in pieces that end at these offsets. */
async function compressed(file: Uint8Array, ends: readonly number[] = []): Promise<Buffer> {
  const places = [0, ...ends.toSorted((a, b) => a - b), file.length];
  async function* pieces() {
    for (const [n, end] of places.slice(1).entries()) yield file.slice(places[n], end);
  }
  const parts: Uint8Array[] = [];
  for await (const part of compressPages(pieces())) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

const rowsOf = (file: Uint8Array) => tableFromIPC(readParquet(file).intoIPCStream()).toArray().map(String);

beforeAll(async () => loadParquet(await parquetModule()));

describe('compressPages', () => {
  it.each<[string, Options]>([
    ['with several row groups', {}],
    ['with one row group', { rowsPerGroup: count }],
    ['with one row per row group', { rowsPerGroup: 1 }],
    ['without statistics and column indexes', { statistics: EnabledStatistics.None }],
  ])('keeps every row of a file %s in fewer bytes', async (_, options) => {
    const file = written(options);
    const smaller = await compressed(file);
    expect(rowsOf(smaller)).toEqual(rowsOf(file));
    if (options.rowsPerGroup !== 1) expect(smaller.length).toBeLessThan(file.length / 2);
  });

  it('does not depend on how the file is split into pieces', async () => {
    const file = written();
    const whole = await compressed(file);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: file.length }), { maxLength: 60 }), async (ends) => {
        expect((await compressed(file, ends)).equals(whole)).toBe(true);
      }),
    );
  });

  it.each([120, 1])(
    'lets a footer and indexes tell where every page is, and how large, of %d rows a group',
    async (rows) => {
      const file = await compressed(written({ rowsPerGroup: rows }));
      const pages = pagesOf(file);
      const indexed = chunksOf(file).flatMap(({ column }) => {
        const start = column.int(4).value;
        const locations = readStruct(file, start);
        expect(locations.end).toBe(start + column.int(5).value);
        return locations.structs(1).map((location) => [location.int(1).value, location.int(2).value]);
      });
      expect(indexed.length).toBeGreaterThan(6 * 5);
      const dataPages = pages.filter(({ type }) => type === 0);
      expect(indexed).toEqual(dataPages.map(({ start, bytes }) => [start, bytes]));
      for (const { start, end, plainBytes, group, column } of chunksOf(file)) {
        const own = pages.filter((page) => page.start >= start && page.start < end);
        expect(own.reduce((sum, page) => sum + page.bytes, 0)).toBe(end - start);
        expect(own.reduce((sum, page) => sum + page.headerBytes + page.plainBytes, 0)).toBe(plainBytes);
        expect(own.find(({ type }) => type === 0)!.start).toBe(column.struct(3).int(9).value);
        expect(group.int(5).value).toBeLessThanOrEqual(start);
      }
    },
  );

  it('changes no other metadata', async () => {
    const folder = await testFolder();
    const [before, after] = [written(), await compressed(written())];
    const [old, now] = [join(folder, 'old.parquet'), join(folder, 'now.parquet')];
    await Promise.all([writeFile(old, before), writeFile(now, after)]);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    const metadata = (path: string) =>
      ask(`SELECT * EXCLUDE (file_name, compression, total_compressed_size, total_uncompressed_size, row_group_bytes,
          row_group_compressed_bytes, data_page_offset, dictionary_page_offset, file_offset) FROM parquet_metadata('${path}')`);
    expect(await metadata(now)).toEqual(await metadata(old));
    for (const about of ['parquet_schema', 'parquet_kv_metadata']) {
      const told = (path: string) => ask(`SELECT * EXCLUDE (file_name) FROM ${about}('${path}')`);
      expect(await told(now)).toEqual(await told(old));
    }
    const file = (path: string) =>
      ask(`SELECT created_by, num_rows, num_row_groups, format_version FROM parquet_file_metadata('${path}')`);
    expect(await file(now)).toEqual(await file(old));
    expect(await ask(`SELECT DISTINCT compression FROM parquet_metadata('${now}')`)).toEqual([{ compression: 'ZSTD' }]);
    expect(
      await ask(`(FROM '${old}' EXCEPT ALL FROM '${now}') UNION ALL (FROM '${now}' EXCEPT ALL FROM '${old}')`),
    ).toEqual([]);
    connection.closeSync();
  });

  it('rejects files with another structure', async () => {
    const file = written();
    await expect(compressed(written({ compression: Compression.ZSTD }))).rejects.toThrow('compressed already');
    await expect(compressed(written({ version: WriterVersion.V2 }))).rejects.toThrow('does not account for byte');
    await expect(compressed(new Uint8Array(0))).rejects.toThrow('the Parquet file has no footer');
    await expect(compressed(Buffer.from('PAR1'))).rejects.toThrow('the Parquet file has no footer');
    await expect(compressed(Buffer.concat([file.subarray(0, 4), Buffer.alloc(9), file.subarray(4)]))).rejects.toThrow();
  });

  it('rejects a file truncated anywhere', async () => {
    const file = written();
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: file.length - 1 }), async (length) => {
        await expect(compressed(file.subarray(0, length))).rejects.toThrow(Error);
      }),
    );
  });
});

interface PageFound {
  readonly type: number;
  readonly start: number;
  readonly bytes: number;
  readonly headerBytes: number;
  readonly plainBytes: number;
}

const frameMagic = Buffer.from('28b52ffd', 'hex');

/** All pages in order. Each must be one frame that decompresses to the size in its header. */
function pagesOf(file: Buffer): PageFound[] {
  const pages: PageFound[] = [];
  const ends = chunksOf(file).map(({ end }) => end);
  for (let start = 4; start < Math.max(...ends); ) {
    const header = readStruct(file, start);
    const end = header.end + header.int(3).value;
    const plainBytes = header.int(2).value;
    const body = file.subarray(header.end, end);
    expect(zstdDecompressSync(body).length).toBe(plainBytes);
    expect(body.lastIndexOf(frameMagic)).toBe(0);
    pages.push({ type: header.int(1).value, start, bytes: end - start, headerBytes: header.end - start, plainBytes });
    start = end;
  }
  return pages;
}

/** The column chunks, as described by the footer. */
function chunksOf(file: Buffer) {
  const footer = readStruct(file, file.length - 8 - file.readUInt32LE(file.length - 8));
  return footer.structs(4).flatMap((group) =>
    group.structs(1).map((column) => {
      const metadata = column.struct(3);
      const start = metadata.int(metadata.hasInt(11) ? 11 : 9).value;
      return { group, column, start, end: start + metadata.int(7).value, plainBytes: metadata.int(6).value };
    }),
  );
}
