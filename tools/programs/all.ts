import { isExpected, ToolError } from './errors.ts';

/**
 * Waits until all promises are settled, so that all failures are reported at once.
 * @throws ToolError with the messages of all failures
 */
export async function all<T extends readonly unknown[]>(works: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const outcomes = await Promise.allSettled(works);
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const bug = failures.find((failure) => !isExpected(failure));
  if (bug !== undefined) throw bug;
  if (failures.length > 0) throw new ToolError(failures.map(({ message }) => message).join('\n'));
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
