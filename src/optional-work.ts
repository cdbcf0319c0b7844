import { UserError } from './errors.ts';

/**
 * Runs work whose failure must not fail the main work.
 * @returns the error that ended it, or undefined
 * @throws anything that is not a UserError: a bug
 */
export async function failureOf(work: () => Promise<void>): Promise<UserError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}
