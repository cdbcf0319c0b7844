import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';

/** Bytes of one segment: the unit in which the spool takes memory or goes to disk. */
export const segmentBytes = 8 * 1024 * 1024;

/** The memory that all spools of a process share; what does not fit goes to disk. */
export class SpoolMemory {
  readonly #free: SharedArrayBuffer[] = [];
  #left: number;

  /** @param budgetBytes the most that is ever taken, rounded down to whole segments */
  constructor(budgetBytes: number) {
    this.#left = Math.floor(budgetBytes / segmentBytes);
  }

  take(): SharedArrayBuffer | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#left === 0) return free;
    this.#left -= 1;
    return new SharedArrayBuffer(segmentBytes);
  }

  give(segments: readonly SharedArrayBuffer[]): void {
    this.#free.push(...segments);
  }
}

/** What another thread needs to read a spool: it may be posted to a worker. */
export interface SpoolView {
  readonly memory: readonly SharedArrayBuffer[];
  /** Holds what follows after the memory; absent where nothing does. */
  readonly path: string | undefined;
}

/**
 * The payloads of the slot in hand, one after the other: first in memory, from a budget that all slots share, then in a
 * file. Written by one thread; read by any, once it is flushed.
 */
export class Spool {
  readonly #budget: SpoolMemory;
  readonly #path: string;
  readonly #memory: SharedArrayBuffer[] = [];
  #file: FileHandle | undefined;
  #pending: Uint8Array<ArrayBuffer> | undefined;
  #pendingBytes = 0;
  #bytes = 0;

  /** @param path a file that is made only when the memory does not suffice, and removed by {@link close} */
  constructor(budget: SpoolMemory, path: string) {
    this.#budget = budget;
    this.#path = path;
  }

  /** Bytes appended so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies the bytes to the end, and resolves with the position of the first. Calls must not overlap. */
  async append(bytes: Uint8Array): Promise<number> {
    const position = this.#bytes;
    let done = 0;
    while (done < bytes.length) {
      const room = this.#room() ?? (await this.#flushed());
      const part = bytes.subarray(done, done + room.length);
      room.set(part);
      this.#bytes += part.length;
      if (this.#pending !== undefined) this.#pendingBytes += part.length;
      done += part.length;
    }
    return position;
  }

  /** Makes all that was appended readable for other threads. */
  async flush(): Promise<SpoolView> {
    await this.#write();
    return { memory: [...this.#memory], path: this.#file === undefined ? undefined : this.#path };
  }

  /** Copies bytes that were appended and flushed. */
  async read(position: number, length: number): Promise<Uint8Array> {
    const reader = new SpoolReader(await this.flush());
    try {
      const bytes = new Uint8Array(length);
      reader.copy(position, length, bytes, 0);
      return bytes;
    } finally {
      reader.close();
    }
  }

  /** Gives the memory back and removes the file. */
  async close(): Promise<void> {
    this.#budget.give(this.#memory.splice(0));
    if (this.#file === undefined) return;
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  /** The free end of the segment in hand or of a new one; undefined where the file's buffer is full. */
  #room(): Uint8Array | undefined {
    if (this.#pending === undefined) {
      const used = this.#bytes % segmentBytes;
      if (used > 0) return new Uint8Array(this.#memory.at(-1)!, used);
      const segment = this.#budget.take();
      if (segment !== undefined) {
        this.#memory.push(segment);
        return new Uint8Array(segment);
      }
      this.#pending = new Uint8Array(segmentBytes);
    }
    return this.#pendingBytes === segmentBytes ? undefined : this.#pending.subarray(this.#pendingBytes);
  }

  async #flushed(): Promise<Uint8Array> {
    await this.#write();
    return this.#pending!;
  }

  async #write(): Promise<void> {
    if (this.#pending === undefined || this.#pendingBytes === 0) return;
    this.#file ??= await open(this.#path, 'wx', 0o600);
    for (let done = 0; done < this.#pendingBytes; ) {
      const { bytesWritten } = await this.#file.write(this.#pending, done, this.#pendingBytes - done);
      done += bytesWritten;
    }
    this.#pendingBytes = 0;
  }
}

/** Reads a flushed spool, synchronously: for worker threads. */
export class SpoolReader {
  readonly #memory: Uint8Array[];
  readonly #fd: number | undefined;

  constructor(view: SpoolView) {
    this.#memory = view.memory.map((segment) => new Uint8Array(segment));
    this.#fd = view.path === undefined ? undefined : openSync(view.path, 'r');
  }

  /** Copies `length` bytes from `position` to `target` at `at`. */
  copy(position: number, length: number, target: Uint8Array, at: number): void {
    const end = position + length;
    for (let from = position; from < end; ) {
      const segment = this.#memory[Math.floor(from / segmentBytes)];
      const to = at + (from - position);
      from +=
        segment === undefined
          ? this.#fromFile(from, end - from, target, to)
          : fromMemory(segment, from, end, target, to);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  #fromFile(position: number, length: number, target: Uint8Array, at: number): number {
    const read =
      this.#fd === undefined
        ? 0
        : readSync(this.#fd, target, at, length, position - this.#memory.length * segmentBytes);
    if (read === 0) throw new Error(`The spool ends before byte ${position + length}.`);
    return read;
  }
}

function fromMemory(segment: Uint8Array, from: number, end: number, target: Uint8Array, to: number): number {
  const offset = from % segmentBytes;
  const part = segment.subarray(offset, Math.min(segmentBytes, offset + end - from));
  target.set(part, to);
  return part.length;
}
