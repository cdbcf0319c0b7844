const STEP_BYTES = 4 * 1024 * 1024;
const SPARE_BYTES_MAX = 96 * 1024 * 1024;

/** Large buffers, used again: a new one would have to be cleared, and collected, for each page. */
export class Buffers {
  #spare: Buffer[] = [];
  #spareBytes = 0;

  /** A buffer of at least `bytes` bytes with anything in it. */
  take(bytes: number): Buffer {
    const place = this.#spare.findIndex((buffer) => buffer.length >= bytes);
    if (place < 0) return Buffer.allocUnsafeSlow(Math.max(1, Math.ceil(bytes / STEP_BYTES)) * STEP_BYTES);
    const [buffer] = this.#spare.splice(place, 1) as [Buffer];
    this.#spareBytes -= buffer.length;
    return buffer;
  }

  /** Gives a taken buffer back, once, when nothing reads it any more. */
  give(buffer: Buffer): void {
    if (this.#spareBytes + buffer.length > SPARE_BYTES_MAX) return;
    this.#spare.push(buffer);
    this.#spareBytes += buffer.length;
  }
}
