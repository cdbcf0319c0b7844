import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

/** Writes a new file (mode 0600) sequentially and hashes it. Synchronous, for worker threads. */
export class FileSink {
  readonly #fd: number;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  get bytes(): number {
    return this.#bytes;
  }

  write(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length; ) done += writeSync(this.#fd, chunk, done);
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The hash in Base64. Call once, after the last write. */
  sha256(): string {
    return this.#hash.digest('base64');
  }
}
