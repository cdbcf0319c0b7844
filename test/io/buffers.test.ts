import { describe, expect, it } from 'vitest';
import { Buffers } from '../../src/io/buffers.ts';

describe('Buffers', () => {
  it('gives a buffer that is large enough, and somewhat larger', () => {
    const { byteLength } = new Buffers(1).take(10_000_000);
    expect(byteLength).toBeGreaterThanOrEqual(10_000_000);
    expect(byteLength).toBeLessThan(15_000_000);
  });

  it('gives a buffer again, and to one at a time', () => {
    const buffers = new Buffers(2);
    const buffer = buffers.take(1_000);
    buffers.give(buffer);
    expect(buffers.take(900)).toBe(buffer);
    expect(buffers.take(900)).not.toBe(buffer);
  });

  it('gives the smallest that is large enough', () => {
    const buffers = new Buffers(3);
    const [small, large] = [new ArrayBuffer(10), new ArrayBuffer(100)];
    buffers.give(large);
    buffers.give(small);
    expect(buffers.take(11)).toBe(large);
    expect(buffers.take(5)).toBe(small);
  });

  it('keeps the largest ones, and no more than it may', () => {
    const buffers = new Buffers(1);
    buffers.give(new ArrayBuffer(10));
    buffers.give(new ArrayBuffer(100));
    expect(buffers.take(1).byteLength).toBe(100);
    expect(buffers.take(1).byteLength).toBeGreaterThan(100);
  });
});
