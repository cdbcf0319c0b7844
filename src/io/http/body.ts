import type { BufferPool } from '../../memory/buffer-pool.ts';

/** The initial buffer for a body of unknown length. */
const unknownBytes = 1024 * 1024;
/** The longest time that a body may take, however steadily it arrives. */
const bodyMsMax = 600_000;

/** The memory that bodies are read into. */
export type Buffers = Pick<BufferPool, 'take' | 'give'>;

/** Memory for bodies that are small or few. */
export const unpooled: Buffers = { take: (bytes) => new SharedArrayBuffer(bytes), give: () => undefined };

export interface BodyLimits {
  readonly bytesMax: number;
  readonly msMax?: number | undefined;
}

/** A body exceeded its size limit. */
export class BodyTooLarge extends Error {}

/** A body exceeded its time limit. */
export class BodyTooSlow extends Error {}

/**
 * Reads a whole body into a buffer of the pool; the caller gives it back.
 * @param lengthHeader the response's `content-length`
 * @throws BodyTooLarge, BodyTooSlow, or the body's own error
 */
export async function readBody(
  body: AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown },
  lengthHeader: string | string[] | undefined,
  { bytesMax, msMax = bodyMsMax }: BodyLimits,
  memory: Buffers = unpooled,
): Promise<Uint8Array<SharedArrayBuffer>> {
  const length = Number(lengthHeader ?? 0);
  if (length > bytesMax) {
    body.destroy();
    throw new BodyTooLarge();
  }
  let bytes = new Uint8Array(memory.take(length || Math.min(unknownBytes, bytesMax)));
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

function grown(bytes: Uint8Array<SharedArrayBuffer>, needed: number, memory: Buffers): Uint8Array<SharedArrayBuffer> {
  const larger = new Uint8Array(memory.take(Math.max(needed, bytes.length * 2)));
  larger.set(bytes);
  memory.give(bytes.buffer);
  return larger;
}
