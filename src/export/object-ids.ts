import { DamagedError } from '../archive/object.ts';
import type { Context } from '../context.ts';
import { readObject } from '../worker/objects.ts';
import { damagedObject } from './archived.ts';

/**
 * Reads the ids of an object, in chunks; none if the object does not exist.
 * @throws UserError naming the object if it is damaged
 */
export async function readIds(context: Context, path: string, take: (ids: readonly string[]) => void): Promise<void> {
  const object = await context.archive.open(path);
  if (object === undefined) return;
  try {
    const request = { format: context.settings.format, payloads: false };
    await readObject(context.threads, object, request, async ({ ids }) => take(ids));
  } catch (error) {
    throw error instanceof DamagedError ? damagedObject(context, path, error) : error;
  } finally {
    await object.close();
  }
}
