import { messageOf, UserError, withRemedy } from '../../errors.ts';
import { sayable } from '../../text/said.ts';
import { type AwsFailure, type AwsFault, awsFault, connectionFault, responseClause } from '../aws/client.ts';
import type { Transient } from '../retry.ts';

/**
 * The class of a failed request. `condition`: its condition failed, or could not be evaluated; `absent`: there is no such
 * object; `transient`: the same request may succeed; `refused`: it will not.
 */
export type S3Verdict = 'condition' | 'absent' | 'transient' | 'refused';

/** The request that failed. */
export interface S3Request {
  readonly bucket: string;
  /** The IAM action that it requires. */
  readonly action: 's3:GetObject' | 's3:PutObject' | 's3:ListBucket';
  /** The object's key; absent for a request on the bucket itself. */
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
  IncompleteResponse: 'transient',
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

/** Classifies a failed request. */
export function s3Verdict(error: unknown): S3Verdict {
  // Thrown by our own code, such as the credentials provider, which has retried already.
  if (error instanceof UserError) return 'refused';
  const { name = '', code, $metadata } = error as AwsFailure;
  const known = verdicts[name];
  if (known !== undefined) return known;
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return code !== undefined && connectionFault(error) === undefined ? 'transient' : 'refused';
  if (status === 412) return 'condition';
  // A success whose body could not be read was cut off.
  return status < 300 || status === 429 || status >= 500 ? 'transient' : 'refused';
}

/** The classifier of the policy `s3`. */
export function s3Transient(error: unknown): Transient | undefined {
  return s3Verdict(error) === 'transient' ? { serverWaitMs: s3RetryAfterMs(error) } : undefined;
}

/** A failure in a few words: `SlowDown`. */
export function s3Reason(error: unknown): string {
  if (error instanceof UserError) return error.message.replace(/\.$/, '');
  const { name, code, message, $metadata } = error as AwsFailure;
  const status = $metadata?.httpStatusCode;
  // A response without a body has no error name.
  if (status !== undefined)
    return name === undefined || /^(\d+|Unknown.*)$/.test(name) ? `status ${status}` : sayable(name);
  if (name === 'IncompleteResponse') return `incomplete response: ${message}`;
  return code ?? (name === 'TimeoutError' && message ? message : messageOf(error));
}

/** The wait that a failed response requests, in ms; 0 if it requests none. */
export function s3RetryAfterMs(error: unknown): number {
  const seconds = Number((error as AwsFailure).$response?.headers?.['retry-after']);
  return seconds > 0 ? seconds * 1000 : 0;
}

/** The UserError for a failed request; the error itself if it is a UserError already, or a bug. */
export function s3Failure(error: unknown, request: S3Request): unknown {
  if (error instanceof UserError) return error;
  const fault =
    s3Fault(error as AwsFailure, request) ?? awsFault(error, 'archive-unavailable') ?? otherFault(error as AwsFailure);
  if (fault === undefined) return error;
  const what = request.key === undefined ? request.action : `${request.action} of ${request.key}`;
  const problem = `The bucket "${request.bucket}" cannot be used for ${what}: ${fault.reason}`;
  return new UserError(fault.code, withRemedy(problem, fault.remedy));
}

function s3Fault(error: AwsFailure, request: S3Request): AwsFault | undefined {
  const { name = '', $metadata } = error;
  const status = $metadata?.httpStatusCode;
  if (name === 'NoSuchBucket') {
    return {
      code: 'archive-not-found',
      reason: 'the bucket does not exist',
      remedy: 'create it, or correct the input `archive`',
    };
  }
  if (name.startsWith('KMS.')) return keyFault(name);
  if (elsewhere.has(name) || status === 301) return regionFault(error);
  if (name === 'InvalidObjectState') {
    return {
      code: 'archive-unavailable',
      reason: 'the object is in a storage class without immediate access',
      remedy: 'restore it, then re-run',
    };
  }
  if (denied.has(name) || (status === 403 && awsFault(error, 'archive-unavailable') === undefined))
    return permissionFault(error, request);
  return undefined;
}

function keyFault(name: string): AwsFault {
  return {
    code: 'aws-permission',
    reason: `its KMS key cannot be used (${sayable(name)})`,
    remedy:
      'check that the key `sse-kms-key-id` exists and is enabled, and allow kms:GenerateDataKey and kms:Decrypt on it',
  };
}

function regionFault(error: AwsFailure): AwsFault {
  const region =
    error.$response?.headers?.['x-amz-bucket-region'] ?? /expecting '([a-z0-9-]+)'/.exec(error.message ?? '')?.[1];
  return region === undefined
    ? {
        code: 'input-invalid',
        reason: 'it is in another region',
        remedy: 'set `aws-region` to the region of the bucket',
      }
    : {
        code: 'input-invalid',
        reason: `it is in the region ${sayable(region)}`,
        remedy: `set \`aws-region\` to ${sayable(region)}`,
      };
}

/** S3's message names the missing action if the caller's own account owns the bucket. */
function permissionFault({ name, message = '' }: AwsFailure, request: S3Request): AwsFault {
  const missing = /not authorized to perform: ([a-z0-9-]+:\w+)/.exec(message)?.[1] ?? request.action;
  const code = 'aws-permission';
  const reason = `${missing} is denied (${sayable(name ?? '')})`;
  if (/explicit deny/.test(message))
    return { code, reason, remedy: `remove the explicit deny of ${missing} from the policies` };
  if (missing.startsWith('kms:')) {
    return { code, reason, remedy: `allow ${missing} on the bucket's KMS key, in the role's policy and in the key's` };
  }
  if (missing === 's3:GetObject') {
    return {
      code,
      reason,
      remedy: `allow s3:GetObject on the archive's objects, and s3:ListBucket on the bucket, without which S3 responds 403 for a missing object too`,
    };
  }
  const where = missing === 's3:ListBucket' ? 'the bucket' : "the archive's objects";
  return { code, reason, remedy: `allow ${missing} on ${where}, in the role's policy and in the bucket's` };
}

/** The fault with S3's own message, which is about the request and never contains an object's data. */
function otherFault(error: AwsFailure): AwsFault | undefined {
  const code = 'archive-unavailable';
  const response = responseClause(error);
  if (response === undefined) {
    if (s3Verdict(error) !== 'transient') return undefined;
    return { code, reason: `it was unreachable (${s3Reason(error)})`, remedy: 'check the network, then re-run' };
  }
  // If a body could not be read, the SDK's own message is about its parser.
  const isOwn =
    /\$response|\$metadata|UnknownError/.test(error.message ?? '') || error.$metadata?.httpStatusCode === 200;
  const said = isOwn ? '' : sayable(error.message ?? '');
  const reason = said === '' ? response : `${response} (${said})`;
  return { code, reason, remedy: "check the archive's URL and the bucket's settings" };
}
