import type { Table as ArrowTable, Data } from 'apache-arrow';
import type { ExpectedRows } from '../object.ts';
import { isSource } from '../rows.ts';
import type { ArchiveSchema } from '../schema.ts';
import { arrowSchema } from './batch.ts';
import { type LeafValue, leavesOf } from './leaves.ts';

/**
 * Compares every column of the decoded rows with the values that their payloads give.
 * @param first the object's number of the first row
 * @returns the first difference, as a clause; undefined if there is none
 */
export function columnDifference(
  table: ArrowTable,
  schema: ArchiveSchema,
  expected: ExpectedRows,
  first: number,
): string | undefined {
  if (describe(table.schema) !== describe(arrowSchema(schema)))
    return 'its columns have different types than the archive';
  const { rows, sources } = expected;
  for (const { path, isRepeated, values } of leavesOf(schema)) {
    const [name = ''] = path;
    const column = dataOf(table, name);
    if (column?.length !== rows.length) return `its column ${name} is truncated`;
    const data = isRepeated ? alertData(column, path.at(-1)!) : column;
    const wanted = values(expected);
    if (isRepeated && !hasLengths(column, expected)) return mismatch(name, first + firstOtherLength(column, expected));
    if (data === undefined) return `its column ${name} is truncated`;
    const at = wanted.findIndex((value, n) => !isValue(data, n, value));
    if (at >= 0)
      return mismatch(path.length === 1 ? name : `${name}.${path.at(-1)}`, first + rowOf(at, isRepeated, expected));
  }
  const foreign = sources.findIndex((source) => !isSource(source));
  if (foreign >= 0) return `the source of row ${first + foreign + 1} is unknown`;
  return undefined;
}

function mismatch(column: string, row: number): string {
  return `the ${column} of row ${row + 1} does not match its payload`;
}

function describe({ fields }: ArrowTable['schema']): string {
  return fields.map(({ name, type, nullable, metadata }) => `${name} ${type} ${nullable} ${metadata.size}`).join(', ');
}

function dataOf(table: ArrowTable, name: string): Data | undefined {
  const data = table.getChild(name)?.data;
  return data?.length === 1 ? data[0] : undefined;
}

function alertData(column: Data, name: string): Data | undefined {
  const [struct] = column.children;
  const at = struct?.type.children?.findIndex((field: { readonly name: string }) => field.name === name) ?? -1;
  return struct?.nullCount === 0 ? struct.children[at] : undefined;
}

function hasLengths(column: Data, expected: ExpectedRows): boolean {
  return firstOtherLength(column, expected) < 0;
}

function firstOtherLength({ valueOffsets }: Data, { rows }: ExpectedRows): number {
  return rows.findIndex(({ alerts }, n) => valueOffsets[n + 1]! - valueOffsets[n]! !== alerts.length);
}

function rowOf(at: number, isRepeated: boolean, { rows }: ExpectedRows): number {
  if (!isRepeated) return at;
  let left = at;
  return rows.findIndex(({ alerts }) => {
    left -= alerts.length;
    return left < 0;
  });
}

function isValue(data: Data, n: number, value: LeafValue | null): boolean {
  if (value === null || !data.getValid(n)) return value === null && !data.getValid(n);
  if (value instanceof Uint8Array) {
    const [start, end] = [data.valueOffsets[n], data.valueOffsets[n + 1]];
    return Buffer.compare(value, (data.values as Uint8Array).subarray(start, end)) === 0;
  }
  if (typeof value === 'boolean') return (((data.values as Uint8Array)[n >> 3]! >> (n & 7)) & 1) === Number(value);
  // 0 and -0 differ.
  return Object.is(data.values[n], value);
}
