import { describe, expect, it } from 'vitest';
import { type S3Verdict, s3Verdict } from '../../../src/io/s3/faults.ts';

/** What the SDK throws for an answer; without a name, for one whose body says nothing. */
function answered(status: number, name = String(status)): Error {
  return Object.assign(new Error('UnknownError'), { name, $metadata: { httpStatusCode: status } });
}

describe('s3Verdict', () => {
  it.each<[S3Verdict, string, Error]>([
    ['condition', 'a 412', answered(412, 'PreconditionFailed')],
    ['condition', 'a 412 that nothing explains', answered(412)],
    ['condition', 'a 409 of another writer', answered(409, 'ConditionalRequestConflict')],
    ['condition', 'a 409 of another operation', answered(409, 'OperationAborted')],
    ['refused', 'another 409', answered(409, 'BucketAlreadyExists')],
    ['absent', 'a 404 of the object', answered(404, 'NoSuchKey')],
    ['refused', 'a 404 of the bucket', answered(404, 'NoSuchBucket')],
    ['refused', 'a 403', answered(403, 'AccessDenied')],
    ['refused', 'a 501', answered(501, 'NotImplemented')],
    ['transient', 'a 500', answered(500, 'InternalError')],
    ['transient', 'a 503', answered(503, 'SlowDown')],
    ['transient', 'a 429', answered(429)],
    ['transient', 'a 400 of a body that came too slowly', answered(400, 'RequestTimeout')],
    ['transient', 'an answer that was cut', answered(200, 'SyntaxError')],
    ['transient', 'a connection that broke', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
    ['transient', 'no answer in time', Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ['refused', 'no credentials', Object.assign(new Error('none'), { name: 'CredentialsProviderError', code: 'x' })],
    ['refused', 'a defect', new TypeError('x is not a function')],
  ])('takes for %s: %s', (verdict, _, error) => {
    expect(s3Verdict(error)).toBe(verdict);
  });
});
