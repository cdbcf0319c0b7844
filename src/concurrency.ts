import type { LimitFunction } from 'p-limit';

/**
 * Works on all, so many at a time as the limit allows. After a failure nothing more is begun, and what is under way is
 * waited for: it would else go on with parts that are closed.
 * @throws the first failure
 */
export async function eachWithin<Item, Result>(
  limit: LimitFunction,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let failed: { readonly error: unknown } | undefined;
  await limit.map(items, async (item, n) => {
    if (failed !== undefined) return;
    try {
      results[n] = await work(item);
    } catch (error) {
      failed ??= { error };
    }
  });
  if (failed !== undefined) throw failed.error;
  return results;
}
