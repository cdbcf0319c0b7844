import { hashMessage } from '../messages/page.ts';
import { type CompiledShape, readMessage, readRow } from '../messages/read.ts';
import { DamagedError, type ExpectedRows, type RowChunk } from './object.ts';
import { shaBytes } from './rows.ts';

/**
 * Checks the payloads of a chunk, if it has any: their hashes and, given a shape, that each is a closed message with its
 * row's id and timestamp.
 * @throws DamagedError that names the first row that fails
 */
export function assertPayloads(
  { first, ids, timestamps, shas, payloads }: RowChunk,
  shape: CompiledShape | undefined,
): void {
  if (payloads === undefined) return;
  const { bytes, offsets } = payloads;
  for (let n = 0; n + 1 < offsets.length; n += 1) {
    const fail = (what: string) => {
      throw new DamagedError(`the payload of row ${first + n + 1} ${what}`);
    };
    const sha = hashMessage(bytes, offsets[n]!, offsets[n + 1]!);
    const isHashed = Buffer.compare(sha, shas.subarray(n * shaBytes, (n + 1) * shaBytes)) === 0;
    if (!isHashed) fail('does not match its SHA-256');
    if (shape === undefined) continue;
    const { state, id, timestamp } = readMessage(bytes.subarray(offsets[n]!, offsets[n + 1]!), 0, shape);
    if (state !== 'closed') fail('is not a message whose alerts are all closed');
    if (id !== ids[n] || timestamp !== timestamps[n]) fail('has a different id or timestamp than its row');
  }
}

/** The expected rows of a chunk whose payloads passed {@link assertPayloads}. */
export function expectedRows(chunk: RowChunk, shape: CompiledShape): ExpectedRows {
  const { bytes, offsets } = chunk.payloads!;
  const payloads = chunk.ids.map((_, n) => bytes.subarray(offsets[n]!, offsets[n + 1]!));
  const shas = Buffer.from(chunk.shas.buffer, chunk.shas.byteOffset, chunk.shas.byteLength);
  return {
    rows: payloads.map((payload) => rowOf(payload, shape)),
    sources: chunk.sources,
    readAts: chunk.readAts,
    shas: chunk.ids.map((_, n) => shas.toString('hex', n * shaBytes, (n + 1) * shaBytes)),
    payloads,
  };
}

function rowOf(payload: Uint8Array, shape: CompiledShape) {
  try {
    return readRow(payload, shape);
  } catch {
    throw new DamagedError('one of its payloads is more than a message');
  }
}
