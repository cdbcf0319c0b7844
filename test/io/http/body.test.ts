import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BodyTooLarge, readBody } from '../../../src/io/http/body.ts';
import { WatchedMemory } from '../../support/watched-memory.ts';

const MiB = 2 ** 20;
const chunk = Buffer.alloc(MiB, 7);

/** A body of so many MiB, and whether it was destroyed before its end. */
function bodyOf(count: number, failure?: Error) {
  let isDestroyed = false;
  const stream = Readable.from(
    (function* () {
      for (let n = 0; n < count; n += 1) yield chunk;
      if (failure) throw failure;
    })(),
  );
  stream.on('close', () => {
    isDestroyed = stream.readableEnded === false;
  });
  return { stream, isDestroyed: () => isDestroyed };
}

describe('readBody', () => {
  it.each([undefined, String(5 * MiB), String(2 * MiB), 'much'])(
    'reads the whole body, with a content-length of %s',
    async (told) => {
      const memory = new WatchedMemory();
      const bytes = await readBody(bodyOf(5).stream, told, { bytesMax: 5 * MiB }, memory);
      expect(Buffer.from(bytes).equals(Buffer.alloc(5 * MiB, 7))).toBe(true);
      expect(memory.out).toBe(1);
      memory.give(bytes.buffer);
    },
  );

  it.each([undefined, String(6 * MiB)])(
    'rejects a body beyond the limit, with a content-length of %s',
    async (told) => {
      const memory = new WatchedMemory();
      const body = bodyOf(6);
      await expect(readBody(body.stream, told, { bytesMax: 5 * MiB }, memory)).rejects.toThrow(BodyTooLarge);
      expect(memory.out).toBe(0);
      await expect.poll(body.isDestroyed).toBe(true);
    },
  );

  it("throws the body's error and returns its buffer", async () => {
    const memory = new WatchedMemory();
    const broken = new Error('the connection broke');
    await expect(readBody(bodyOf(3, broken).stream, undefined, { bytesMax: 5 * MiB }, memory)).rejects.toBe(broken);
    expect(memory.out).toBe(0);
  });

  it('needs no pool', async () => {
    const bytes = await readBody(bodyOf(2).stream, undefined, { bytesMax: 5 * MiB });
    expect(Buffer.from(bytes).equals(Buffer.alloc(2 * MiB, 7))).toBe(true);
  });
});
