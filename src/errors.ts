import { masked } from './text/secrets.ts';

/** What a person does about an error: re-run once its cause is gone, change what was given, or report a bug. */
export type ErrorKind = 'failed' | 'usage' | 'bug';

/** Every error a person can meet, by what it is about. A code never changes: it is the anchor of its entry in docs/troubleshooting.md. */
export const errorKinds = {
  'input-invalid': 'usage',
  'source-unreachable': 'failed',
  'source-unavailable': 'failed',
  'source-unauthorized': 'usage',
  'source-refused': 'failed',
  'source-response-invalid': 'failed',
  'source-limit': 'failed',
  'source-unproven': 'failed',
  'source-total-wrong': 'failed',
  'source-paging-ignored': 'failed',
  'source-range-ignored': 'failed',
  'source-index-invalid': 'usage',
  'source-lacking': 'failed',
  'proxy-refused': 'failed',
  'tls-invalid': 'failed',
  'slot-shrunk': 'failed',
  'slot-contended': 'failed',
  'object-missing': 'failed',
  'object-damaged': 'failed',
  'object-too-large': 'failed',
  'object-unpublished': 'failed',
  'archive-not-found': 'usage',
  'archive-settings-differ': 'usage',
  'archive-invalid': 'failed',
  'archive-unavailable': 'failed',
  'archive-unconditional': 'failed',
  'archive-incomplete': 'failed',
  'archive-differs': 'failed',
  'staging-invalid': 'usage',
  'staging-unavailable': 'failed',
  'aws-credentials': 'failed',
  'aws-permission': 'failed',
  'github-unavailable': 'failed',
  'manifest-invalid': 'usage',
  'manifest-unknown-ids': 'failed',
  'plan-invalid': 'usage',
  'plan-failed': 'failed',
  'slots-failed': 'failed',
  'file-unwritable': 'failed',
  'disk-full': 'failed',
  interrupted: 'failed',
  'internal-error': 'bug',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/**
 * A failure that a person can act on: its message is one sentence that says what happened, to what, and what to do.
 * It is shown without a stack trace. Anything else that is thrown is a bug, and is shown with its trace.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string);
  constructor(message: string);
  constructor(first: string, message?: string) {
    super(message ?? first);
    this.code = message === undefined ? 'internal-error' : (first as ErrorCode);
  }
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

/** The code of anything thrown: of a {@link UserError} its own, else `disk-full` or `internal-error`. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof UserError) return error.code;
  const isDiskFull = error instanceof Error && noRoom.has((error as NodeJS.ErrnoException).code);
  return isDiskFull ? 'disk-full' : 'internal-error';
}
