import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { Spool, SpoolReader, segmentBytes } from '../../src/memory/spool.ts';
import { failureOf } from '../support/failure.ts';
import { sharedBytes } from '../support/messages.ts';

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

/** Bytes that identify their origin. */
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

/** Sizes that end at, before and after segment boundaries. */
const anySize = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 2000 }) },
  fc.integer({ min: -2, max: 2 }).map((by) => segmentBytes + by),
  fc.integer({ min: 0, max: 2 }).map((by) => segmentBytes / 2 + by),
);

describe('Spool', () => {
  it('reports that its file cannot be written', async () => {
    const path = join(folder, 'nowhere', 'spool');
    const spool = new Spool(new BufferPool(0), path);
    spool.append(patterned(10, 1));
    expect(await failureOf(spool.flush())).toContain(`The temporary file ${path} could not be written (ENOENT:`);
  });

  it('reads appended and adopted bytes across the boundaries of segments, memory and disk', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anySize, fc.boolean()), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 3 }),
        fc.nat({ max: 7 }),
        async (sizes, segments, flushAfter) => {
          const spool = new Spool(new BufferPool(2 * segments * segmentBytes), newPath());
          const parts: { position: number; bytes: Uint8Array }[] = [];
          for (const [n, [size, isPage]] of sizes.entries()) {
            const bytes = sharedBytes(patterned(size, n + 1));
            const position = (isPage ? spool.adopt(bytes) : undefined) ?? spool.append(bytes);
            parts.push({ position, bytes });
            if (n === flushAfter) await spool.flush();
          }
          const reader = new SpoolReader(await spool.flush());
          for (const { position, bytes } of parts)
            expect(same(copied(reader, position, bytes.length), bytes)).toBe(true);
          reader.close();
          await spool.close();
        },
      ),
      { numRuns: 8 },
    );
  });

  it('appends at consecutive positions, in memory and in the file', async () => {
    for (const memory of [0, 2 * segmentBytes]) {
      const spool = new Spool(new BufferPool(memory), newPath());
      const positions = [3, 0, 5, 1].map((size) => spool.append(patterned(size, size)));
      expect(positions.map((position) => position - positions[0]!)).toEqual([0, 3, 3, 8]);
      await spool.close();
    }
  });

  it('works without memory, and removes its file', async () => {
    const path = newPath();
    const spool = new Spool(new BufferPool(0), path);
    const bytes = patterned(100_000, 3);
    const position = spool.append(bytes);
    expect(existsSync(path)).toBe(false);
    expect(same(await spool.read(position, bytes.length), bytes)).toBe(true);
    expect((await stat(path)).size).toBe(bytes.length);
    await spool.close();
    expect(existsSync(path)).toBe(false);
  });

  it('writes more parts than one system call accepts', async () => {
    const spool = new Spool(new BufferPool(0), newPath());
    const parts = Array.from({ length: 3_000 }, (_, n) => patterned(n % 5, n));
    const positions = parts.map((part) => spool.append(part));
    const reader = new SpoolReader(await spool.flush());
    for (const [n, part] of parts.entries()) expect(same(copied(reader, positions[n]!, part.length), part)).toBe(true);
    reader.close();
    await spool.close();
  });

  it('creates no file while memory suffices', async () => {
    const path = newPath();
    const spool = new Spool(new BufferPool(2 * segmentBytes), path);
    spool.append(patterned(segmentBytes, 1));
    const view = await spool.flush();
    expect(view.path).toBeUndefined();
    expect(existsSync(path)).toBe(false);
    spool.append(patterned(segmentBytes, 2));
    expect((await spool.flush()).path).toBe(path);
    await spool.close();
  });

  it('can be appended to after a flush, and read while it is written', async () => {
    const spool = new Spool(new BufferPool(0), newPath());
    const parts = [patterned(700, 1), patterned(900, 2)];
    const first = spool.append(parts[0]!);
    expect(same(await spool.read(first, 700), parts[0]!)).toBe(true);
    const second = spool.append(parts[1]!);
    expect(same(await spool.read(second, 900), parts[1]!)).toBe(true);
    expect(same(await spool.read(first, 700), parts[0]!)).toBe(true);
    await spool.close();
  });

  it('adopts a page without copying it, until it is closed', async () => {
    const memory = new BufferPool(segmentBytes);
    const buffer = memory.take(1_000);
    const page = new Uint8Array(buffer, 100, 800);
    page.set(patterned(800, 5));
    const spool = new Spool(memory, newPath());
    const position = spool.adopt(page);
    expect(position).toBeDefined();
    memory.give(buffer);
    expect(memory.take(1)).not.toBe(buffer);
    expect((await spool.flush()).segments).toEqual([buffer]);
    expect(same(await spool.read(position! + 10, 700), page.subarray(10, 710))).toBe(true);
    await spool.close();
    expect(memory.take(1)).toBe(buffer);
  });

  it('shares its memory budget with other spools until it is closed', async () => {
    const memory = new BufferPool(segmentBytes * 1.9);
    const one = new Spool(memory, newPath());
    const other = new Spool(memory, newPath());
    one.append(patterned(10, 1));
    other.append(patterned(10, 2));
    expect((await one.flush()).segments.length).toBe(1);
    expect((await other.flush()).segments.length).toBe(0);
    expect(other.adopt(new Uint8Array(new SharedArrayBuffer(segmentBytes)))).toBeUndefined();
    await one.close();
    const third = new Spool(memory, newPath());
    third.append(patterned(10, 3));
    expect((await third.flush()).segments.length).toBe(1);
    await third.close();
    await other.close();
  });

  it('rejects reads beyond its end', async () => {
    const spool = new Spool(new BufferPool(0), newPath());
    const position = spool.append(patterned(10, 1));
    await expect(spool.read(position + 5, 6)).rejects.toThrow('The spool file ends before byte 11');
    await spool.close();
  });
});
