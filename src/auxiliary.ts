import { UserError } from './errors.ts';

/**
 * Does work that the main work can do without.
 * @returns why it failed, or undefined
 * @throws what is a bug rather than a failure
 */
export async function asideFrom(work: () => Promise<void>): Promise<UserError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}
