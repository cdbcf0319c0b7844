import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSink } from '../archive/file-sink.ts';
import { objectBytesMax } from '../archive/object.ts';
import type { Context } from '../context.ts';
import { UserError, writeFailure } from '../errors.ts';
import { bytes } from '../format.ts';
import type { OpenObject } from '../io/ports.ts';

/** Text that is written at once. */
const pieceChars = 1024 * 1024;
const rangeBytes = 1024 * 1024;

/**
 * Keeps lines as one object that is named after its own bytes, `<folder>/<sha256>.jsonl`: what is there already is the same,
 * and stays. The lines are made one by one and go through a file, so that memory holds few of them.
 * @param lines each with its line feed, in an order that depends on what they say alone
 * @returns hex SHA-256; undefined, and nothing is written, where there is no line
 * @throws UserError when it cannot be written, or that cannot be told
 */
export async function publishLines(
  context: Context,
  folder: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<string | undefined> {
  const file = join(context.archive.scratch, `${context.newId()}.tmp`);
  try {
    const written = await writeLines(file, lines).catch((error: unknown) => {
      throw writeFailure(`The file ${file}`, error);
    });
    if (written.bytes === 0) return undefined;
    const path = linesPath(folder, hexOf(written.sha256));
    if (written.bytes > objectBytesMax.jsonl)
      throw new UserError(
        `The object ${path} would be larger than ${bytes(objectBytesMax.jsonl)}: make a new archive with partition-by: day.`,
      );
    if (!(await isThere(context, path))) await publish(context, path, { path: file, ...written, metadata: [] });
    return hexOf(written.sha256);
  } finally {
    await rm(file, { force: true });
  }
}

export function linesPath(folder: string, sha256: string): string {
  return `${folder}/${sha256}.jsonl`;
}

/**
 * The bytes of an object that {@link publishLines} has kept, or why they are not: there is no such object, or it holds
 * other bytes than its name says.
 */
export async function readLines(
  context: Context,
  path: string,
): Promise<{ readonly bytes: Buffer } | { readonly fault: 'absent' | 'changed' }> {
  const pieces: Uint8Array[] = [];
  const fault = await checkLines(context, path, (piece) => pieces.push(piece));
  return fault === undefined ? { bytes: Buffer.concat(pieces) } : { fault };
}

/** Whether an object that {@link publishLines} has kept is there, with the bytes that its name says. */
export async function checkLines(
  context: Context,
  path: string,
  take: (piece: Uint8Array) => void = () => undefined,
): Promise<'absent' | 'changed' | undefined> {
  const object = await context.archive.open(path);
  if (object === undefined) return 'absent';
  try {
    return path.endsWith(`/${await hashOf(object, take)}.jsonl`) ? undefined : 'changed';
  } finally {
    await object.close();
  }
}

async function hashOf(object: OpenObject, take: (piece: Uint8Array) => void): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < object.size; at += rangeBytes) {
    const piece = await object.read(at, Math.min(object.size, at + rangeBytes));
    hash.update(piece);
    take(piece);
  }
  return hash.digest('hex');
}

async function writeLines(file: string, lines: Iterable<string> | AsyncIterable<string>) {
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

function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

async function isThere(context: Context, path: string): Promise<boolean> {
  const object = await context.archive.open(path);
  await object?.close();
  return object !== undefined;
}

async function publish(
  context: Context,
  path: string,
  body: Parameters<Context['archive']['publish']>[1],
): Promise<void> {
  const { outcome } = await context.archive.publish(path, body, undefined);
  if (outcome === 'committed' || outcome === 'conflict') return;
  throw new UserError(
    `It cannot be told whether ${path} was written to ${context.archive.url}: run again, which finds out and loses nothing.`,
  );
}
