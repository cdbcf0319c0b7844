import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

/** A new file of mode 0600 that is written front to back and hashed on the way. Synchronous: for worker threads. */
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

  /** Base64; ends the hash. */
  sha256(): string {
    return this.#hash.digest('base64');
  }
}
