import { hashMessage } from '../messages/page.ts';
import { type CompiledShape, readMessage, readRow } from '../messages/read.ts';
import { DamagedError, type ExpectedRows, type RowChunk } from './object.ts';
import { shaBytes } from './rows.ts';

/**
 * Checks the payloads of a chunk, where it has them: their hashes, and with a shape that each is a closed message of its
 * row's id and timestamp.
 * @throws DamagedError naming the first row that is not so
 */
export function assertPayloads(
  { first, ids, timestamps, shas, payloads }: RowChunk,
  shape: CompiledShape | undefined,
): void {
  if (payloads === undefined) return;
  const { bytes, offsets } = payloads;
  for (let n = 0; n + 1 < offsets.length; n += 1) {
    const fail = (what: string) => {
      throw new DamagedError(`the payload of its row ${first + n + 1} ${what}`);
    };
    const sha = hashMessage(bytes, offsets[n]!, offsets[n + 1]!);
    const isHashed = Buffer.compare(sha, shas.subarray(n * shaBytes, (n + 1) * shaBytes)) === 0;
    if (!isHashed) fail('does not have the SHA-256 that stands beside it');
    if (shape === undefined) continue;
    const { state, id, timestamp } = readMessage(bytes.subarray(offsets[n]!, offsets[n + 1]!), 0, shape);
    if (state !== 'closed') fail('is no message whose alerts are all closed');
    if (id !== ids[n] || timestamp !== timestamps[n]) fail('has another id or timestamp than stands beside it');
  }
}

/** What the rows of a chunk hold by their payloads, which {@link assertPayloads} has checked. */
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
    // A message that is followed by something else.
    throw new DamagedError('a payload of it is more than one message');
  }
}
