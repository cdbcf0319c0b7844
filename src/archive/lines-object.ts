import { createHash } from 'node:crypto';
import { FileSink } from './file-sink.ts';
import type { ByteRanges } from './object.ts';

// Objects of JSON lines that are named after their own bytes: `<folder>/<sha256>.jsonl`.

/** Text that is written at once. */
const pieceChars = 1024 * 1024;
const rangeBytes = 1024 * 1024;

type Opened = ByteRanges & { close(): Promise<void> };
type Store = { open(path: string): Promise<Opened | undefined> };

/** Why the bytes of such an object cannot be used. */
export type LinesFault = 'absent' | 'changed';

/** @param sha256 in hex, of the object's bytes */
export function linesPath(folder: string, sha256: string): string {
  return `${folder}/${sha256}.jsonl`;
}

/**
 * Writes lines to a file.
 * @param lines each with its line feed
 * @returns the number of bytes and their SHA-256, in base64
 */
export async function writeLines(file: string, lines: Iterable<string> | AsyncIterable<string>) {
  const sink = new FileSink(file);
  try {
    let piece: string[] = [];
    let chars = 0;
    for await (const line of lines) {
      piece.push(line);
      chars += line.length;
      if (chars < pieceChars) continue;
      sink.write(Buffer.from(piece.join('')));
      piece = [];
      chars = 0;
    }
    sink.write(Buffer.from(piece.join('')));
  } finally {
    sink.close();
  }
  return { bytes: sink.bytes, sha256: sink.sha256() };
}

/** The bytes of such an object, checked against its name. */
export async function readLines(store: Store, path: string): Promise<{ bytes: Buffer } | { fault: LinesFault }> {
  const pieces: Uint8Array[] = [];
  const fault = await checkLines(store, path, (piece) => pieces.push(piece));
  return fault === undefined ? { bytes: Buffer.concat(pieces) } : { fault };
}

/**
 * Reads such an object and checks its bytes against its name.
 * @param take called with each piece, before the whole is checked
 */
export async function checkLines(
  store: Store,
  path: string,
  take: (piece: Uint8Array) => void = () => undefined,
): Promise<LinesFault | undefined> {
  const object = await store.open(path);
  if (object === undefined) return 'absent';
  try {
    return path.endsWith(`/${await hashOf(object, take)}.jsonl`) ? undefined : 'changed';
  } finally {
    await object.close();
  }
}

async function hashOf(object: ByteRanges, take: (piece: Uint8Array) => void): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < object.size; at += rangeBytes) {
    const piece = await object.read(at, Math.min(object.size, at + rangeBytes));
    hash.update(piece);
    take(piece);
  }
  return hash.digest('hex');
}
