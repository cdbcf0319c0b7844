import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OptionError } from './options.ts';

/** Location of one email. */
interface Place {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

const CHUNK_BYTES = 1024 * 1024;
const OVERLAP_BYTES = 16;
const MAIL_BYTES_MAX = 64 * 1024 * 1024;
const SEPARATOR = Buffer.from('\nFrom ');
const LF = 10;
const CR = 13;

/**
 * The emails of a folder (every regular file below it whose name does not end in `.json`, by path) or of an mbox file
 * (RFC 4155: an email begins after a line that starts with `From ` and is the first one or follows an empty one). Only
 * their locations are kept in memory.
 */
export class Mailbox {
  readonly #places: readonly Place[];
  #open: { file: string; handle: number } | undefined;

  private constructor(places: readonly Place[]) {
    this.#places = places;
  }

  /** @throws OptionError if the path contains no emails, or one that is too large */
  static open(path: string): Mailbox {
    const places = placesOf(path);
    if (places.length === 0) throw new OptionError(`The option --mail is ${path}, which contains no emails.`);
    const large = places.find(({ bytes }) => bytes > MAIL_BYTES_MAX);
    if (large) {
      throw new OptionError(
        `The option --mail contains an email of more than ${MAIL_BYTES_MAX} bytes, in ${large.file}. Remove it.`,
      );
    }
    return new Mailbox(places);
  }

  get count(): number {
    return this.#places.length;
  }

  /** Returns the raw bytes of an email. */
  read(index: number): Buffer {
    const { file, offset, bytes } = this.#places[index] as Place;
    if (this.#open?.file !== file) {
      this.close();
      this.#open = { file, handle: openSync(file, 'r') };
    }
    const buffer = Buffer.allocUnsafe(bytes);
    return buffer.subarray(0, readFully(this.#open.handle, buffer, offset));
  }

  close(): void {
    if (this.#open) closeSync(this.#open.handle);
    this.#open = undefined;
  }
}

function placesOf(path: string): Place[] {
  try {
    if (statSync(path).isDirectory()) return folderPlaces(path);
    return mboxPlaces(path);
  } catch (error) {
    if (error instanceof OptionError || !(error instanceof Error && 'code' in error)) throw error;
    throw new OptionError(
      `The option --mail is ${path}, which cannot be read (${error.code}). Use a folder of emails or an mbox file.`,
    );
  }
}

function folderPlaces(folder: string): Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ file, offset: 0, bytes: statSync(file).size }));
}

function mboxPlaces(file: string): Place[] {
  const handle = openSync(file, 'r');
  try {
    const size = statSync(file).size;
    const starts = [...separators(handle)];
    if (starts[0] !== 0) {
      throw new OptionError(
        `The option --mail is ${file}, which is neither a folder nor an mbox file (it does not start with "From ").`,
      );
    }
    return starts.map((start, place) => mailBetween(handle, file, start, starts[place + 1], size));
  } finally {
    closeSync(handle);
  }
}

/** Yields the offsets of the separator lines, in order. */
function* separators(handle: number): Generator<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let next = 0;
  for (let base = 0; ; base += CHUNK_BYTES - OVERLAP_BYTES) {
    const length = readFully(handle, chunk, base);
    const text = chunk.subarray(0, length);
    if (base === 0 && text.indexOf(SEPARATOR.subarray(1)) === 0) {
      yield 0;
      next = 1;
    }
    for (let at = text.indexOf(SEPARATOR); at >= 0; at = text.indexOf(SEPARATOR, at + 1)) {
      if (base + at + 1 < next || !endsEmptyLine(text, at)) continue;
      yield base + at + 1;
      next = base + at + 2;
    }
    if (length < CHUNK_BYTES) return;
  }
}

/** True if the line feed at `at` ends an empty line; the start of the text counts as the end of a line. */
function endsEmptyLine(text: Buffer, at: number): boolean {
  const before = text[at - 1] === CR ? at - 2 : at - 1;
  return before < 0 || text[before] === LF;
}

/** Returns the location of the email whose separator starts at `start`, without that line and the empty one before the next. */
function mailBetween(handle: number, file: string, start: number, next: number | undefined, size: number): Place {
  const offset = lineEnd(handle, start, next ?? size);
  const tail = Buffer.alloc(2);
  readFully(handle, tail, (next ?? size) - tail.length);
  const ending = next === undefined ? 0 : tail[0] === CR ? 2 : 1;
  return { file, offset, bytes: Math.max(0, (next ?? size) - ending - offset) };
}

function lineEnd(handle: number, start: number, end: number): number {
  const chunk = Buffer.alloc(1024);
  for (let offset = start; offset < end; offset += chunk.length) {
    const found = chunk.subarray(0, readFully(handle, chunk, offset)).indexOf(LF);
    if (found >= 0) return Math.min(end, offset + found + 1);
  }
  return end;
}

/** Fills a buffer from a file's offset and returns the number of bytes read. */
function readFully(handle: number, buffer: Buffer, offset: number): number {
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(handle, buffer, length, buffer.length - length, offset + length);
    if (read === 0) break;
    length += read;
  }
  return length;
}
