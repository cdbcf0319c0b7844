import { expect } from 'vitest';
import { UserError } from '../../src/errors.ts';

/** Returns the UserError a promise is rejected with. Its message must be one line and end like a sentence. */
export async function errorOf(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => expect.fail('It should have failed.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toMatch(/^[A-Z].*[^.]\.$/);
  expect(message).not.toContain('\n');
  return error as UserError;
}

/** The message of {@link errorOf}. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  return (await errorOf(promise)).message;
}
