import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent, errors, request } from 'undici';
import { messageOf, UserError } from '../../errors.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import { inBrackets, saidIn, sayable } from '../../text/said.ts';
import { userAgent } from '../../version.ts';
import type { Clock } from '../clock.ts';
import { RequestRefused, Unavailable } from '../ports.ts';
import { BodyTooLarge, BodyTooSlow, readBody } from './body.ts';
import { proxyFault, proxyFor, tunnelReason } from './proxy.ts';
import type { ResponseHead } from './responses.ts';
import { gaveUp, type IsEnough, Retries, Retryable, type Say, unreached } from './retry.ts';

const connectMsMax = 10_000;
/** Until the first byte of an answer: sources may count for a while before they answer. */
const headersMsMax = 120_000;
/** Between two chunks of a body. */
const stallMsMax = 60_000;
/** Of an error's body, in which the server may say what is wrong. */
const errorBytesMax = 64 * 1024;
const errorMsMax = 10_000;
/** Within the origin of a request. */
const redirectsMax = 5;

export interface HttpLimits {
  /** Of one answer's body, decompressed. */
  readonly bodyBytesMax: number;
  readonly stallMs?: number;
  /** For one answer's body. */
  readonly bodyMsMax?: number;
  /** A client certificate and its key, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** One request. */
export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly method?: 'GET' | 'POST';
  readonly body?: string | undefined;
}

const decompressors: Readonly<
  Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Connections with time-outs, through the proxy that the environment names for a host.
 * @param stallMs for how long a body may stand still
 */
export function httpAgent(stallMs = stallMsMax, tls?: HttpLimits['tls']): Dispatcher {
  return new EnvHttpProxyAgent({
    connect: { timeout: connectMsMax, ...tls },
    ...(tls && { requestTls: { timeout: connectMsMax, ...tls } }),
    headersTimeout: Math.min(headersMsMax, stallMs * 2),
    bodyTimeout: stallMs,
  });
}

/**
 * Reads whole bodies from one host: with time-outs, limits on size, and a bounded number of retries with full-jitter
 * backoff. Once the host says that it is busy (429), every request to it waits.
 */
export class HttpClient {
  readonly #what: string;
  readonly #retries: Retries;
  readonly #limits: HttpLimits;
  readonly #agent: Dispatcher;
  readonly #memory: BufferPool;

  /**
   * @param what the host for people, as it begins a sentence: `The message API`
   * @param say is told of long waits
   */
  constructor(what: string, clock: Clock, limits: HttpLimits, memory: BufferPool, say: Say = () => undefined) {
    this.#memory = memory;
    this.#what = what;
    this.#retries = new Retries(what, clock, say);
    this.#limits = limits;
    this.#agent = httpAgent(limits.stallMs, limits.tls);
  }

  /**
   * The bytes are in a buffer of the memory given, to which the caller gives it back.
   * @param hints what to do about an answer that is not retried, by its status
   * @throws Unavailable when no attempt succeeds; UserError when one is refused
   */
  get(
    url: URL,
    headers: Record<string, string>,
    hints: Readonly<Record<number, string>>,
  ): Promise<Uint8Array<SharedArrayBuffer>> {
    return this.getAs(url, headers, hints, async (bytes) => bytes);
  }

  /**
   * What is read from the bytes of {@link get}, as a part of each attempt.
   * @param read throws {@link Retryable} where another answer may be read
   * @param isEnough whether another attempt is of no use after so many
   */
  getAs<Result>(
    url: URL,
    headers: Record<string, string>,
    hints: Readonly<Record<number, string>>,
    read: (bytes: Uint8Array<SharedArrayBuffer>) => Promise<Result>,
    isEnough?: IsEnough,
  ): Promise<Result> {
    return this.send({ url, headers }, hints, read, isEnough);
  }

