import { masked } from './text/secrets.ts';

/** The exit code of each kind of error: re-run once its cause is fixed, correct an input or a setting, or report a bug. */
const exitCodes = { failed: 1, usage: 2, bug: 3 } as const;

export type ErrorKind = keyof typeof exitCodes;

/** The kind of every error, by its code. A code never changes: it is the heading of its entry in docs/troubleshooting.md. */
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
 * A failure that a person can act on. Its message says what happened, to what, and what to do. It is printed with its code and
 * without a stack trace; anything else that is thrown is a bug, and is printed with its trace.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** System error codes of a full disk or an exhausted quota. */
const diskFull: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** SQLite's primary result code of a full disk: https://www.sqlite.org/rescode.html */
const sqliteFull = 13;

/** The code of anything thrown: `internal-error` unless it is a {@link UserError} or a full disk. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof UserError) return error.code;
  return isDiskFull(error) ? 'disk-full' : 'internal-error';
}

/** The exit code of a process that ends with this error: 1 failed, 2 wrong input or configuration, 3 internal error. */
export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  // The ledger may hold the code of a newer version.
  const kind: ErrorKind | undefined = errorKinds[codeOf(error)];
  return exitCodes[kind ?? 'failed'];
}

/** The sentence for people about anything thrown, secrets masked; for a bug, with its stack trace. */
export function sentenceOf(error: unknown): string {
  return masked(unmaskedSentence(error));
}

function unmaskedSentence(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (isDiskFull(error))
    return `The disk is full (${(error as Error).message}). Free space, or use a machine whose disk holds the messages of a slot and its object.`;
  return `Internal error (a bug: please report it): ${error instanceof Error ? error.stack : String(error)}`;
}

/** {@link sentenceOf}, followed by the error's code in brackets: what the log and an annotation show. */
export function describeError(error: unknown): string {
  return `${sentenceOf(error)} [${codeOf(error)}]`;
}

/** The error's message, secrets masked; an unexpected error's with its class: `TypeError: …`. */
export function messageOf(error: unknown): string {
  if (error instanceof UserError || isSystemError(error)) return masked(error.message);
  return masked(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

/** `What happened. What to do.`, from a sentence without its period and a remedy such as `check that it is up`. */
export function withRemedy(problem: string, remedy: string): string {
  return `${problem}. ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`;
}

/**
 * Returns the UserError for a failed write, of the code `file-unwritable` or `disk-full`. An error that neither the system
 * nor SQLite reported is a bug, and is returned unchanged.
 * @param file as the sentence's subject: `The file /tmp/a`
 */
export function writeFailure(file: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return isDiskFull(error)
    ? new UserError('disk-full', `${file} could not be written (${error.message}). Free disk space, then re-run.`)
    : new UserError(
        'file-unwritable',
        `${file} could not be written (${error.message}). Check its permissions, then re-run.`,
      );
}

function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: number };
  return diskFull.has(code) || errcode === sqliteFull;
}

/** True if the operating system or SQLite reported the error. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && ('syscall' in error || 'errcode' in error);
}
