import { Octokit } from '@octokit/rest';
import { type Dispatcher, request } from 'undici';
import { type ErrorCode, UserError, withRemedy } from '../../errors.ts';
import { inBrackets, saidIn } from '../../text/said.ts';
import { userAgent } from '../../version.ts';
import type { Clock } from '../clock.ts';
import { BodyTooLarge, readBody } from '../http/body.ts';
import { httpAgent, reasonOf } from '../http/client.ts';
import { passing } from '../http/responses.ts';
import { gaveUp, Retries, Retryable, type Say, unreached } from '../http/retry.ts';
import type { GithubSettings } from './settings.ts';

const requestMsMax = 60_000;
/** A page of a hundred issues of 65,536 characters each, with their other fields. */
const responseBytesMax = 64 * 1024 * 1024;
/** The wait after a rate limit that does not say how long to wait. */
const limitSecondsDefault = 60;

const permission =
  'add the permission `issues: write` to the job, or set `issue-label` to an empty string to turn the issue off';

/** The remedy for a refused request, by its status code. */
const hints: Readonly<Record<number, string>> = {
  401: 'check `github-token`',
  403: permission,
  404: permission,
  410: 'turn issues on in the settings of the repository, or set `issue-label` to an empty string to turn the issue off',
};

/** GitHub refused a request for good. */
export class Refused extends UserError {
  /** The status code. Not named `status`: octokit's pagination takes an error of status 409 for the end. */
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super('github-unavailable', message);
    this.statusCode = statusCode;
  }
}

/** GitHub's API for one repository, with limits on time, size and retries. Failures are thrown as UserError. */
export class GithubClient {
  readonly octokit: Octokit;
  readonly #settings: GithubSettings;
  readonly #clock: Clock;
  readonly #retries: Retries;
  readonly #agent: Dispatcher;
  #account: Promise<number | undefined> | undefined;

  /** @param say receives a line for each long wait */
  constructor(settings: GithubSettings, clock: Clock, say: Say) {
    this.#settings = settings;
    this.#clock = clock;
    this.#retries = new Retries('GitHub', clock, say);
    this.#agent = httpAgent();
    const silent = () => undefined;
    this.octokit = new Octokit({
      auth: settings.token,
      baseUrl: settings.apiUrl,
      userAgent,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      request: { fetch: fetchOver(this.#agent, settings.requestMs ?? requestMsMax) },
    });
    this.octokit.hook.wrap('request', (send, options) => {
      this.#assertOrigin(new URL(options.url, settings.apiUrl));
      const attempt = async () => {
        const response = await Promise.resolve(send(options)).catch((error: unknown) => {
          throw this.#failure(error);
        });
        return this.#checked(response);
      };
      // A request that creates something is repeated by `once` only.
      return options.method === 'POST' ? attempt() : this.#retried(attempt);
    });
  }

  /** Creates something once: before a repeated attempt, `find` looks for what an attempt with a lost response created. */
  once<Made>(find: () => Promise<Made | undefined>, make: () => Promise<Made>): Promise<Made> {
    let attempts = 0;
    return this.#retried(async () => {
      attempts += 1;
      return (attempts > 1 ? await find() : undefined) ?? make();
    });
  }

  /**
   * The numeric id of the token's account, as in `issue.user.id`. Tokens of apps, such as GITHUB_TOKEN, may not call `GET /user`
   * but may read GraphQL's viewer.
   * @returns undefined if GitHub refuses both
   */
  account(): Promise<number | undefined> {
    this.#account ??= this.#ownAccount();
    return this.#account;
  }

