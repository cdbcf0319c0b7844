import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent, errors, request } from 'undici';
import { type ErrorCode, messageOf, UserError, withRemedy } from '../../errors.ts';
import { inBrackets, saidIn, sayable } from '../../text/said.ts';
import { publicUrl } from '../../text/urls.ts';
import { userAgent } from '../../version.ts';
import type { Clock } from '../clock.ts';
import { RequestRefused, Unavailable } from '../ports.ts';
import { BodyTooLarge, BodyTooSlow, type Buffers, readBody, unpooled } from './body.ts';
import { proxyFault, proxyFor, tunnelReason } from './proxy.ts';
import type { ResponseHead } from './responses.ts';
import { gaveUp, type IsEnough, Retries, Retryable, type Say, unreached } from './retry.ts';

const connectMsMax = 10_000;
/** Time to the first byte of a response: a source may spend a while counting. */
const headersMsMax = 120_000;
/** Time between two chunks of a body. */
const stallMsMax = 60_000;
/** How much of an error response's body is read for the server's explanation. */
const errorBytesMax = 64 * 1024;
const errorMsMax = 10_000;
/** The maximum number of redirects within the origin of a request. */
const redirectsMax = 5;

export interface HttpLimits {
  /** The maximum size of a response's body, after decompression. */
  readonly bodyBytesMax: number;
  /** The longest time between two chunks of a body. */
  readonly stallMs?: number;
  /** The longest time for a whole body. */
  readonly bodyMsMax?: number;
  /** A client certificate and its key, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface HttpSettings {
  /** The host for people, as the subject of a sentence: `The message API`. */
  readonly name: string;
  readonly clock: Clock;
  readonly limits: HttpLimits;
  /** The memory for bodies; by default, each has a buffer of its own. */
  readonly memory?: Buffers;
  /** Receives a line for each long wait. */
  readonly say?: Say;
}

export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly method?: 'GET' | 'POST';
  readonly body?: string | undefined;
}

/** The remedy for a response that is not retried, by its status code: `check api-token`. */
export type Hints = Readonly<Record<number, string>>;

const decompressors: Readonly<
  Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * A dispatcher with timeouts that uses the proxy of the environment.
 * @param stallMs the longest time between two chunks of a body
 */
export function httpAgent(stallMs = stallMsMax, tls?: HttpLimits['tls']): Dispatcher {
  return new EnvHttpProxyAgent({
    connect: { timeout: connectMsMax, ...tls },
    ...(tls && { requestTls: { timeout: connectMsMax, ...tls } }),
    headersTimeout: Math.min(headersMsMax, stallMs * 2),
    bodyTimeout: stallMs,
  });
}

/** Sends requests to one host, with timeouts, size limits and retries. */
export class HttpClient {
  readonly #name: string;
  readonly #retries: Retries;
  readonly #limits: HttpLimits;
  readonly #agent: Dispatcher;
  readonly #memory: Buffers;

  constructor({ name, clock, limits, memory = unpooled, say = () => undefined }: HttpSettings) {
    this.#name = name;
    this.#retries = new Retries(name, clock, say);
    this.#limits = limits;
    this.#agent = httpAgent(limits.stallMs, limits.tls);
    this.#memory = memory;
  }

  /**
   * The body of a response with status 200, in a buffer of the settings' memory; the caller gives it back.
   * @throws Unavailable if no attempt succeeds; RequestRefused for any other status; UserError
   */
  get(url: URL, headers: HttpRequest['headers'], hints: Hints): Promise<Uint8Array<SharedArrayBuffer>> {
    return this.send({ url, headers }, hints, async (bytes) => bytes);
  }

  /**
   * Sends a request as {@link get} does, with the parsing of the body as a part of each attempt. Redirects within the origin are
   * followed.
   * @param read receives the body, and the headers by name in lower case; throws {@link Retryable} if another response may be
   *   readable
   * @param isEnough ends the attempts early
   */
  async send<Result>(
    request: HttpRequest,
    hints: Hints,
    read: (bytes: Uint8Array<SharedArrayBuffer>, headers: ResponseHead['headers']) => Promise<Result>,
    isEnough?: IsEnough,
  ): Promise<Result> {
    try {
      return await this.#retries.run(async () => {
        const { bytes, headers } = await this.#attempt(request, hints);
        return read(bytes, headers);
      }, isEnough);
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      const { why, what } = gaveUp(error);
      const code = error.status === undefined && error.waitMs === 0 ? 'source-unreachable' : 'source-unavailable';
      throw new Unavailable(code, this.#sentence(request.url, why, what), error.waitMs > 0 ? undefined : error.status);
    }
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #attempt(request: HttpRequest, hints: Hints) {
    const { url } = request;
    const response = await this.#response(request);
    if (!isWhole(response)) throw await this.#refusal(url, response, hints);
    const bytes = await this.#body(url, response);
    const { headers } = response;
    const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
    return { bytes: encoding === 'identity' ? bytes : await this.#decompressed(url, bytes, encoding), headers };
  }

