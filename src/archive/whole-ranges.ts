import { createHash } from 'node:crypto';
import type { ByteRanges } from './object.ts';

const pieceBytes = 8 * 1024 * 1024;

/**
 * Fetches every byte of an object once, front to back, and hashes it. The last loaded span is read from memory; reads
 * elsewhere are fetched on demand.
 */
export class WholeRanges implements ByteRanges {
  readonly size: number;
  readonly #ranges: ByteRanges;
  readonly #hash = createHash('sha256');
  #hashed = 0;
  #span: { readonly start: number; readonly bytes: Uint8Array } = { start: 0, bytes: new Uint8Array(0) };

  constructor(ranges: ByteRanges) {
    this.#ranges = ranges;
    this.size = ranges.size;
  }

  /** Loads the bytes from the end of the last span up to `end`, replacing that span. */
  async load(end: number): Promise<Uint8Array> {
    const start = this.#hashed;
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; at += pieceBytes) {
      bytes.set(await this.#ranges.read(at, Math.min(end, at + pieceBytes)), at - start);
    }
    this.#hash.update(bytes);
    this.#hashed = end;
    this.#span = { start, bytes };
    return bytes;
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const from = start - this.#span.start;
    if (from < 0 || from + end - start > this.#span.bytes.length) return this.#ranges.read(start, end);
    return new Uint8Array(this.#span.bytes.subarray(from, from + end - start));
  }

  /** Hex SHA-256 of all bytes; fetches those not loaded yet. Call once. */
  async sha256(): Promise<string> {
    while (this.#hashed < this.size) await this.load(Math.min(this.size, this.#hashed + pieceBytes));
    return this.#hash.digest('hex');
  }
}
