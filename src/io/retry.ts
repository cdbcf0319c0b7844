import pRetry from 'p-retry';
import { backoffMs, type Clock } from './clock.ts';

/** How often a failed request is repeated, and after what waits. */
export interface RetryPolicy {
  /** The maximum number of attempts, including the first. */
  readonly attemptsMax: number;
  /** The backoff after attempt n is drawn from 0 to `baseMs * 2 ** n`, but at most {@link backoffMsMax} ("full jitter"). */
  readonly baseMs: number;
  /** Replaces {@link baseMs} after a throttled attempt. */
  readonly throttledBaseMs?: number;
  readonly backoffMsMax: number;
  /** The longest wait that a server may request, in ms. */
  readonly serverWaitMsMax: number;
}

/**
 * The retries of every service. No other module repeats a request.
 *
 * | policy | service | retried (its classifier) | attempts | backoff | wait requested by the server |
 * |---|---|---|---|---|---|
 * | `http` | message API, Elasticsearch, GitHub, GitHub's token issuer | 408, 425, 429, 5xx except 501, 505, 511; incomplete bodies; connections, unless TLS or a proxy refused them (`http/responses.ts`, `http/retry.ts`) | 7 | 0.5 s to 30 s; 429: at least 10 s, for all requests to the host | honored up to the job's time budget, or 15 min without one; a longer one ends the attempts |
 * | `dynamodb` | DynamoDB | throttling, timeouts, connections, 5xx (the AWS SDK's classes), conflicting transactions (`aws/client.ts`, `dynamodb/transactions.ts`) | 8 | 0.1 s, throttled 0.5 s, to 20 s | honored up to 60 s |
 * | `s3` | S3 | throttling, timeouts, connections, 5xx, incomplete bodies (`s3/faults.ts`) | 8 | 0.2 s to 20 s | honored up to 60 s |
 * | `sts` | AWS STS, each time with a new GitHub token | throttling, timeouts, connections, 5xx, expired tokens, unavailable keys (`aws/credentials.ts`) | 8 | 0.5 s to 20 s | ignored |
 *
 * A request that must not take effect twice is never repeated blindly. Before S3Archive.publish sends an object again, it reads
 * the object's head; before GithubClient.once repeats a POST, it looks for what the first one may have created; a DynamoDB
 * record carries a write id, and a transaction a token. A conditional PutObject and AssumeRoleWithWebIdentity use clients that send each request once.
 */
export const retryPolicies = {
  http: { attemptsMax: 7, baseMs: 500, backoffMsMax: 30_000, serverWaitMsMax: 15 * 60_000 },
  dynamodb: { attemptsMax: 8, baseMs: 100, throttledBaseMs: 500, backoffMsMax: 20_000, serverWaitMsMax: 60_000 },
  s3: { attemptsMax: 8, baseMs: 200, backoffMsMax: 20_000, serverWaitMsMax: 60_000 },
  sts: { attemptsMax: 8, baseMs: 500, backoffMsMax: 20_000, serverWaitMsMax: 0 },
} as const satisfies Record<string, RetryPolicy>;

/** A classifier's verdict on a failure after which the same request may succeed. */
export interface Transient {
  /** The wait that the server requested, in ms. */
  readonly serverWaitMs?: number | undefined;
  readonly isThrottled?: boolean;
}

/** Undefined for a failure that another attempt cannot cure. */
export type Classifier = (error: Error, attempts: number) => Transient | undefined;

export interface RetrySettings {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly classify: Classifier;
  /** Waits before the next attempt; by default for {@link delayMs}. */
  readonly wait?: (error: Error, attempts: number, transient: Transient) => Promise<void>;
}

/**
 * Makes attempts, one after the other, until one succeeds.
 * @param attempt receives the number of the attempt, from 1
 * @throws the error of the last attempt: the first that is not transient, or that of attempt number `attemptsMax`
 */
export function retry<Result>(
  { policy, clock, classify, wait }: RetrySettings,
  attempt: (number: number) => Promise<Result>,
): Promise<Result> {
  return pRetry(attempt, {
    retries: policy.attemptsMax - 1,
    minTimeout: 0,
    maxTimeout: 0,
    shouldRetry: ({ error, attemptNumber }) => classify(error, attemptNumber) !== undefined,
    onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
      const transient = classify(error, attemptNumber);
      if (retriesLeft === 0 || transient === undefined) return;
      await (wait?.(error, attemptNumber, transient) ?? clock.sleep(delayMs(policy, clock, attemptNumber, transient)));
    },
  });
}

/** The wait after so many failed attempts, in ms: the backoff, or the wait that the server requested if that is longer. */
export function delayMs(policy: RetryPolicy, clock: Clock, attempts: number, transient: Transient): number {
  const { serverWaitMs = 0, isThrottled = false } = transient;
  const baseMs = (isThrottled ? policy.throttledBaseMs : undefined) ?? policy.baseMs;
  return Math.max(
    backoffMs(clock, attempts, baseMs, policy.backoffMsMax),
    Math.min(serverWaitMs, policy.serverWaitMsMax),
  );
}
