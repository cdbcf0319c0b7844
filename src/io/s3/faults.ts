import { messageOf, UserError } from '../../errors.ts';
import { sayable } from '../../text/said.ts';
import { type AwsFailure, type AwsFault, answeredWith, awsFault, connectionFault } from '../aws/client.ts';

/**
 * What a failed request says. `condition`: its condition did not hold, or could not be judged; `absent`: there is no such
 * object; `transient`: the same request may succeed; `refused`: it will not.
 */
export type S3Verdict = 'condition' | 'absent' | 'transient' | 'refused';

/** What was asked of a bucket when it failed. */
export interface S3Request {
  readonly bucket: string;
  /** The action that an IAM policy must allow. */
  readonly action: 's3:GetObject' | 's3:PutObject' | 's3:ListBucket';
  /** The object's key; absent where the bucket itself was asked. */
  readonly key?: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const verdicts: Readonly<Record<string, S3Verdict>> = {
  PreconditionFailed: 'condition',
  ConditionalRequestConflict: 'condition',
  OperationAborted: 'condition',
  NoSuchKey: 'absent',
  NotFound: 'absent',
  BadDigest: 'transient',
  IncompleteBody: 'transient',
  RequestTimeout: 'transient',
  RequestTimeTooSkewed: 'transient',
  SlowDown: 'transient',
  TimeoutError: 'transient',
  NotImplemented: 'refused',
  CredentialsProviderError: 'refused',
};
const denied = new Set(['AccessDenied', 'AllAccessDisabled', 'AccountProblem', 'Forbidden']);
const elsewhere = new Set(['AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'PermanentRedirect']);
const retryAfterMsMax = 60_000;

export function s3Verdict(error: unknown): S3Verdict {
  const { name = '', code, $metadata } = error as AwsFailure;
  const known = verdicts[name];
  if (known !== undefined) return known;
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return code !== undefined && connectionFault(error) === undefined ? 'transient' : 'refused';
  if (status === 412) return 'condition';
  // An answer of success that could not be read was cut.
  return status < 300 || status === 429 || status >= 500 ? 'transient' : 'refused';
}

/** A failure in a few words, to be put in brackets. */
export function s3Reason(error: unknown): string {
  if (error instanceof UserError) return error.message.replace(/\.$/, '');
  const { name, code, message, $metadata } = error as AwsFailure;
  const status = $metadata?.httpStatusCode;
  // An answer without a body has no name.
  if (status !== undefined)
    return name === undefined || /^(\d+|Unknown.*)$/.test(name) ? `it answers ${status}` : sayable(name);
  return code ?? (name === 'TimeoutError' && message ? message : messageOf(error));
}

/** How long a failure asks to wait, in ms. */
export function s3RetryAfterMs(error: unknown): number {
  const seconds = Number((error as AwsFailure).$response?.headers?.['retry-after']);
  return seconds > 0 ? Math.min(seconds * 1000, retryAfterMsMax) : 0;
}

/** The UserError that a failed request ends in; the error itself where it is one already, or a defect. */
export function s3Failure(error: unknown, request: S3Request): unknown {
  if (error instanceof UserError) return error;
  const fault = s3Fault(error as AwsFailure, request) ?? awsFault(error) ?? otherFault(error as AwsFailure);
  if (fault === undefined) return error;
  const what = request.key === undefined ? request.action : `${request.action} of ${request.key}`;
  return new UserError(`The bucket "${request.bucket}" cannot be used for ${what} (${fault.reason}): ${fault.remedy}.`);
}

function s3Fault(error: AwsFailure, request: S3Request): AwsFault | undefined {
  const { name = '', $metadata } = error;
  const status = $metadata?.httpStatusCode;
  if (name === 'NoSuchBucket') {
    return { reason: 'there is no such bucket', remedy: 'create it, or correct the input `archive`' };
  }
  if (name.startsWith('KMS.')) return keyFault(name);
  if (elsewhere.has(name) || status === 301) return regionFault(error);
  if (name === 'InvalidObjectState') {
    return {
      reason: 'it lies in a storage class that is not read at once',
      remedy: 'restore the object, then run again',
    };
  }
  if (denied.has(name) || (status === 403 && awsFault(error) === undefined)) return permissionFault(error, request);
  return undefined;
}

function keyFault(name: string): AwsFault {
  return {
    reason: `its KMS key cannot be used, ${sayable(name)}`,
    remedy:
      'see that the key of sse-kms-key-id exists and is enabled, and allow kms:GenerateDataKey and kms:Decrypt on it',
  };
}

function regionFault(error: AwsFailure): AwsFault {
  const region =
    error.$response?.headers?.['x-amz-bucket-region'] ?? /expecting '([a-z0-9-]+)'/.exec(error.message ?? '')?.[1];
  return region === undefined
    ? { reason: 'it lies in another region', remedy: 'set aws-region to the region of the bucket' }
    : { reason: `it lies in the region ${sayable(region)}`, remedy: `set aws-region to ${sayable(region)}` };
}

/** S3 names the action that is missing, where the caller's own account owns the bucket. */
function permissionFault({ name, message = '' }: AwsFailure, request: S3Request): AwsFault {
  const missing = /not authorized to perform: ([a-z0-9-]+:\w+)/.exec(message)?.[1] ?? request.action;
  const reason = `${missing} is denied, ${sayable(name ?? '')}`;
  if (/explicit deny/.test(message))
    return { reason, remedy: `take back the policy that denies ${missing} explicitly` };
  if (missing.startsWith('kms:')) {
    return { reason, remedy: `allow ${missing} on the bucket's KMS key, in the role's policy and in the key's` };
  }
  if (missing === 's3:GetObject') {
    return {
      reason,
      remedy: `allow s3:GetObject on the archive's objects, and s3:ListBucket on the bucket, without which S3 answers 403 for an object that is absent too`,
    };
  }
  const where = missing === 's3:ListBucket' ? 'the bucket' : "the archive's objects";
  return { reason, remedy: `allow ${missing} on ${where}, in the role's policy and in the bucket's` };
}

/** What S3 itself says: it speaks of the request, never of what an object holds. */
function otherFault(error: AwsFailure): AwsFault | undefined {
  const answered = answeredWith(error);
  if (answered === undefined) {
    if (s3Verdict(error) !== 'transient') return undefined;
    return { reason: `it cannot be reached, ${s3Reason(error)}`, remedy: 'see whether it is well, then run again' };
  }
  const said = sayable(error.message ?? '');
  return { reason: said === '' ? answered : `${answered}: ${said}`, remedy: 'see what it expects' };
}
