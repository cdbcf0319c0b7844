import pRetry from 'p-retry';
import type { UserError } from '../errors.ts';
import { backoffMs, type Nature } from './nature.ts';
import { tlsFault } from './tls.ts';

const retriesMax = 6;
const backoffMsBase = 500;
const backoffMsMax = 30_000;
/** A server that has too much to do, and does not say for how long, most often counts by the minute. */
const busyMsMin = 10_000;
/** A wait that is so long is told to those who wait. */
const toldMsMin = 2_000;
/** A server that asks for a longer wait than this is taken for one that is not to be had. */
const retryAfterMsMax = 300_000;

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

/**
 * What a connection that failed ends in: another try, unless TLS is why, which no further one cures.
 * @param reason as Node tells it: `ECONNREFUSED`
 * @param cannot makes the sentence of why and of what to do
 */
export function unreached(reason: string, cannot: (why: string, what: string) => UserError): Retryable | UserError {
  const fault = tlsFault(reason);
  return fault === undefined ? new Retryable(`cannot be reached (${reason})`) : cannot(fault.reason, fault.remedy);
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
  readonly #nature: Nature;
  readonly #say: Say;
  #pausedUntil = 0;
  #toldUntil = 0;

  /**
   * @param host for people, as it begins a sentence: `The message API`
   * @param say is told of long waits, one at a time
   */
  constructor(host: string, nature: Nature, say: Say) {
    this.#host = host;
    this.#nature = nature;
    this.#say = say;
  }

  /**
   * @param isEnough whether another attempt is of no use after so many
   * @throws the last {@link Retryable}, where no attempt succeeds; what else an attempt throws, at once
   */
  run<Result>(attempt: () => Promise<Result>, isEnough: IsEnough = () => false): Promise<Result> {
    return pRetry(
      async () => {
        await this.#pausesEnd();
        return attempt();
      },
      {
        retries: retriesMax,
        minTimeout: 0,
        maxTimeout: 0,
        shouldRetry: ({ error, attemptNumber }) => error instanceof Retryable && !isEnough(error, attemptNumber),
        onFailedAttempt: ({ error, attemptNumber, retriesLeft }) =>
          retriesLeft > 0 && error instanceof Retryable && !isEnough(error, attemptNumber)
            ? this.#pause(error, attemptNumber)
            : undefined,
      },
    );
  }

  /**
   * An answer with this status as a failure that asks for another try; undefined where there is no use in one.
   * @param retryAfter RFC 9110, 10.2.3: seconds, or a date
   */
  retryable(status: number, retryAfter: string | string[] | undefined): Retryable | undefined {
    if (!isPassing(status)) return undefined;
    const waitMs = this.#waitMs(String(retryAfter ?? '').trim());
    return waitMs > retryAfterMsMax ? undefined : new Retryable(`answers ${status}`, waitMs, status === 429, status);
  }

  #waitMs(retryAfter: string): number {
    if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
    const date = Date.parse(retryAfter);
    return Number.isNaN(date) ? 0 : Math.max(0, date - this.#nature.now());
  }

  async #pausesEnd(): Promise<void> {
    for (
      let waitMs = this.#pausedUntil - this.#nature.now();
      waitMs > 0;
      waitMs = this.#pausedUntil - this.#nature.now()
    ) {
      await this.#nature.sleep(waitMs);
    }
  }

  async #pause(error: Retryable, attempt: number): Promise<void> {
    const ownMs = backoffMs(this.#nature, attempt, backoffMsBase, backoffMsMax);
    const waitMs = Math.max(error.waitMs || (error.busy ? busyMsMin : 0), ownMs);
    this.#tell(error, waitMs, attempt);
    if (error.busy) this.#pausedUntil = Math.max(this.#pausedUntil, this.#nature.now() + waitMs);
    else await this.#nature.sleep(waitMs);
  }

  #tell({ message }: Retryable, waitMs: number, attempt: number): void {
    const now = this.#nature.now();
    if (waitMs < toldMsMin || now < this.#toldUntil) return;
    this.#toldUntil = now + waitMs;
    this.#say(`${this.#host} ${message}; try ${attempt + 1} of ${attemptsMax} in ${Math.ceil(waitMs / 1000)} s.`);
  }
}

/** Whether a server that answers so may answer otherwise later. */
export function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}
