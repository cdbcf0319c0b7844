import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { linesPath, writeLines } from '../archive/lines-object.ts';
import { objectBytesMax } from '../archive/object.ts';
import type { Context } from '../context.ts';
import { UserError, writeFailure } from '../errors.ts';
import { bytes } from '../format.ts';

/**
 * Publishes lines as one object named after its own bytes, `<folder>/<sha256>.jsonl`. An existing object of that name is the
 * same and stays. The lines go through a file, so that few are in memory.
 * @param lines each with its line feed, in an order that depends on their content alone
 * @returns the SHA-256 in hex; undefined, with nothing written, if there are no lines
 * @throws UserError if the object cannot be written, or the outcome is unknown
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
    const sha256 = Buffer.from(written.sha256, 'base64').toString('hex');
    const path = linesPath(folder, sha256);
    if (written.bytes > objectBytesMax.jsonl)
      throw new UserError(
        'object-too-large',
        `The object ${path} would exceed ${bytes(objectBytesMax.jsonl)}. Create a new archive with partition-by: day.`,
      );
    if (!(await exists(context, path))) await publish(context, path, { path: file, ...written, metadata: [] });
    return sha256;
  } finally {
    await rm(file, { force: true });
  }
}

async function exists(context: Context, path: string): Promise<boolean> {
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
  if (outcome !== 'committed' && outcome !== 'conflict') throw unknownOutcome(context, path);
}

/** A write to the archive whose outcome is unknown. Re-running is safe: nothing was deleted. */
export function unknownOutcome({ archive }: Context, path: string, reason?: string): UserError {
  return new UserError(
    'object-unpublished',
    `It is unknown whether ${path} was written to ${archive.url}${reason === undefined ? '' : ` (${reason})`}. Re-run, which finds out; nothing is lost.`,
  );
}
