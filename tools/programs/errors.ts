import { UserError } from '../../src/errors.ts';

/** A failure of a development tool that a person can fix: its message says what happened and what to do. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** True if an error is printed without a stack trace: all others are bugs. */
export function isExpected(error: unknown): error is Error {
  return error instanceof ToolError || error instanceof UserError;
}
