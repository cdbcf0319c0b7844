import type { SpoolReader } from '../memory/spool.ts';
import type { RowFacts } from './rows.ts';

/** Rows `[first, end)` with their concatenated payloads: that of the nth row is `bytes[offsets[n], offsets[n + 1])`. */
export interface RowBatch {
  readonly first: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

/**
 * Yields the rows in order, in batches of at least one row and, beyond that, at most `bytesMax` of payload. The bytes of a
 * batch are valid until the next one is requested.
 */
export function* rowBatches(rows: RowFacts, spool: SpoolReader, bytesMax: number): Generator<RowBatch> {
  const count = rows.lengths.length;
  let buffer = new Uint8Array(bytesMax);
  for (let first = 0; first < count; ) {
    const end = batchEnd(rows.lengths, first, bytesMax);
    const offsets = new Int32Array(end - first + 1);
    for (let n = first; n < end; n += 1) offsets[n - first + 1] = offsets[n - first]! + rows.lengths[n]!;
    const length = offsets[end - first]!;
    if (length > buffer.length) buffer = new Uint8Array(length);
    const bytes = buffer.subarray(0, length);
    for (let n = first; n < end; n += 1) spool.copy(rows.positions[n]!, rows.lengths[n]!, bytes, offsets[n - first]!);
    yield { first, end, bytes, offsets };
    first = end;
  }
}

function batchEnd(lengths: Uint32Array, first: number, bytesMax: number): number {
  let bytes = lengths[first]!;
  let end = first + 1;
  while (end < lengths.length && bytes + lengths[end]! <= bytesMax) {
    bytes += lengths[end]!;
    end += 1;
  }
  return end;
}
