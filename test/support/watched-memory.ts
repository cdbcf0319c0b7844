import { BufferPool } from '../../src/memory/buffer-pool.ts';

/** A buffer pool that tracks its buffers and accepts each back once. */
export class WatchedMemory extends BufferPool {
  readonly #out = new Set<SharedArrayBuffer>();
  taken = 0;

  constructor() {
    super(2 ** 26);
  }

  get out(): number {
    return this.#out.size;
  }

  override take(bytesMin: number): SharedArrayBuffer {
    const buffer = super.take(bytesMin);
    this.taken += 1;
    this.#out.add(buffer);
    return buffer;
  }

  override give(buffer: SharedArrayBuffer): void {
    if (!this.#out.delete(buffer)) throw new Error('A buffer was returned that was not taken, or was returned before.');
    super.give(buffer);
  }
}
