import type { LimitFunction } from 'p-limit';

/**
 * Processes all items concurrently within the limit, and returns the results in order. After a failure no further item is
 * started, and running ones are awaited: the caller may close what they use.
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
