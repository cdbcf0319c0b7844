import { messageOf, UserError } from '../../src/errors.ts';

/**
 * All results, once every work has ended, so that one look at the failures shows all.
 * @throws UserError with every sentence of those that failed
 */
export async function all<T extends readonly unknown[]>(works: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const outcomes = await Promise.allSettled(works);
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const defect = failures.find((failure) => !(failure instanceof UserError));
  if (defect !== undefined) throw defect;
  if (failures.length > 0) throw new UserError(failures.map(messageOf).join('\n'));
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
