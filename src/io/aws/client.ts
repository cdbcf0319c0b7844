import { isIP } from 'node:net';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { ErrorCode } from '../../errors.ts';
import { sayable } from '../../text/said.ts';
import { userAgent } from '../../version.ts';
import type { Clock } from '../clock.ts';
import { type HttpProxy, proxies, proxyFault, tunnelReason } from '../http/proxy.ts';
import { type ConnectionFault, tlsFault } from '../http/tls.ts';
import { delayMs, type RetryPolicy, retryPolicies, type Transient } from '../retry.ts';

const connectMsMax = 5_000;
const requestMsMax = 20_000;
/** Time between two chunks of a body. */
const stallMsMax = 20_000;

export type AwsCredentials = NonNullable<DynamoDBClientConfig['credentials']>;

/** The region and credentials of a client; anything absent comes from the SDK's default chain. */
export interface AwsAccess {
  readonly region?: string | undefined;
  readonly credentials?: AwsCredentials | undefined;
}

/** Overrides of the constants above; a single attempt leaves retries to the caller. */
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

/** The configuration of an AWS client: region, credentials, timeouts, Node's proxy support, and retries. */
export function awsClientConfig(access: AwsAccess, clock: Clock, limits: AwsLimits = {}) {
  const agent = { proxyEnv: process.env };
  const policy = { ...retryPolicies.dynamodb, ...(limits.attemptsMax && { attemptsMax: limits.attemptsMax }) };
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
    maxAttempts: policy.attemptsMax,
    retryStrategy: new FullJitter(clock, policy),
  };
}

/**
 * Plugs a {@link RetryPolicy} into the SDK. The SDK's own strategy has one retry budget for all requests of a client, which a
 * short outage exhausts at the second attempt if many requests run concurrently.
 */
class FullJitter implements RetryStrategy {
  readonly #clock: Clock;
  readonly #policy: RetryPolicy;

  constructor(clock: Clock, policy: RetryPolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return retryToken(0);
  }

