/** What a buffer is larger than it must be, so that it serves for the next page too. */
const headroom = 1.25;
const grainBytes = 1024 * 1024;

/**
 * Buffers for page after page. Memory that was touched before is many times faster to fill than memory that is new, and
 * leaves the garbage collector out.
 */
export class Buffers {
  readonly #free: ArrayBuffer[] = [];
  readonly #keptMax: number;

  /** @param keptMax how many wait for their next use */
  constructor(keptMax: number) {
    this.#keptMax = keptMax;
  }

  /** A buffer of at least so many bytes; what it holds is left over from its last use. */
  take(bytesMin: number): ArrayBuffer {
    const fit = this.#free.findIndex(({ byteLength }) => byteLength >= bytesMin);
    if (fit >= 0) return this.#free.splice(fit, 1)[0]!;
    return new ArrayBuffer(Math.ceil((bytesMin * headroom) / grainBytes) * grainBytes);
  }

  give(buffer: ArrayBuffer): void {
    this.#free.push(buffer);
    this.#free.sort((a, b) => a.byteLength - b.byteLength);
    if (this.#free.length > this.#keptMax) this.#free.shift();
  }
}
