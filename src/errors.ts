import { masked } from './text/secrets.ts';

/**
 * A failure that a person can act on: its message is one sentence that says what is wrong, where, and what to do.
 * It is shown without a stack trace. Anything else that is thrown is a defect, and is shown with its trace.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}

const noRoom: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * What people are told of anything thrown, secrets masked: a {@link UserError} as it stands, a full disk as one, a defect with
 * its trace.
 */
export function toldOf(error: unknown): string {
  return masked(sentenceOf(error));
}

function sentenceOf(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (error instanceof Error && noRoom.has((error as NodeJS.ErrnoException).code))
    return `The disk of this machine has no room left (${error.message}): use one on which the messages of a slot and its object fit.`;
  return `A defect of Message Archive, please report it: ${error instanceof Error ? error.stack : String(error)}`;
}

/** The text of anything thrown, secrets masked: a {@link UserError} and what the system says as they stand, a defect with its kind. */
export function messageOf(error: unknown): string {
  if (error instanceof UserError || isOfSystem(error)) return masked(error.message);
  return masked(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

/**
 * What the system has against writing, as a {@link UserError}; whatever else was thrown, as it is.
 * @param what as it begins a sentence: `The file /tmp/a`
 */
export function writeFailure(what: string, error: unknown): unknown {
  if (!isOfSystem(error)) return error;
  return new UserError(
    `${what} cannot be written (${error.message}): see that it may be, and that its disk has room, then run again.`,
  );
}

/** Whether the system refused something, or SQLite. */
function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && ('syscall' in error || 'errcode' in error);
}
