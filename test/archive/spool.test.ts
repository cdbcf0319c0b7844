import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Spool, SpoolMemory, SpoolReader, segmentBytes } from '../../src/archive/spool.ts';

let folder = '';
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spool-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function newPath(): string {
  files += 1;
  return join(folder, `${files}.spool`);
}

/** Bytes that tell where they came from. */
function patterned(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let n = 0; n < length; n += 509) bytes[n] = (n + seed * 31) % 251;
  if (length > 0) bytes[length - 1] = seed % 251;
  return bytes;
}

function copied(reader: SpoolReader, position: number, length: number): Uint8Array {
  const target = new Uint8Array(length + 2);
  reader.copy(position, length, target, 1);
  expect([target[0], target.at(-1)]).toEqual([0, 0]);
  return target.subarray(1, -1);
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** Sizes that end on, before and after the borders of segments. */
const anySize = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 2000 }) },
  fc.integer({ min: -2, max: 2 }).map((by) => segmentBytes + by),
  fc.integer({ min: 0, max: 2 }).map((by) => segmentBytes / 2 + by),
);

describe('Spool', () => {
  it('gives back what was appended, across the borders of segments, and of memory and disk', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anySize, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 3 }),
        fc.nat({ max: 7 }),
        async (sizes, segments, flushAfter) => {
          const spool = new Spool(new SpoolMemory(segments * segmentBytes), newPath());
          const parts: { position: number; bytes: Uint8Array }[] = [];
          for (const [n, size] of sizes.entries()) {
            const bytes = patterned(size, n + 1);
            parts.push({ position: await spool.append(bytes), bytes });
            if (n === flushAfter) await spool.flush();
          }
          const total = sizes.reduce((sum, size) => sum + size, 0);
          expect(spool.bytes).toBe(total);
          const reader = new SpoolReader(await spool.flush());
          for (const { position, bytes } of parts)
            expect(same(copied(reader, position, bytes.length), bytes)).toBe(true);
          const all = Buffer.concat(parts.map(({ bytes }) => bytes));
          expect(same(copied(reader, 0, total), all)).toBe(true);
          reader.close();
          await spool.close();
        },
      ),
      { numRuns: 8 },
    );
  });

  it('appends at positions that follow one another', async () => {
    const spool = new Spool(new SpoolMemory(0), newPath());
    const positions = [];
    for (const size of [3, 0, 5, 1]) positions.push(await spool.append(patterned(size, size)));
    expect(positions).toEqual([0, 3, 3, 8]);
    await spool.close();
  });

  it('works without any memory, and removes its file', async () => {
    const path = newPath();
    const spool = new Spool(new SpoolMemory(0), path);
    const bytes = patterned(100_000, 3);
    await spool.append(bytes);
    expect(existsSync(path)).toBe(false);
    expect(same(await spool.read(0, bytes.length), bytes)).toBe(true);
    expect((await stat(path)).size).toBe(bytes.length);
    await spool.close();
    expect(existsSync(path)).toBe(false);
  });

  it('makes no file while the memory suffices', async () => {
    const path = newPath();
    const spool = new Spool(new SpoolMemory(segmentBytes), path);
    await spool.append(patterned(segmentBytes, 1));
    const view = await spool.flush();
    expect(view.path).toBeUndefined();
    expect(existsSync(path)).toBe(false);
    await spool.append(patterned(1, 1));
    expect((await spool.flush()).path).toBe(path);
    await spool.close();
  });

  it('goes on after it was flushed, and reads while it is written', async () => {
    const spool = new Spool(new SpoolMemory(0), newPath());
    const parts = [patterned(700, 1), patterned(900, 2)];
    const first = await spool.append(parts[0]!);
    expect(same(await spool.read(first, 700), parts[0]!)).toBe(true);
    const second = await spool.append(parts[1]!);
    expect(same(await spool.read(second, 900), parts[1]!)).toBe(true);
    expect(same(await spool.read(first, 700), parts[0]!)).toBe(true);
    await spool.close();
  });

  it('shares its budget: what one spool takes is missing to the other until it is closed', async () => {
    const memory = new SpoolMemory(segmentBytes * 1.9);
    const one = new Spool(memory, newPath());
    const other = new Spool(memory, newPath());
    await one.append(patterned(10, 1));
    await other.append(patterned(10, 2));
    expect((await one.flush()).memory.length).toBe(1);
    expect((await other.flush()).memory.length).toBe(0);
    await one.close();
    const third = new Spool(memory, newPath());
    await third.append(patterned(10, 3));
    expect((await third.flush()).memory.length).toBe(1);
    await third.close();
    await other.close();
  });

  it('refuses to read beyond its end', async () => {
    const spool = new Spool(new SpoolMemory(0), newPath());
    await spool.append(patterned(10, 1));
    await expect(spool.read(5, 6)).rejects.toThrow('The spool ends before byte 11');
    await spool.close();
  });
});