  async refreshRetryTokenForRetry(token: RetryToken, info: RetryErrorInfo): Promise<RetryToken> {
    const attempts = token.getRetryCount() + 1;
    const transient = classified(info, this.#clock);
    // The SDK then throws the request's own error.
    if (attempts >= this.#policy.attemptsMax || transient === undefined) throw new Error('No further attempt.');
    await this.#clock.sleep(delayMs(this.#policy, this.#clock, attempts, transient));
    return retryToken(attempts);
  }

  recordSuccess(): void {}
}

/**
 * The classifier of the policy `dynamodb`: the SDK's own classes, except connections that no further attempt cures, and writes of
 * an item that a transaction is writing.
 */
function classified({ errorType, error, retryAfterHint }: RetryErrorInfo, clock: Clock): Transient | undefined {
  if ((error as AwsFailure | undefined)?.name === 'TransactionConflictException') return {};
  if (errorType === 'CLIENT_ERROR' || connectionFault(error) !== undefined) return undefined;
  return {
    isThrottled: errorType === 'THROTTLING',
    serverWaitMs: retryAfterHint && retryAfterHint.getTime() - clock.now(),
  };
}

function retryToken(count: number): RetryToken {
  return { getRetryCount: () => count, getRetryDelay: () => 0 };
}

/**
 * A success that lacks what it must hold, such as one that a proxy made up: nothing is known about the request's effect. The
 * message says what is lacking: `no ETag`. The SDK repeats the request.
 */
export class IncompleteResponse extends Error {
  override readonly name = 'IncompleteResponse';
  readonly $retryable = { throttling: false };
}

/** Why a service cannot be used, as a clause such as `it responded 503`, and the remedy. */
export interface AwsFault {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly remedy: string;
}

/** The members of an error that the SDK throws. */
export interface AwsFailure {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  /** The endpoint of a failed connection. */
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

/** The fault of a connection that no further attempt cures, in TLS or a proxy; undefined for any other error. */
export function connectionFault(error: unknown): ConnectionFault | undefined {
  const { code = '', message = '', address, port, hostname } = (error ?? {}) as AwsFailure;
  const tunnel = tunnelReason(message);
  // Node reports the endpoint it connected to, an address and a port or an unresolved name, but not that it is a proxy.
  const isThere = (proxy: HttpProxy) =>
    proxy.hostname === hostname || (proxy.port === port && (proxy.hostname === address || isIP(proxy.hostname) === 0));
  const proxy = proxies().find((each) => tunnel !== undefined || isThere(each));
  return (proxy && proxyFault(tunnel ?? code, proxy)) ?? tlsFault(code, message);
}

/**
 * The fault of a failure that any AWS service may report, without the service's own message; undefined for any other.
 * @param code for a service that is unreachable or unavailable
 */
export function awsFault(error: unknown, code: ErrorCode): AwsFault | undefined {
  const { message = '', code: systemCode, $metadata } = error as AwsFailure;
  const name = sayable((error as AwsFailure).name ?? '');
  const status = $metadata?.httpStatusCode;
  const times = $metadata?.attempts ?? 1;
  const repeated = times > 1 ? ` after ${times} attempts` : '';
  if (error instanceof IncompleteResponse) {
    return {
      code,
      reason: `its responses were incomplete${repeated} (${message})`,
      remedy: 'check the endpoint and the proxy, then re-run',
    };
  }
  if (expired.has(name)) {
    return {
      code: 'aws-credentials',
      reason: `the AWS credentials have expired (${name})`,
      remedy: 'provide new ones, or set `role-to-assume`, which renews them',
    };
  }
  if (refused.has(name)) {
    return {
      code: 'aws-credentials',
      reason: `the AWS credentials were rejected (${name})`,
      remedy: 'check that they belong to this account',
    };
  }
  if (name === 'CredentialsProviderError') {
    return {
      code: 'aws-credentials',
      reason: 'no AWS credentials were found',
      remedy: 'set `role-to-assume`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    };
  }
  if (/^Region is missing/.test(message)) {
    return { code: 'input-invalid', reason: 'its region is unknown', remedy: 'set `aws-region`' };
  }
  if (throttled.test(name) || status === 429) {
    return {
      code,
      reason: `requests were throttled${repeated} (${name})`,
      remedy: 'raise its limits, or re-run later',
    };
  }
  if (status !== undefined && status >= 500) {
    return {
      code,
      reason: `it responded ${status}${repeated}`,
      remedy: 'check the status of the service, then re-run',
    };
  }
  if (systemCode !== undefined && status !== undefined && status < 300) {
    return {
      code,
      reason: `it closed the connection before the response was complete${repeated} (${systemCode})`,
      remedy: 'check the network, then re-run',
    };
  }
  const fault = connectionFault(error);
  if (fault !== undefined) return { code: fault.code, reason: `it ${fault.reason}`, remedy: fault.remedy };
  if (name === 'TimeoutError' || (systemCode !== undefined && status === undefined)) {
    return {
      code,
      reason: `it was unreachable${repeated} (${systemCode ?? 'timeout'})`,
      remedy: 'check `aws-region`, the endpoint and the proxy, then re-run',
    };
  }
  return undefined;
}

/** Names that the SDK or Node gives to errors without a code of the service. */
const nameless = /^(?:\d+|Unknown.*|(?:Syntax|Type|Range)?Error)$/;

/**
 * The clause on a response that the service refused with: `it responded 400, ValidationException`; undefined without one. A name
 * that only the SDK gives is left out.
 */
export function responseClause(error: unknown): string | undefined {
  const { $metadata, name = '' } = error as AwsFailure;
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return undefined;
  if (status < 300) return `it responded ${status} with a body that could not be read`;
  return nameless.test(name) || name === '' ? `it responded ${status}` : `it responded ${status}, ${sayable(name)}`;
}