  /** The first response that is not a redirect within the origin of the request. */
  async #response({ url: first, method = 'GET', headers, body }: HttpRequest): Promise<Dispatcher.ResponseData> {
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const response = await request(url, {
        dispatcher: this.#agent,
        method,
        headers: { accept: 'application/json', ...headers, 'user-agent': userAgent, 'accept-encoding': 'gzip' },
        ...(body !== undefined && { body }),
      }).catch((error: unknown) => {
        const cannot = (why: string, what: string, code: ErrorCode) =>
          new UserError(code, this.#sentence(url, why, what));
        throw unreached(reasonOf(error), url, cannot);
      });
      const target = redirects < redirectsMax ? redirectTarget(response, url, method) : undefined;
      if (target === undefined) return response;
      await response.body.dump();
      url = target;
    }
  }

  async #body(url: URL, { body, headers }: Dispatcher.ResponseData): Promise<Uint8Array<SharedArrayBuffer>> {
    try {
      const { bodyBytesMax, bodyMsMax } = this.#limits;
      const limits = { bytesMax: bodyBytesMax, msMax: bodyMsMax };
      return await readBody(body, headers['content-length'], limits, this.#memory);
    } catch (error) {
      if (error instanceof BodyTooLarge) throw this.#tooLarge(url);
      throw new Retryable(`closed the connection before the response was complete (${reasonOf(error)})`);
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
        'source-response-invalid',
        this.#sentence(
          url,
          `used the content encoding "${sayable(encoding)}", although only gzip was accepted`,
          'check the server or the proxy in front of it',
        ),
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
    const mebibytes = this.#limits.bodyBytesMax / 2 ** 20;
    return new UserError(
      'source-limit',
      this.#sentence(url, `sent a response of more than ${mebibytes} MiB`, 'request smaller pages'),
    );
  }

  async #refusal(url: URL, response: Dispatcher.ResponseData, hints: Hints): Promise<Error> {
    const { statusCode: status, headers } = response;
    const said = saidIn(await errorBody(response));
    const proxy = status === 407 ? proxyFor(url) : undefined;
    const fault = proxy && proxyFault('the proxy responded 407', proxy);
    if (fault !== undefined) return new Unavailable(fault.code, this.#sentence(url, fault.reason, fault.remedy));
    const retryable = this.#retries.retryable({ status, headers }, said);
    if (retryable !== undefined) return retryable;
    const why = `responded ${status}${inBrackets(said)}`;
    return new RequestRefused(this.#sentence(url, why, hints[status] ?? usualHint(response)), status);
  }

  #sentence(url: URL, why: string, what: string): string {
    return withRemedy(`${this.#name} at ${publicUrl(url)} ${why}`, what);
  }
}

/** The beginning of an error response's body, as text; empty if it cannot be read in time or decoded. */
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

/** True if the body is whole. Some APIs page with 206 and `Content-Range: items 0-24/66`; a range of bytes is a part of a body. */
function isWhole({ statusCode, headers }: Dispatcher.ResponseData): boolean {
  if (statusCode === 206) return /^\s*(?!bytes)\w/i.test(String(headers['content-range'] ?? ''));
  return statusCode === 200;
}

/** The target of a redirect within the same origin that keeps the request's method; undefined for any other response. */
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

/** The remedy for a final response without a hint of its own. */
function usualHint({ statusCode: status, headers }: Dispatcher.ResponseData): string {
  if (status >= 300 && status < 400) {
    const target = sayable(String(headers.location ?? '').replace(/[?#].*$/s, ''));
    return `redirects to another server are not followed: set the URL to ${target || 'the target of the redirect'}`;
  }
  if (status === 204) return 'JSON was expected: check the URL and the query';
  return "check the URL, and the server's logs";
}

/** Why a request failed, in a few words: `ECONNREFUSED`, `timeout`. */
export function reasonOf(error: unknown): string {
  if (error instanceof errors.BodyTimeoutError) return 'the body stalled';
  if (error instanceof BodyTooSlow) return 'the body took too long';
  const isLate = error instanceof errors.HeadersTimeoutError || (error as Error).name === 'TimeoutError';
  if (isLate) return 'timeout';
  const cause = causeOf(error);
  const tunnel = cause instanceof Error ? tunnelReason(cause.message) : undefined;
  if (tunnel !== undefined) return tunnel;
  return (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
}

/** The first of several failures; of undici's proxy errors, their cause. */
function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return causeOf(error.errors[0]);
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return /^UND_ERR_PRX/.test(String(code)) && cause instanceof Error ? causeOf(cause) : error;
}