  async #ownAccount(): Promise<number | undefined> {
    try {
      const { viewer } = await this.#retried(() =>
        this.octokit.graphql<{ viewer: { databaseId?: number } }>('{ viewer { databaseId } }'),
      );
      if (viewer?.databaseId !== undefined) return viewer.databaseId;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    try {
      return (await this.octokit.rest.users.getAuthenticated()).data.id;
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  /** The token goes to GitHub's API alone: a page that names its next one elsewhere is not followed. */
  #assertOrigin({ origin }: URL): void {
    if (origin === new URL(this.#settings.apiUrl).origin) return;
    throw this.cannot(
      `linked to a next page on another server, ${origin}`,
      'check that GITHUB_API_URL is the URL that GitHub itself uses',
    );
  }

  /**
   * The error for an issue that cannot be read or updated.
   * @param why a clause whose subject is GitHub: `responded 301`
   * @param what the remedy
   */
  cannot(why: string, what: string, code: ErrorCode = 'github-unavailable'): UserError {
    return new UserError(code, this.#sentence(why, what));
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#retries.run(attempt);
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      const { why, what } = gaveUp(error);
      throw this.cannot(why, what);
    }
  }

  /** Octokit would take a response without JSON for an empty one. */
  #checked<Response extends { readonly status: number; readonly data: unknown }>(response: Response): Response {
    if (response.status >= 300) {
      const hint = 'check GITHUB_API_URL and GITHUB_REPOSITORY';
      throw new Refused(response.status, this.#sentence(`responded ${response.status}`, hint));
    }
    if (typeof response.data === 'object' && response.data !== null) return response;
    throw new Retryable('sent a response that is not JSON');
  }

  #failure(error: unknown): unknown {
    const { status, response, cause } = error as Failed;
    if (status === undefined) return error;
    if (cause instanceof BodyTooLarge)
      return this.cannot(`sent a response of more than ${responseBytesMax / 2 ** 20} MiB`, 'check GITHUB_API_URL');
    if (response === undefined)
      return unreached(reasonOf(cause), new URL(this.#settings.apiUrl), (why, what, code) =>
        this.cannot(why, what, code),
      );
    const isLimit = isLimited(status, response);
    const head = isLimit
      ? { status: 429, headers: { 'retry-after': this.#waitOf(response) } }
      : { status, headers: response.headers };
    const found = passing(head, this.#clock.now());
    const why = `responded ${status}${reasonIn(response)}`;
    if (found !== undefined) return new Retryable(why, found.waitMs, found.throttles);
    return new Refused(status, this.#sentence(why, hints[status] ?? 'check GITHUB_API_URL and GITHUB_REPOSITORY'));
  }

  /** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
  #waitOf({ headers }: ErrorResponse): string {
    const { 'retry-after': after, 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset } = headers;
    if (after !== undefined) return after;
    if (remaining !== '0') return String(limitSecondsDefault);
    return String(Math.max(0, Math.ceil(Number(reset) - this.#clock.now() / 1000)));
  }

  #sentence(why: string, what: string): string {
    const { apiUrl, owner, repository } = this.#settings;
    return withRemedy(`The tracking issue in ${owner}/${repository} was not updated: GitHub at ${apiUrl} ${why}`, what);
  }
}

/** True if GitHub refused a request. GraphQL does so with status 200, which octokit turns into an error. */
function isRefusal(error: unknown): boolean {
  return error instanceof Refused || (error instanceof Error && error.name === 'GraphqlResponseError');
}

/** The members of octokit's errors that are read here. */
interface Failed {
  readonly status?: number;
  /** Absent if there was no response. */
  readonly response?: ErrorResponse;
  readonly cause?: unknown;
}

interface ErrorResponse {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly data: unknown;
}

function isLimited(status: number, response: ErrorResponse): boolean {
  if (status === 429) return true;
  const { 'retry-after': after, 'x-ratelimit-remaining': remaining } = response.headers;
  return status === 403 && (after !== undefined || remaining === '0' || /rate limit/i.test(reasonIn(response)));
}

/** GitHub's explanation of an error: ` (Not Found)`. */
function reasonIn({ data }: ErrorResponse): string {
  return inBrackets(saidIn(typeof data === 'string' ? data : JSON.stringify(data ?? '')));
}

/**
 * The part of `fetch` that octokit uses, with limits on time and size. The body is read first, because octokit takes an
 * incomplete body for an empty one.
 */
function fetchOver(dispatcher: Dispatcher, requestMs: number) {
  return async (url: string, { method, headers, body }: FetchOptions) => {
    const signal = AbortSignal.timeout(requestMs);
    const response = await request(url, { dispatcher, method, headers, body: body ?? null, signal });
    const limits = { bytesMax: responseBytesMax };
    const bytes = await readBody(response.body, response.headers['content-length'], limits);
    const text = Buffer.from(bytes).toString();
    return {
      status: response.statusCode,
      url,
      headers: new Map(Object.entries(response.headers)),
      text: async () => text,
    };
  };
}

interface FetchOptions {
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Record<string, string>;
  readonly body?: string;
}
