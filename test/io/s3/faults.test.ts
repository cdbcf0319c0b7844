import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { type S3Verdict, s3Verdict } from '../../../src/io/s3/faults.ts';

/** The SDK's error for a response; by default, for one without a body. */
function responded(status: number, name = String(status)): Error {
  return Object.assign(new Error('UnknownError'), { name, $metadata: { httpStatusCode: status } });
}

describe('s3Verdict', () => {
  it.each<[S3Verdict, string, Error]>([
    ['condition', 'a 412', responded(412, 'PreconditionFailed')],
    ['condition', 'a 412 without a body', responded(412)],
    ['condition', 'a 409 of another writer', responded(409, 'ConditionalRequestConflict')],
    ['condition', 'a 409 of another operation', responded(409, 'OperationAborted')],
    ['refused', 'another 409', responded(409, 'BucketAlreadyExists')],
    ['absent', 'a 404 of the object', responded(404, 'NoSuchKey')],
    ['refused', 'a 404 of the bucket', responded(404, 'NoSuchBucket')],
    ['refused', 'a 403', responded(403, 'AccessDenied')],
    ['refused', 'a 501', responded(501, 'NotImplemented')],
    ['transient', 'a 500', responded(500, 'InternalError')],
    ['transient', 'a 503', responded(503, 'SlowDown')],
    ['transient', 'a 429', responded(429)],
    ['transient', 'a 400 for a slow body', responded(400, 'RequestTimeout')],
    ['transient', 'an incomplete response', responded(200, 'SyntaxError')],
    ['transient', 'a connection that broke', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
    ['transient', 'a timeout', Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ['refused', 'no credentials', Object.assign(new Error('none'), { name: 'CredentialsProviderError', code: 'x' })],
    ['refused', 'a bug', new TypeError('x is not a function')],
    ['refused', 'an error of our own', new UserError('aws-credentials', 'The role could not be assumed.')],
  ])('classifies as %s: %s', (verdict, _, error) => {
    expect(s3Verdict(error)).toBe(verdict);
  });
});
