import { isIP } from 'node:net';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { messageOf } from '../../errors.ts';
import { sayable } from '../../text/said.ts';
import { userAgent } from '../../version.ts';
import { backoffMs, type Clock } from '../clock.ts';
import { type HttpProxy, proxies, proxyFault, tunnelReason } from '../http/proxy.ts';
import { type ConnectionFault, tlsFault } from '../http/tls.ts';

/** Of one request, the first one included. */
export const attemptsMax = 8;
const connectMsMax = 5_000;
const requestMsMax = 20_000;
/** Between two chunks of a body. */
const stallMsMax = 20_000;
const backoffMsBase = 100;
/** After a service said that it is asked too much. */
const throttledMsBase = 500;
const backoffMsMax = 20_000;
/** Of what a service itself asks for. */
const retryAfterMsMax = 60_000;

export type AwsCredentials = NonNullable<DynamoDBClientConfig['credentials']>;

/** Where a service is, and who asks; what is absent comes from the SDK's own chain. */
export interface AwsAccess {
  readonly region?: string | undefined;
  readonly credentials?: AwsCredentials | undefined;
}

/** In the place of the constants above. */
export interface AwsLimits {
  readonly attemptsMax?: number;
  readonly requestMsMax?: number;
  readonly stallMsMax?: number;
}

type RetryStrategy = Extract<
  NonNullable<DynamoDBClientConfig['retryStrategy']>,
  { refreshRetryTokenForRetry: unknown }
>;
type RetryToken = Awaited<ReturnType<RetryStrategy['acquireInitialRetryToken']>>;
type RetryErrorInfo = Parameters<RetryStrategy['refreshRetryTokenForRetry']>[1];

/** What a client of an AWS service is made with: region, credentials, time-outs, proxies as Node honours them, retries. */
export function awsClientConfig(access: AwsAccess, clock: Clock, limits: AwsLimits = {}) {
  const agent = { proxyEnv: process.env };
  return {
    ...(access.region !== undefined && { region: access.region }),
    ...(access.credentials !== undefined && { credentials: access.credentials }),
    requestHandler: {
      connectionTimeout: connectMsMax,
      requestTimeout: limits.requestMsMax ?? requestMsMax,
      throwOnRequestTimeout: true,
      socketTimeout: limits.stallMsMax ?? stallMsMax,
      httpAgent: agent,
      httpsAgent: agent,
    },
    customUserAgent: [userAgent.split('/') as [string, string]],
    maxAttempts: limits.attemptsMax ?? attemptsMax,
    retryStrategy: new FullJitter(clock, limits.attemptsMax ?? attemptsMax),
  };
}

/**
 * Tries again what the SDK takes for transient, with full-jitter backoff. The SDK's own strategy does so too, but out of one
 * budget for all requests of a client: of many that run at once, a short outage empties it at the second attempt.
 */
class FullJitter implements RetryStrategy {
  readonly #clock: Clock;
  readonly #attemptsMax: number;

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#attemptsMax = max;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return retryToken(0);
  }

  async refreshRetryTokenForRetry(token: RetryToken, info: RetryErrorInfo): Promise<RetryToken> {
    const count = token.getRetryCount() + 1;
    if (count >= this.#attemptsMax || info.errorType === 'CLIENT_ERROR' || connectionFault(info.error) !== undefined)
      throw new Error('No further attempt.');
    const base = info.errorType === 'THROTTLING' ? throttledMsBase : backoffMsBase;
    const ownMs = backoffMs(this.#clock, count, base, backoffMsMax);
    const askedMs = info.retryAfterHint === undefined ? 0 : info.retryAfterHint.getTime() - this.#clock.now();
    await this.#clock.sleep(Math.max(ownMs, Math.min(askedMs, retryAfterMsMax)));
    return retryToken(count);
  }

  recordSuccess(): void {}
}

function retryToken(count: number): RetryToken {
  return { getRetryCount: () => count, getRetryDelay: () => 0 };
}

/** Why a service cannot be used, and what to do about it: the parts of a sentence. */
export interface AwsFault {
  readonly reason: string;
  readonly remedy: string;
}

/** What a failed request of the SDK carries. */
export interface AwsFailure {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  /** Where a connection failed. */
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);
const refused = new Set([
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
const throttled = /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|SlowDown|TooManyRequests/;

/** Why a service was not connected to, where no further attempt helps: TLS, or a proxy. */
export function connectionFault(error: unknown): ConnectionFault | undefined {
  const { code = '', message = '', address, port, hostname } = (error ?? {}) as AwsFailure;
  const tunnel = tunnelReason(message);
  // Node names no proxy, only where it connected to: an address and a port, or a name that has no address.
  const isThere = (proxy: HttpProxy) =>
    proxy.hostname === hostname || (proxy.port === port && (proxy.hostname === address || isIP(proxy.hostname) === 0));
  const proxy = proxies().find((each) => tunnel !== undefined || isThere(each));
  return (proxy && proxyFault(tunnel ?? code, proxy)) ?? tlsFault(code, message);
}

/** Names a failure that any AWS service may end in, and tells no message of the service; undefined for any other. */
export function awsFault(error: unknown): AwsFault | undefined {
  const { message = '', code, $metadata } = error as AwsFailure;
  const name = sayable((error as AwsFailure).name ?? '');
  const status = $metadata?.httpStatusCode;
  const times = $metadata?.attempts ?? 1;
  const repeated = times > 1 ? `, ${times} times in a row` : '';
  if (expired.has(name)) {
    return {
      reason: 'the AWS credentials have expired',
      remedy: 'give new ones, or set role-to-assume, which renews them',
    };
  }
  if (refused.has(name)) {
    return {
      reason: `the AWS credentials are not accepted, ${name}`,
      remedy: 'see that they are those of this account',
    };
  }
  if (name === 'CredentialsProviderError') {
    return {
      reason: 'no AWS credentials can be had',
      remedy: 'set role-to-assume, or give AWS_ACCESS_KEY_ID and its kin',
    };
  }
  if (/^Region is missing/.test(message)) {
    return { reason: 'its region is not known', remedy: 'set aws-region' };
  }
  if (throttled.test(name) || status === 429) {
    return { reason: `it is asked too much${repeated}, ${name}`, remedy: 'raise its limits, or run again later' };
  }
  if (status !== undefined && status >= 500) {
    return { reason: `it answers ${status}${repeated}`, remedy: 'see whether the service is well, then run again' };
  }
  if (code !== undefined && status !== undefined && status < 300) {
    return {
      reason: `it breaks off in mid-answer${repeated}, ${code}`,
      remedy: 'see whether it is well, then run again',
    };
  }
  const fault = connectionFault(error);
  if (fault !== undefined) return { reason: `it ${fault.reason}`, remedy: fault.remedy };
  if (name === 'TimeoutError' || (code !== undefined && status === undefined)) {
    return {
      reason: `it cannot be reached${repeated}, ${code ?? 'no answer came in time'}`,
      remedy: 'see that aws-region, the endpoint and the proxy are right, then run again',
    };
  }
  return undefined;
}

/** Whether a service answered at all, and so the failure is no defect of this program; its name and status if it did. */
export function answeredWith(error: unknown): string | undefined {
  const { $metadata } = error as AwsFailure;
  if ($metadata?.httpStatusCode === undefined) return undefined;
  return `it answers ${$metadata.httpStatusCode}, ${sayable(error instanceof Error ? error.name : messageOf(error))}`;
}
