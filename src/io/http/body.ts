import type { BufferPool } from '../../memory/buffer-pool.ts';

/** What is set aside for a body that does not tell its length. */
const unknownBytes = 1024 * 1024;
/** A body that takes longer is given up, however steadily it drips. */
const bodyMsMax = 600_000;

/** A body has more bytes than are taken. */
export class BodyTooLarge extends Error {}

/** A body takes longer than is waited for. */
export class BodyTooSlow extends Error {}

/**
 * Reads a whole body into a buffer of the memory, to which the caller gives it back.
 * @param lengthHeader what the answer says of its length
 * @throws BodyTooLarge beyond `bytesMax`; BodyTooSlow after `msMax`; else what the body throws
 */
export async function readBody(
  body: AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown },
  lengthHeader: string | string[] | undefined,
  bytesMax: number,
  memory: BufferPool,
  msMax = bodyMsMax,
): Promise<Uint8Array<SharedArrayBuffer>> {
  const length = Number(lengthHeader ?? 0);
  if (length > bytesMax) {
    body.destroy();
    throw new BodyTooLarge();
  }
  let bytes = new Uint8Array(memory.take(length || unknownBytes));
  let filled = 0;
  const late = setTimeout(() => body.destroy(new BodyTooSlow()), msMax);
  try {
    for await (const chunk of body) {
      if (filled + chunk.length > bytesMax) throw new BodyTooLarge();
      if (filled + chunk.length > bytes.length) bytes = grown(bytes, filled + chunk.length, memory);
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
  } catch (error) {
    memory.give(bytes.buffer);
    throw error;
  } finally {
    clearTimeout(late);
  }
  return bytes.subarray(0, filled);
}

function grown(
  bytes: Uint8Array<SharedArrayBuffer>,
  needed: number,
  memory: BufferPool,
): Uint8Array<SharedArrayBuffer> {
  const larger = new Uint8Array(memory.take(Math.max(needed, bytes.length * 2)));
  larger.set(bytes);
  memory.give(bytes.buffer);
  return larger;
}
