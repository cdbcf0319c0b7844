import { Octokit } from '@octokit/rest';
import { type Dispatcher, request } from 'undici';
import { UserError } from '../../errors.ts';
import { BufferPool } from '../../memory/buffer-pool.ts';
import { inBrackets, saidIn } from '../../text/said.ts';
import { userAgent } from '../../version.ts';
import type { Clock } from '../clock.ts';
import { BodyTooLarge, readBody } from '../http/body.ts';
import { httpAgent, reasonOf } from '../http/client.ts';
import { passing } from '../http/responses.ts';
import { gaveUp, Retries, Retryable, type Say, unreached } from '../http/retry.ts';
import type { GithubSettings } from './settings.ts';

const requestMsMax = 60_000;
/** A hundred issues of 65,536 characters each, and what stands around them. */
const answerBytesMax = 64 * 1024 * 1024;
/** For how long a client waits whom GitHub does not tell, once it has asked too much. */
const limitSecondsDefault = 60;

const permission = 'add the permission `issues: write` to the job, or set issue-label to an empty text for no issue';

/** What to do about an answer that is no success, by its status. */
const hints: Readonly<Record<number, string>> = {
  401: 'see github-token',
  403: permission,
  404: permission,
  410: 'turn issues on in the settings of the repository, or set issue-label to an empty text for no issue',
};

/** GitHub understood a request, and will not do it. */
export class Refused extends UserError {
  /** The status of its answer. Under another name than octokit's, whose paging takes an error of status 409 for an end. */
  readonly answered: number;

  constructor(answered: number, message: string) {
    super(message);
    this.answered = answered;
  }
}

/** GitHub's API for one repository, with bounds on time, size and retries. What fails is a UserError. */
export class GithubClient {
  readonly octokit: Octokit;
  readonly #settings: GithubSettings;
  readonly #clock: Clock;
  readonly #retries: Retries;
  readonly #agent: Dispatcher;
  #account: Promise<number | undefined> | undefined;

  /** @param say is told of long waits */
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
    this.octokit.hook.wrap('request', (ask, options) => {
      this.#assertOrigin(new URL(options.url, settings.apiUrl));
      const attempt = async () => {
        const answer = await Promise.resolve(ask(options)).catch((error: unknown) => {
          throw this.#failure(error);
        });
        return this.#checked(answer);
      };
      // What makes something anew is tried again by `once` alone.
      return options.method === 'POST' ? attempt() : this.#retried(attempt);
    });
  }

  /** Makes something once: before another attempt it looks whether the last one, whose answer was lost, made it after all. */
  once<Made>(find: () => Promise<Made | undefined>, make: () => Promise<Made>): Promise<Made> {
    let attempts = 0;
    return this.#retried(async () => {
      attempts += 1;
      return (attempts > 1 ? await find() : undefined) ?? make();
    });
  }

  /**
   * The numeric id of the account that the token belongs to, as `issue.user.id` shows it. `GET /user` is closed to the tokens
   * of apps, GITHUB_TOKEN among them; GraphQL's viewer is not.
   * @returns undefined if GitHub tells the token neither
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
      `links to a next page on another server, ${origin}`,
      'check that GITHUB_API_URL is the address that GitHub itself uses',
    );
  }

  /**
   * The error that the issue cannot be had.
   * @param why a clause on GitHub: `answers 301`
   */
  cannot(why: string, what: string): UserError {
    return new UserError(this.#sentence(why, what));
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

  /** An answer with something else than was asked for would be taken for an empty one. */
  #checked<Answer extends { readonly status: number; readonly data: unknown }>(answer: Answer): Answer {
    if (answer.status >= 300) {
      const hint = 'see that GITHUB_API_URL and GITHUB_REPOSITORY are right';
      throw new Refused(answer.status, this.#sentence(`answers ${answer.status}`, hint));
    }
    if (typeof answer.data === 'object' && answer.data !== null) return answer;
    throw new Retryable('answers with something else than JSON');
  }

  #failure(error: unknown): unknown {
    const { status, response, cause } = error as Failed;
    if (status === undefined) return error;
    if (cause instanceof BodyTooLarge)
      return this.cannot(`sent more than ${answerBytesMax / 2 ** 20} MiB in one answer`, 'see what answers there');
    if (response === undefined)
      return unreached(reasonOf(cause), new URL(this.#settings.apiUrl), (why, what) => this.cannot(why, what));
    const isLimit = isLimited(status, response);
    const head = isLimit
      ? { status: 429, headers: { 'retry-after': this.#waitOf(response) } }
      : { status, headers: response.headers };
    const found = passing(head, this.#clock.now());
    const why = `answers ${status}${reasonIn(response)}`;
    if (found !== undefined) return new Retryable(why, found.waitMs, found.throttles);
    return new Refused(status, this.#sentence(why, hints[status] ?? 'see what it expects'));
  }

  /** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
  #waitOf({ headers }: Answered): string {
    const { 'retry-after': after, 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset } = headers;
    if (after !== undefined) return after;
    if (remaining !== '0') return String(limitSecondsDefault);
    return String(Math.max(0, Math.ceil(Number(reset) - this.#clock.now() / 1000)));
  }

  #sentence(why: string, what: string): string {
    const { apiUrl, owner, repository } = this.#settings;
    return `The tracking issue in ${owner}/${repository} is not up to date, since GitHub at ${apiUrl} ${why}: ${what}.`;
  }
}

/** GraphQL says what it will not do in an answer of status 200, of which octokit makes an error. */
function isRefusal(error: unknown): boolean {
  return error instanceof Refused || (error instanceof Error && error.name === 'GraphqlResponseError');
}

/** What octokit throws, of what is read here. */
interface Failed {
  readonly status?: number;
  /** Absent where no answer came. */
  readonly response?: Answered;
  readonly cause?: unknown;
}

interface Answered {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly data: unknown;
}

function isLimited(status: number, answered: Answered): boolean {
  if (status === 429) return true;
  const { 'retry-after': after, 'x-ratelimit-remaining': remaining } = answered.headers;
  return status === 403 && (after !== undefined || remaining === '0' || /rate limit/i.test(reasonIn(answered)));
}

/** ` (Not Found)`: what GitHub says of an error. */
function reasonIn({ data }: Answered): string {
  return inBrackets(saidIn(typeof data === 'string' ? data : JSON.stringify(data ?? '')));
}

/**
 * As much of `fetch` as octokit needs, with a bound on time and size; the body is read before it is handed over, since octokit
 * takes one that broke off for an empty one.
 */
function fetchOver(dispatcher: Dispatcher, requestMs: number) {
  return async (url: string, { method, headers, body }: Asked) => {
    const signal = AbortSignal.timeout(requestMs);
    const answer = await request(url, { dispatcher, method, headers, body: body ?? null, signal });
    const bytes = await readBody(answer.body, answer.headers['content-length'], answerBytesMax, new BufferPool(0));
    const text = Buffer.from(bytes).toString();
    return { status: answer.statusCode, url, headers: new Map(Object.entries(answer.headers)), text: async () => text };
  };
}

interface Asked {
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Record<string, string>;
  readonly body?: string;
}
