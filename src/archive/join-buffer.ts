/** Concatenates pieces in memory that is reused. */
export class JoinBuffer {
  #bytes = new Uint8Array(0);

  /** The result is valid until the next call. */
  async join(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    let length = 0;
    for await (const piece of pieces) {
      this.#reserve(length, length + piece.length);
      this.#bytes.set(piece, length);
      length += piece.length;
    }
    return this.#bytes.subarray(0, length);
  }

  /** Grows the buffer to `length` bytes, keeping the first `used`. */
  #reserve(used: number, length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, used));
    this.#bytes = larger;
  }
}
