/** Factor by which buffers are larger than requested, so that they fit the next page too. */
const headroom = 1.25;
const grainBytes = 1024 * 1024;

/**
 * A pool of shared memory for pages, and for payloads until their slot is written. Since it is shared, worker threads scan
 * pages in place, and payloads are kept without a copy. Reused memory is many times faster to fill than new memory, and
 * causes no garbage collection.
 */
export class BufferPool {
  readonly #free: SharedArrayBuffer[] = [];
  readonly #kept = new Set<SharedArrayBuffer>();
  readonly #bytesMax: number;
  #freeBytes = 0;
  #keptBytes = 0;

  /** @param bytesMax limit for kept buffers, and separately for free ones */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A buffer of at least `bytesMin` bytes, with arbitrary content. */
  take(bytesMin: number): SharedArrayBuffer {
    const fit = this.#free.findIndex(({ byteLength }) => byteLength >= bytesMin);
    if (fit < 0) return new SharedArrayBuffer(sizeFor(bytesMin));
    const [buffer] = this.#free.splice(fit, 1);
    this.#freeBytes -= buffer!.byteLength;
    return buffer!;
  }

  /** Returns a buffer to the pool, unless it is kept. Above the limit, the smallest buffers are dropped. */
  give(buffer: SharedArrayBuffer): void {
    if (this.#kept.has(buffer)) return;
    this.#free.push(buffer);
    this.#free.sort((a, b) => a.byteLength - b.byteLength);
    this.#freeBytes += buffer.byteLength;
    while (this.#freeBytes > this.#bytesMax) this.#freeBytes -= this.#free.shift()!.byteLength;
  }

  /** Keeps a buffer until {@link release}; false if that would exceed the limit. */
  keep(buffer: SharedArrayBuffer): boolean {
    if (this.#keptBytes + buffer.byteLength > this.#bytesMax) return false;
    this.#kept.add(buffer);
    this.#keptBytes += buffer.byteLength;
    return true;
  }

  /** Takes and keeps a buffer of at least `bytesMin` bytes; undefined, without allocating, if that would exceed the limit. */
  takeToKeep(bytesMin: number): SharedArrayBuffer | undefined {
    if (this.#keptBytes + sizeFor(bytesMin) > this.#bytesMax) return undefined;
    const buffer = this.take(bytesMin);
    if (this.keep(buffer)) return buffer;
    this.give(buffer);
    return undefined;
  }

  /** Returns kept buffers to the pool. */
  release(buffers: readonly SharedArrayBuffer[]): void {
    for (const buffer of buffers) {
      if (this.#kept.delete(buffer)) this.#keptBytes -= buffer.byteLength;
      this.give(buffer);
    }
  }
}

function sizeFor(bytes: number): number {
  return Math.ceil((bytes * headroom) / grainBytes) * grainBytes;
}
