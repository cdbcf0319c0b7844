import type { ErrorCode, UserError } from '../../errors.ts';
import { duration } from '../../format.ts';
import { inBrackets } from '../../text/said.ts';
import { instant } from '../../windows/interval.ts';
import type { Clock } from '../clock.ts';
import { Unavailable } from '../ports.ts';
import { delayMs, retry, retryPolicies } from '../retry.ts';
import { proxyFault, proxyFor } from './proxy.ts';
import { passing, type ResponseHead } from './responses.ts';
import { tlsFault } from './tls.ts';

const policy = retryPolicies.http;
/** The shortest wait after a 429 that does not say how long to wait: such limits are mostly per minute. */
const throttledMsMin = 10_000;
/** A wait of at least this length is logged. */
const loggedMsMin = 2_000;

/**
 * A failure after which the same request may succeed. Its message is a clause whose subject is the host, with details in
 * brackets at its end: `responded 503 (overloaded)`.
 */
export class Retryable extends Error {
  /** The shortest wait before the next attempt, as requested by the server, in ms; 0 if it requested none. */
  readonly waitMs: number;
  /** True if the host throttles, so that all requests to it must wait. */
  readonly busy: boolean;
  /** The status code of the response; undefined without a response. */
  readonly status: number | undefined;

  constructor(message: string, waitMs = 0, busy = false, status?: number) {
    super(message);
    this.waitMs = waitMs;
    this.busy = busy;
    this.status = status;
  }
}

/** The server requested a wait that ends too late for this run. */
class WaitTooLong extends Retryable {
  /** ms since 1970. */
  readonly until: number;
  readonly isBeyondBudget: boolean;

  constructor(cause: Retryable, until: number, isBeyondBudget: boolean) {
    super(cause.message, cause.waitMs, cause.busy);
    this.until = until;
    this.isBeyondBudget = isBeyondBudget;
  }
}

/** The problem and the remedy after the last attempt, as clauses: `responded 503 after 7 attempts`, `check that it is up`. */
export function gaveUp(error: Retryable): { readonly why: string; readonly what: string } {
  if (!(error instanceof WaitTooLong)) {
    const [, clause, details = ''] = /^(.*?)( \(.*\))?$/s.exec(error.message)!;
    return {
      why: `${clause} after ${policy.attemptsMax} attempts${details}`,
      what: 'check that the service is up, then re-run',
    };
  }
  const limit = error.isBeyondBudget
    ? 'after the time budget of this job ends'
    : `later than the ${duration(policy.serverWaitMsMax)} that this command waits`;
  return {
    why: `${error.message} and is unavailable until ${instant(error.until)}, ${limit}`,
    what: 're-run after that',
  };
}

/**
 * Returns the error for a connection that failed: a {@link Retryable}, or a final one if TLS or the proxy refused it.
 * @param reason the system's code: `ECONNREFUSED`
 * @param url the requested URL
 * @param cannot makes an error of a problem and a remedy, both clauses
 */
export function unreached(
  reason: string,
  url: URL,
  cannot: (why: string, what: string, code: ErrorCode) => UserError,
): Retryable | UserError {
  const fault = tlsFault(reason);
  if (fault !== undefined) return cannot(fault.reason, fault.remedy, fault.code);
  const proxy = proxyFor(url);
  if (proxy === undefined) return new Retryable(`was unreachable (${reason})`);
  const refused = proxyFault(reason, proxy);
  if (refused === undefined) return new Retryable(`was unreachable through the proxy ${proxy.shown} (${reason})`);
  return new Unavailable(refused.code, cannot(refused.reason, refused.remedy, refused.code).message);
}

/** True to give up after so many failed attempts although the policy allows more. */
export type IsEnough = (error: Retryable, attempts: number) => boolean;

/** Receives log lines. */
export type Say = (text: string) => void;

/** Retries requests to one host under the policy `http`. Once the host throttles (429), all requests to it wait. */
export class Retries {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #say: Say;
  #pausedUntil = 0;
  #loggedUntil = 0;

  /**
   * @param host for people, as the subject of a sentence: `The message API`
   * @param say receives a line for each long wait, but none while an earlier one lasts
   */
  constructor(host: string, clock: Clock, say: Say) {
    this.#host = host;
    this.#clock = clock;
    this.#say = say;
  }

  /**
   * Repeats the attempt while it fails with {@link Retryable}.
   * @param isEnough ends the attempts early
   * @throws the last Retryable, for {@link gaveUp}, if no attempt succeeds or the server requests too long a wait; any other
   *   error of an attempt, at once
   */
  run<Result>(attempt: () => Promise<Result>, isEnough: IsEnough = () => false): Promise<Result> {
    return retry(
      {
        policy,
        clock: this.#clock,
        classify: (error, attempts) =>
          error instanceof Retryable && !(error instanceof WaitTooLong) && !isEnough(error, attempts)
            ? { serverWaitMs: error.waitMs || (error.busy ? throttledMsMin : 0), isThrottled: error.busy }
            : undefined,
        wait: (error, attempts, transient) =>
          this.#pause(error as Retryable, attempts, delayMs(this.#unbounded, this.#clock, attempts, transient)),
      },
      async () => {
        await this.#pauseEnds();
        try {
          return await attempt();
        } catch (error) {
          throw error instanceof Retryable ? this.#bounded(error) : error;
        }
      },
    );
  }

  /**
   * The {@link Retryable} for a response; undefined if the response is final.
   * @param said the server's explanation
   */
  retryable(head: ResponseHead, said?: string): Retryable | undefined {
    const found = passing(head, this.#clock.now());
    if (found === undefined) return undefined;
    return new Retryable(`responded ${head.status}${inBrackets(said)}`, found.waitMs, found.throttles, head.status);
  }

  /** Too long a wait has ended the attempts in {@link #bounded}. */
  get #unbounded() {
    return { ...policy, serverWaitMsMax: Number.POSITIVE_INFINITY };
  }

  /** The failure itself, or {@link WaitTooLong}. */
  #bounded(error: Retryable): Retryable {
    const now = this.#clock.now();
    const { waitsUntil } = this.#clock;
    const until = now + error.waitMs;
    if (error.waitMs === 0 || until <= (waitsUntil ?? now + policy.serverWaitMsMax)) return error;
    return new WaitTooLong(error, until, waitsUntil !== undefined);
  }

  async #pauseEnds(): Promise<void> {
    for (
      let waitMs = this.#pausedUntil - this.#clock.now();
      waitMs > 0;
      waitMs = this.#pausedUntil - this.#clock.now()
    ) {
      await this.#clock.sleep(waitMs);
    }
  }

  async #pause(error: Retryable, attempts: number, waitMs: number): Promise<void> {
    this.#logWait(error, waitMs, attempts);
    if (error.busy) this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + waitMs);
    else await this.#clock.sleep(waitMs);
  }

  #logWait({ message }: Retryable, waitMs: number, attempts: number): void {
    const now = this.#clock.now();
    if (waitMs < loggedMsMin || now < this.#loggedUntil) return;
    this.#loggedUntil = now + waitMs;
    this.#say(
      `${this.#host} ${message}; retrying in ${Math.ceil(waitMs / 1000)} s (attempt ${attempts + 1} of ${policy.attemptsMax}).`,
    );
  }
}
