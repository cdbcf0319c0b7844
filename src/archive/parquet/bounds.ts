import { type LeafValue, physical } from './leaves.ts';

/** The statistics of a data page or column chunk. */
export interface Bounds {
  readonly nulls: number;
  /** Absent if every value is null. */
  readonly least?: LeafValue;
  readonly greatest?: LeafValue;
}

export function boundsOf(values: readonly (LeafValue | null)[]): Bounds {
  let nulls = 0;
  let least: LeafValue | undefined;
  let greatest: LeafValue | undefined;
  for (const value of values) {
    if (value === null) nulls += 1;
    else {
      if (least === undefined || compareValues(value, least) < 0) least = value;
      if (greatest === undefined || compareValues(value, greatest) > 0) greatest = value;
    }
  }
  return least === undefined ? { nulls } : { nulls, least, greatest: greatest! };
}

/** Compares two values of a column as Parquet readers do: text by its bytes; 0 and -0 are equal. */
export function compareValues(a: LeafValue, b: LeafValue): number {
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array);
  return a < b ? -1 : Number(a > b);
}

/** Decodes a value in statistics; undefined if the bytes do not fit the type. */
export function decodeBound(type: number, bytes: Uint8Array): LeafValue | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case physical.bytes:
      return bytes;
    case physical.boolean:
      return bytes.length === 1 && bytes[0]! <= 1 ? bytes[0] === 1 : undefined;
    case physical.int32:
      return bytes.length === 4 ? buffer.readInt32LE() : undefined;
    case physical.int64:
      return bytes.length === 8 ? buffer.readBigInt64LE() : undefined;
    default:
      return bytes.length === 8 ? buffer.readDoubleLE() : undefined;
  }
}

/** Bounds of longer text are truncated to this many bytes, or a few less to keep characters whole. */
const truncatedBytes = 64;

/**
 * True if readers may rely on the bound: it is the value itself or, for long text, a truncated value on the correct side.
 * @param isExact the file's flag for an exact bound; undefined if it has none
 */
export function isBound(
  bound: LeafValue,
  value: LeafValue,
  side: 'least' | 'greatest',
  isExact: boolean | undefined,
): boolean {
  const order = compareValues(bound, value);
  if (order === 0) return true;
  if (!(bound instanceof Uint8Array) || isExact === true || bound.length < truncatedBytes - 3) return false;
  if ((value as Uint8Array).length <= truncatedBytes) return false;
  const kept = side === 'least' ? bound.length : bound.length - 4;
  const isTruncated = Buffer.compare(bound.subarray(0, kept), (value as Uint8Array).subarray(0, kept)) === 0;
  return isTruncated && (side === 'least' ? order < 0 : order > 0);
}
