import pRetry from 'p-retry';
import type { UserError } from '../../errors.ts';
import { duration } from '../../format.ts';
import { inBrackets } from '../../text/said.ts';
import { instant } from '../../windows/interval.ts';
import { backoffMs, type Clock } from '../clock.ts';
import { Unavailable } from '../ports.ts';
import { proxyFault, proxyFor } from './proxy.ts';
import { passing, type ResponseHead } from './responses.ts';
import { tlsFault } from './tls.ts';

const retriesMax = 6;
const backoffMsBase = 500;
const backoffMsMax = 30_000;
/** A server that has too much to do, and does not say for how long, most often counts by the minute. */
const busyMsMin = 10_000;
/** A wait that is so long is told to those who wait. */
const toldMsMin = 2_000;
/** The longest wait that a server may ask for where no time budget bounds it. */
const waitMsMax = 15 * 60_000;

/** What is made at most, the first try included. */
export const attemptsMax = retriesMax + 1;

/** A failure that asks for another try, after at least `waitMs`. Its message is a clause: `answers 503`. */
export class Retryable extends Error {
  readonly waitMs: number;
  /** Whether the host says that it has too much to do. */
  readonly busy: boolean;
  /** Of an answer. */
  readonly status: number | undefined;

  constructor(message: string, waitMs = 0, busy = false, status?: number) {
    super(message);
    this.waitMs = waitMs;
    this.busy = busy;
    this.status = status;
  }
}

/** A server asks for a longer wait than there is time for. */
class Closed extends Retryable {
  /** In ms since 1970. */
  readonly until: number;
  readonly isBudget: boolean;

  constructor(cause: Retryable, until: number, isBudget: boolean) {
    super(cause.message, cause.waitMs, cause.busy);
    this.until = until;
    this.isBudget = isBudget;
  }
}

/** The parts of the sentence that attempts end with: after all of them, or where the server asks for too long a wait. */
export function gaveUp(error: Retryable): { readonly why: string; readonly what: string } {
  if (!(error instanceof Closed))
    return {
      why: `${error.message}, ${attemptsMax} times in a row`,
      what: 'see whether it is well, then run again',
    };
  const limit = error.isBudget
    ? 'after the time budget of this job ends'
    : `longer than the ${duration(waitMsMax)} that this command waits`;
  return {
    why: `${error.message} and is unavailable until ${instant(error.until)}, ${limit}`,
    what: 're-run after that',
  };
}

/**
 * What a connection that failed ends in: another attempt, unless TLS or the proxy is why, which no further one cures.
 * @param reason as Node tells it: `ECONNREFUSED`
 * @param url what was asked for
 * @param cannot makes the sentence of why and of what to do
 */
export function unreached(
  reason: string,
  url: URL,
  cannot: (why: string, what: string) => UserError,
): Retryable | UserError {
  const fault = tlsFault(reason);
  if (fault !== undefined) return cannot(fault.reason, fault.remedy);
  const proxy = proxyFor(url);
  if (proxy === undefined) return new Retryable(`cannot be reached (${reason})`);
  const refused = proxyFault(reason, proxy);
  if (refused !== undefined) return new Unavailable(cannot(refused.reason, refused.remedy).message);
  return new Retryable(`cannot be reached through the proxy ${proxy.shown} (${reason})`);
}

/** Whether a request that failed so, for the `attempts`th time, is given up though more attempts are allowed. */
export type IsEnough = (error: Retryable, attempts: number) => boolean;

/** Where somebody reads what is said. */
export type Say = (text: string) => void;

/**
 * Makes attempts at one host: a bounded number, with full-jitter backoff. Once the host says that it is busy, every
 * attempt waits.
 */
export class Retries {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #say: Say;
  #pausedUntil = 0;
  #toldUntil = 0;

  /**
   * @param host for people, as it begins a sentence: `The message API`
   * @param say is told of long waits, one at a time
   */
  constructor(host: string, clock: Clock, say: Say) {
    this.#host = host;
    this.#clock = clock;
    this.#say = say;
  }

  /**
   * @param isEnough whether another attempt is of no use after so many
   * @throws the last {@link Retryable}, where no attempt succeeds or the next one would have to wait for too long, see
   *   {@link gaveUp}; what else an attempt throws, at once
   */
  run<Result>(attempt: () => Promise<Result>, isEnough: IsEnough = () => false): Promise<Result> {
    const isRetried = (error: Error, attempts: number): error is Retryable =>
      error instanceof Retryable && !(error instanceof Closed) && !isEnough(error, attempts);
    return pRetry(
      async () => {
        await this.#pausesEnd();
        try {
          return await attempt();
        } catch (error) {
          throw error instanceof Retryable ? this.#bounded(error) : error;
        }
      },
      {
        retries: retriesMax,
        minTimeout: 0,
        maxTimeout: 0,
        shouldRetry: ({ error, attemptNumber }) => isRetried(error, attemptNumber),
        onFailedAttempt: ({ error, attemptNumber, retriesLeft }) =>
          retriesLeft > 0 && isRetried(error, attemptNumber) ? this.#pause(error, attemptNumber) : undefined,
      },
    );
  }

  /**
   * A response as a failure that asks for another attempt; undefined where there is no use in one.
   * @param said what the server says of it
   */
  retryable(head: ResponseHead, said?: string): Retryable | undefined {
    const found = passing(head, this.#clock.now());
    if (found === undefined) return undefined;
    return new Retryable(`answers ${head.status}${inBrackets(said)}`, found.waitMs, found.throttles, head.status);
  }

  /** The failure itself, where its wait ends in time. */
  #bounded(error: Retryable): Retryable {
    const now = this.#clock.now();
    const { waitsUntil } = this.#clock;
    const until = now + error.waitMs;
    const isBudget = waitsUntil !== undefined;
    if (error.waitMs === 0 || until <= (waitsUntil ?? now + waitMsMax)) return error;
    return new Closed(error, until, isBudget);
  }

  async #pausesEnd(): Promise<void> {
    for (
      let waitMs = this.#pausedUntil - this.#clock.now();
      waitMs > 0;
      waitMs = this.#pausedUntil - this.#clock.now()
    ) {
      await this.#clock.sleep(waitMs);
    }
  }

  async #pause(error: Retryable, attempt: number): Promise<void> {
    const ownMs = backoffMs(this.#clock, attempt, backoffMsBase, backoffMsMax);
    const waitMs = Math.max(error.waitMs || (error.busy ? busyMsMin : 0), ownMs);
    this.#tell(error, waitMs, attempt);
    if (error.busy) this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + waitMs);
    else await this.#clock.sleep(waitMs);
  }

  #tell({ message }: Retryable, waitMs: number, attempt: number): void {
    const now = this.#clock.now();
    if (waitMs < toldMsMin || now < this.#toldUntil) return;
    this.#toldUntil = now + waitMs;
    this.#say(`${this.#host} ${message}; try ${attempt + 1} of ${attemptsMax} in ${Math.ceil(waitMs / 1000)} s.`);
  }
}
