import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { writeFailure } from '../errors.ts';
import type { BufferPool } from './buffer-pool.ts';

/** Minimum size of a segment for appended payloads. */
export const segmentBytes = 8 * 1024 * 1024;
/** A position is segment number × span + offset. */
const segmentSpan = 2 ** 32;
/** Positions from here on are in the file. */
const fileStart = 2 ** 52;

/** A readable view of a spool, which can be posted to another thread. */
export interface SpoolView {
  readonly segments: readonly SharedArrayBuffer[];
  /** The file with the data that did not fit in memory; undefined if there is none. */
  readonly path: string | undefined;
}

/**
 * Holds the payloads of a slot: in memory, within a budget that all slots share, then in a file. Written by one thread;
 * readable by all threads after a flush.
 */
export class Spool {
  readonly #memory: BufferPool;
  readonly #path: string;
  readonly #segments: SharedArrayBuffer[] = [];
  /** The segment for appended payloads. */
  #open: { readonly number: number; used: number } | undefined;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #pending: Uint8Array[] = [];

  /** @param path a file that is created only if memory does not suffice, and removed by {@link close} */
  constructor(memory: BufferPool, path: string) {
    this.#memory = memory;
    this.#path = path;
  }

  /**
   * Keeps a whole page without copying it.
   * @returns the position of its first byte; undefined if it does not fit in memory
   */
  adopt(page: Uint8Array<SharedArrayBuffer>): number | undefined {
    if (!this.#memory.keep(page.buffer)) return undefined;
    return (this.#segments.push(page.buffer) - 1) * segmentSpan + page.byteOffset;
  }

  /** Adds a payload and returns the position of its first byte. The bytes must not change until the next {@link flush}. */
  append(bytes: Uint8Array): number {
    const open = this.#openSegment(bytes.length);
    if (open === undefined) {
      this.#pending.push(bytes);
      this.#fileBytes += bytes.length;
      return fileStart + this.#fileBytes - bytes.length;
    }
    const offset = open.used;
    new Uint8Array(this.#segments[open.number]!).set(bytes, offset);
    open.used += bytes.length;
    return open.number * segmentSpan + offset;
  }

  /** Makes everything appended so far readable by other threads. */
  async flush(): Promise<SpoolView> {
    const pending = this.#pending;
    this.#pending = [];
    if (pending.length > 0) await this.#write(pending);
    return { segments: [...this.#segments], path: this.#file === undefined ? undefined : this.#path };
  }

  /** Returns a copy of appended or adopted bytes. */
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

  /** Releases the memory and removes the file. */
  async close(): Promise<void> {
    this.#memory.release(this.#segments.splice(0));
    if (this.#file === undefined) return;
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    try {
      this.#file ??= await open(this.#path, 'wx', 0o600);
      await writeAll(this.#file, parts);
    } catch (error) {
      throw writeFailure(`The temporary file ${this.#path}`, error);
    }
  }

  /** A segment with room for a payload; undefined if memory is exhausted. */
  #openSegment(bytes: number): { readonly number: number; used: number } | undefined {
    if (this.#open !== undefined && this.#open.used + bytes <= this.#segments[this.#open.number]!.byteLength)
      return this.#open;
    const segment = this.#memory.takeToKeep(Math.max(segmentBytes, bytes));
    if (segment === undefined) return undefined;
    this.#open = { number: this.#segments.push(segment) - 1, used: 0 };
    return this.#open;
  }
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (let rest = parts; rest.length > 0; ) {
    const { bytesWritten } = await file.writev(rest);
    rest = without(bytesWritten, rest);
  }
}

/** The parts without their first `bytes` bytes. */
function without(bytes: number, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  let left = bytes;
  for (const [n, part] of parts.entries()) {
    if (left < part.length) return [part.subarray(left), ...parts.slice(n + 1)];
    left -= part.length;
  }
  return [];
}

/** Reads a flushed spool. Synchronous, for worker threads. */
export class SpoolReader {
  readonly #segments: readonly Uint8Array[];
  readonly #fd: number | undefined;

  constructor(view: SpoolView) {
    this.#segments = view.segments.map((segment) => new Uint8Array(segment));
    this.#fd = view.path === undefined ? undefined : openSync(view.path, 'r');
  }

  /** Copies `length` bytes at `position` to `target` at offset `at`. */
  copy(position: number, length: number, target: Uint8Array, at: number): void {
    if (position >= fileStart) this.#copyFromFile(position - fileStart, length, target, at);
    else target.set(this.#inMemory(position, length), at);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  #inMemory(position: number, length: number): Uint8Array {
    const offset = position % segmentSpan;
    return this.#segments[Math.floor(position / segmentSpan)]!.subarray(offset, offset + length);
  }

  #copyFromFile(start: number, length: number, target: Uint8Array, at: number): void {
    for (let done = 0; done < length; ) {
      const read = this.#fd === undefined ? 0 : readSync(this.#fd, target, at + done, length - done, start + done);
      if (read === 0) throw new Error(`The spool file ends before byte ${start + length}.`);
      done += read;
    }
  }
}
