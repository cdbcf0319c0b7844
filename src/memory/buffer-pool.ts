/** What a buffer is larger than it must be, so that it serves for the next page too. */
const headroom = 1.25;
const grainBytes = 1024 * 1024;

/**
 * Shared memory for page after page, and for payloads that wait in it until their slot is written: a page that was scanned
 * by another thread need not come back, and what is kept of it need not be copied. Memory that was touched before is many
 * times faster to fill than memory that is new, and leaves the garbage collector out.
 */
export class BufferPool {
  readonly #free: SharedArrayBuffer[] = [];
  readonly #kept = new Set<SharedArrayBuffer>();
  readonly #bytesMax: number;
  #freeBytes = 0;
  #keptBytes = 0;

  /** @param bytesMax how much may be kept at a time, and how much may wait for its next use */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A buffer of at least so many bytes; what it holds is left over from its last use. */
  take(bytesMin: number): SharedArrayBuffer {
    const fit = this.#free.findIndex(({ byteLength }) => byteLength >= bytesMin);
    if (fit < 0) return new SharedArrayBuffer(sizeFor(bytesMin));
    const [buffer] = this.#free.splice(fit, 1);
    this.#freeBytes -= buffer!.byteLength;
    return buffer!;
  }

  /** Gives a buffer back for its next use; one that is kept stays as it is. Of too many the largest wait. */
  give(buffer: SharedArrayBuffer): void {
    if (this.#kept.has(buffer)) return;
    this.#free.push(buffer);
    this.#free.sort((a, b) => a.byteLength - b.byteLength);
    this.#freeBytes += buffer.byteLength;
    while (this.#freeBytes > this.#bytesMax) this.#freeBytes -= this.#free.shift()!.byteLength;
  }

  /** Keeps a buffer until {@link release}; false where there is no room for it. */
  keep(buffer: SharedArrayBuffer): boolean {
    if (this.#keptBytes + buffer.byteLength > this.#bytesMax) return false;
    this.#kept.add(buffer);
    this.#keptBytes += buffer.byteLength;
    return true;
  }

  /** A buffer of at least so many bytes that is kept; undefined, and none made, where there is no room for it. */
  takeToKeep(bytesMin: number): SharedArrayBuffer | undefined {
    if (this.#keptBytes + sizeFor(bytesMin) > this.#bytesMax) return undefined;
    const buffer = this.take(bytesMin);
    if (this.keep(buffer)) return buffer;
    this.give(buffer);
    return undefined;
  }

  /** Gives buffers back that were kept. */
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
