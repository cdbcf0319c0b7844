const STEP_BYTES = 4 * 1024 * 1024;
const SPARE_BYTES_MAX = 96 * 1024 * 1024;

/** A pool of large buffers: a new buffer for each page would have to be zeroed and garbage-collected. */
export class Buffers {
  #spare: Buffer[] = [];
  #spareBytes = 0;

  /** Returns a buffer of at least `bytes` bytes with arbitrary content. */
  take(bytes: number): Buffer {
    const place = this.#spare.findIndex((buffer) => buffer.length >= bytes);
    if (place < 0) return Buffer.allocUnsafeSlow(Math.max(1, Math.ceil(bytes / STEP_BYTES)) * STEP_BYTES);
    const [buffer] = this.#spare.splice(place, 1) as [Buffer];
    this.#spareBytes -= buffer.length;
    return buffer;
  }

  /** Returns a buffer to the pool. Call once, when nothing reads it anymore. */
  give(buffer: Buffer): void {
    if (this.#spareBytes + buffer.length > SPARE_BYTES_MAX) return;
    this.#spare.push(buffer);
    this.#spareBytes += buffer.length;
  }
}
