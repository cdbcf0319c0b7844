import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../src/memory/buffer-pool.ts';

const MiB = 2 ** 20;

describe('BufferPool', () => {
  it('take returns a buffer somewhat larger than requested', () => {
    const { byteLength } = new BufferPool(0).take(10_000_000);
    expect(byteLength).toBeGreaterThanOrEqual(10_000_000);
    expect(byteLength).toBeLessThan(15_000_000);
  });

  it('take reuses returned buffers, one owner at a time', () => {
    const memory = new BufferPool(MiB);
    const buffer = memory.take(1_000);
    memory.give(buffer);
    expect(memory.take(900)).toBe(buffer);
    expect(memory.take(900)).not.toBe(buffer);
  });

  it('take returns the smallest buffer that fits', () => {
    const memory = new BufferPool(MiB);
    const [small, large] = [new SharedArrayBuffer(10), new SharedArrayBuffer(100)];
    memory.give(large);
    memory.give(small);
    expect(memory.take(11)).toBe(large);
    expect(memory.take(5)).toBe(small);
  });

  it('give retains the largest buffers within the limit', () => {
    const memory = new BufferPool(100);
    memory.give(new SharedArrayBuffer(10));
    memory.give(new SharedArrayBuffer(100));
    expect(memory.take(1).byteLength).toBe(100);
    expect(memory.take(1).byteLength).toBeGreaterThan(100);
  });

  it('keep reserves buffers up to the limit until they are released', () => {
    const memory = new BufferPool(2 * MiB);
    const [first, second, third] = [memory.take(1), memory.take(1), memory.take(1)];
    expect([first, second, third].map((buffer) => memory.keep(buffer))).toEqual([true, true, false]);
    memory.give(first);
    expect(memory.take(1)).not.toBe(first);
    memory.release([first, second]);
    expect(new Set([memory.take(1), memory.take(1)])).toEqual(new Set([first, second]));
    expect(memory.keep(third)).toBe(true);
  });

  it('takeToKeep allocates nothing beyond the limit', () => {
    const memory = new BufferPool(2 * MiB);
    const kept = memory.takeToKeep(1);
    expect(kept?.byteLength).toBe(MiB);
    expect(memory.takeToKeep(MiB)).toBeUndefined();
    memory.release([kept!]);
    expect(memory.takeToKeep(1)).toBe(kept);
  });

  it('keep refuses a buffer beyond the limit', () => {
    const memory = new BufferPool(3 * MiB);
    const [small, large] = [memory.take(1), memory.take(2 * MiB)];
    expect(memory.keep(small)).toBe(true);
    memory.give(large);
    expect(memory.takeToKeep(1)).toBeUndefined();
    expect(memory.take(2 * MiB)).toBe(large);
  });
});