  /**
   * Sends a request as {@link getAs} does, with any method and body. Redirects to the same origin are followed.
   * @param read also receives the headers of the response, by their names in lower case
   */
  async send<Result>(
    request: HttpRequest,
    hints: Readonly<Record<number, string>>,
    read: (bytes: Uint8Array<SharedArrayBuffer>, headers: ResponseHead['headers']) => Promise<Result>,
    isEnough?: IsEnough,
  ): Promise<Result> {
    const { url } = request;
    try {
      return await this.#retries.run(async () => {
        const { bytes, headers } = await this.#attempt(request, hints);
        return read(bytes, headers);
      }, isEnough);
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      const { why, what } = gaveUp(error);
      throw new Unavailable(
        `${this.#what} at ${place(url)} ${why}: ${what}.`,
        error.waitMs > 0 ? undefined : error.status,
      );
    }
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #attempt(request: HttpRequest, hints: Readonly<Record<number, string>>) {
    const { url } = request;
    const answer = await this.#follow(request);
    if (!isWhole(answer)) throw await this.#refusal(url, answer, hints);
    const bytes = await this.#body(url, answer);
    const { headers } = answer;
    const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
    return { bytes: encoding === 'identity' ? bytes : await this.#decompressed(url, bytes, encoding), headers };
  }

  /** The first response that is no redirect within the origin of the request. */
  async #follow({ url: first, method = 'GET', headers, body }: HttpRequest): Promise<Dispatcher.ResponseData> {
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await request(url, {
        dispatcher: this.#agent,
        method,
        headers: { accept: 'application/json', ...headers, 'user-agent': userAgent, 'accept-encoding': 'gzip' },
        ...(body !== undefined && { body }),
      }).catch((error: unknown) => {
        const cannot = (why: string, what: string) => new UserError(`${this.#what} at ${place(url)} ${why}: ${what}.`);
        throw unreached(reasonOf(error), url, cannot);
      });
      const target = redirects < redirectsMax ? redirectTarget(answer, url, method) : undefined;
      if (target === undefined) return answer;
      await answer.body.dump();
      url = target;
    }
  }

  async #body(url: URL, { body, headers }: Dispatcher.ResponseData): Promise<Uint8Array<SharedArrayBuffer>> {
    try {
      const { bodyBytesMax, bodyMsMax } = this.#limits;
      return await readBody(body, headers['content-length'], bodyBytesMax, this.#memory, bodyMsMax);
    } catch (error) {
      if (error instanceof BodyTooLarge) throw this.#tooLarge(url);
      throw new Retryable(`broke off in mid-answer (${reasonOf(error)})`);
    }
  }

  async #decompressed(
    url: URL,
    bytes: Uint8Array<SharedArrayBuffer>,
    encoding: string,
  ): Promise<Uint8Array<SharedArrayBuffer>> {
    const decompress = decompressors[encoding];
    if (decompress === undefined)
      throw new UserError(
        `${this.#what} at ${place(url)} answers with the content encoding "${sayable(encoding)}", which was not asked for.`,
      );
    try {
      const plain = await decompress(bytes, { maxOutputLength: this.#limits.bodyBytesMax });
      const copy = new Uint8Array(this.#memory.take(plain.length), 0, plain.length);
      copy.set(plain);
      return copy;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw this.#tooLarge(url);
      throw new Retryable(`sent a damaged ${encoding} body`);
    } finally {
      this.#memory.give(bytes.buffer);
    }
  }

  #tooLarge(url: URL): UserError {
    return new UserError(
      `${this.#what} at ${place(url)} sent more than ${this.#limits.bodyBytesMax / 2 ** 20} MiB in one answer: ask for smaller pages.`,
    );
  }

  async #refusal(url: URL, answer: Dispatcher.ResponseData, hints: Readonly<Record<number, string>>): Promise<Error> {
    const { statusCode: status, headers } = answer;
    const said = saidIn(await errorBody(answer));
    const cannot = (why: string, what: string) => `${this.#what} at ${place(url)} ${why}: ${what}.`;
    const proxy = status === 407 ? proxyFor(url) : undefined;
    const fault = proxy && proxyFault('the proxy responded 407', proxy);
    if (fault !== undefined) return new Unavailable(cannot(fault.reason, fault.remedy));
    const retryable = this.#retries.retryable({ status, headers }, said);
    if (retryable !== undefined) return retryable;
    const text = cannot(`answers ${status}${inBrackets(said)}`, hints[status] ?? usualHint(answer));
    return new RequestRefused(text, status);
  }
}

/** The beginning of an error's body, as text; empty where it cannot be read in time, or is encoded. */
async function errorBody({ body, headers }: Dispatcher.ResponseData): Promise<string> {
  const late = setTimeout(() => body.destroy(), errorMsMax);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > errorBytesMax) break;
    }
  } catch {
    return '';
  } finally {
    clearTimeout(late);
  }
  const bytes = Buffer.concat(chunks).subarray(0, errorBytesMax);
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  const plain = encoding === 'identity' ? bytes : decompressors[encoding]?.(bytes, { maxOutputLength: errorBytesMax });
  return Promise.resolve(plain).then(
    (text) => text?.toString() ?? '',
    () => '',
  );
}

/** 206 is for APIs that page by `Content-Range: items 0-24/66`; a range of bytes is a part of a body. */
function isWhole({ statusCode, headers }: Dispatcher.ResponseData): boolean {
  if (statusCode === 206) return /^\s*(?!bytes)\w/i.test(String(headers['content-range'] ?? ''));
  return statusCode === 200;
}

/** Where a redirect leads, if that is the same origin and the request stays what it is; else undefined. */
function redirectTarget(
  { statusCode, headers }: Dispatcher.ResponseData,
  url: URL,
  method: 'GET' | 'POST',
): URL | undefined {
  const keepsRequest = statusCode === 307 || statusCode === 308;
  if (!keepsRequest && !(method === 'GET' && [301, 302, 303].includes(statusCode))) return undefined;
  const target = URL.parse(String(headers.location ?? ''), url.href);
  return headers.location !== undefined && target?.origin === url.origin ? target : undefined;
}

/** What to do about a response that is final. */
function usualHint({ statusCode: status, headers }: Dispatcher.ResponseData): string {
  if (status >= 300 && status < 400) {
    const target = sayable(String(headers.location ?? '').replace(/[?#].*$/s, ''));
    return `it points elsewhere, which is not followed; give the address that it leads to${target && `, ${target}`}`;
  }
  if (status === 204) return 'it sent no content where JSON was expected; check the URL and the query';
  return 'see what it expects';
}

/** A URL for people: its query may hold what is secret. */
function place(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Why a request failed, in a few words. */
export function reasonOf(error: unknown): string {
  if (error instanceof errors.BodyTimeoutError) return 'it stalled';
  if (error instanceof BodyTooSlow) return 'it came too slowly';
  const isLate = error instanceof errors.HeadersTimeoutError || (error as Error).name === 'TimeoutError';
  if (isLate) return 'no answer came in time';
  const cause = causeOf(error);
  const tunnel = cause instanceof Error ? tunnelReason(cause.message) : undefined;
  if (tunnel !== undefined) return tunnel;
  return (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
}

/** The first of several failures; below what undici says of a proxy, the failure itself. */
function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return causeOf(error.errors[0]);
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return /^UND_ERR_PRX/.test(String(code)) && cause instanceof Error ? causeOf(cause) : error;
}
