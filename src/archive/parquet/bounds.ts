import { type LeafValue, physical } from './leaves.ts';

/** What the statistics of a page or a chunk may say: the least and the greatest of its values, and how many are null. */
export interface Bounds {
  readonly nulls: number;
  /** Absent where every value is null. */
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

/** Orders two values of one column as Parquet's readers do: text by its bytes. Zeros of either sign are alike. */
export function compareValues(a: LeafValue, b: LeafValue): number {
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array);
  return a < b ? -1 : Number(a > b);
}

/** The value that statistics spell; undefined where the bytes are none of this type. */
export function spelledValue(type: number, bytes: Uint8Array): LeafValue | undefined {
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

/** Longer text is cut to so many bytes, or to a few less where a character would be cut in two. */
const cutBytes = 64;

/**
 * Whether a bound is what a reader may rely on: the value itself, or of long text one that was cut, on the right side of it.
 * @param isExact whether the file says that it is the value itself; undefined where it does not say
 */
export function isBound(
  bound: LeafValue,
  value: LeafValue,
  side: 'least' | 'greatest',
  isExact: boolean | undefined,
): boolean {
  const order = compareValues(bound, value);
  if (order === 0) return true;
  if (!(bound instanceof Uint8Array) || isExact === true || bound.length < cutBytes - 3) return false;
  if ((value as Uint8Array).length <= cutBytes) return false;
  const kept = side === 'least' ? bound.length : bound.length - 4;
  const isCut = Buffer.compare(bound.subarray(0, kept), (value as Uint8Array).subarray(0, kept)) === 0;
  return isCut && (side === 'least' ? order < 0 : order > 0);
}
