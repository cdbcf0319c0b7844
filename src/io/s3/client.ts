import { S3Client } from '@aws-sdk/client-s3';
import { type AwsAccess, awsClientConfig } from '../aws/client.ts';
import type { Clock } from '../clock.ts';

/**
 * A client that sends each request once, without logging. It adds no checksum of its own, whose trailer would replace the
 * content length, and does not wait for `100 Continue`, which would bypass the proxy.
 */
export function s3Client(access: AwsAccess, clock: Clock, stallMs: number): S3Client {
  const silent = () => undefined;
  return new S3Client({
    ...awsClientConfig(access, clock, { attemptsMax: 1, requestMsMax: 0, stallMsMax: stallMs }),
    forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL),
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
}
