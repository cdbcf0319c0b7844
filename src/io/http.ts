import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import pRetry, { AbortError } from 'p-retry';
import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent, errors, request } from 'undici';
import { messageOf, UserError } from '../errors.ts';
import type { Buffers } from './buffers.ts';

const connectMsMax = 10_000;
/** Until the first byte of an answer: sources may count for a while before they answer. */
const headersMsMax = 120_000;
/** Between two chunks of a body. */
const stallMsMax = 60_000;
const retriesMax = 6;
const backoffMsBase = 500;
const backoffMsMax = 30_000;
/** A server that asks for a longer wait than this is taken for one that is not to be had. */
const retryAfterMsMax = 300_000;
/** What is set aside for a body that does not tell its length. */
const unknownBytes = 1024 * 1024;
/** Of an error's body, for its first words. */
const errorBytesMax = 64 * 1024;

/** Time and chance, which tests replace. */
export interface Nature {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

export interface HttpLimits {
  /** Of one answer's body, decompressed. */
  readonly bodyBytesMax: number;
  readonly stallMs?: number;
}

const decompressors: Readonly<
  Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** An answer that asks for another try, after at least `waitMs`. */
class Retryable extends Error {
  readonly waitMs: number;
  readonly busy: boolean;

  constructor(message: string, waitMs = 0, busy = false) {
    super(message);
    this.waitMs = waitMs;
    this.busy = busy;
  }
}

/**
 * GETs whole bodies from one host: with time-outs, limits on size, and a bounded number of retries with full-jitter
 * backoff. Once the host says that it is busy (429), every request to it waits.
 */
export class HttpClient {
  readonly #what: string;
  readonly #nature: Nature;
  readonly #limits: HttpLimits;
  readonly #agent: Dispatcher;
  readonly #buffers: Buffers;
  #pausedUntil = 0;

  /** @param what the host for people, as it begins a sentence: `The message API` */
  constructor(what: string, nature: Nature, limits: HttpLimits, buffers: Buffers) {
    this.#buffers = buffers;
    this.#what = what;
    this.#nature = nature;
    this.#limits = limits;
    const stallMs = limits.stallMs ?? stallMsMax;
    this.#agent = new EnvHttpProxyAgent({
      connect: { timeout: connectMsMax },
      headersTimeout: Math.min(headersMsMax, stallMs * 2),
      bodyTimeout: stallMs,
    });
  }

  /**
   * The bytes are in one of the buffers given, to which the caller gives it back.
   * @param hints what to do about an answer that is not retried, by its status
   * @throws UserError when no attempt succeeds
   */
  async get(
    url: URL,
    headers: Record<string, string>,
    hints: Readonly<Record<number, string>>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await pRetry(() => this.#attempt(url, headers, hints), {
        retries: retriesMax,
        minTimeout: 0,
        maxTimeout: 0,
        shouldRetry: ({ error }) => error instanceof Retryable,
        onFailedAttempt: ({ error, attemptNumber, retriesLeft }) =>
          retriesLeft > 0 && error instanceof Retryable ? this.#pause(error, attemptNumber) : undefined,
      });
    } catch (error) {
      if (error instanceof Retryable) {
        throw new UserError(
          `${this.#what} at ${place(url)} ${error.message}, ${retriesMax + 1} times in a row: see whether it is well, then run again.`,
        );
      }
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #pause(error: Retryable, attempt: number): Promise<void> {
    const backoffMs = this.#nature.random() * Math.min(backoffMsMax, backoffMsBase * 2 ** attempt);
    const waitMs = Math.max(error.waitMs, backoffMs);
    if (error.busy) this.#pausedUntil = Math.max(this.#pausedUntil, this.#nature.now() + waitMs);
    else await this.#nature.sleep(waitMs);
  }

  async #attempt(url: URL, headers: Record<string, string>, hints: Readonly<Record<number, string>>) {
    for (
      let waitMs = this.#pausedUntil - this.#nature.now();
      waitMs > 0;
      waitMs = this.#pausedUntil - this.#nature.now()
    ) {
      await this.#nature.sleep(waitMs);
    }
    const answer = await request(url, {
      dispatcher: this.#agent,
      headers: { ...headers, accept: 'application/json', 'accept-encoding': 'zstd, gzip' },
    }).catch((error: unknown) => {
      throw new Retryable(`cannot be reached (${reasonOf(error)})`);
    });
    if (answer.statusCode !== 200) throw await this.#refusal(url, answer, hints);
    const bytes = await this.#body(url, answer);
    const encoding = String(answer.headers['content-encoding'] ?? 'identity').toLowerCase();
    return encoding === 'identity' ? bytes : this.#decompressed(url, bytes, encoding);
  }

  async #body(url: URL, answer: Dispatcher.ResponseData): Promise<Uint8Array<ArrayBuffer>> {
    const length = Number(answer.headers['content-length'] ?? 0);
    const { bodyBytesMax } = this.#limits;
    if (length > bodyBytesMax) {
      answer.body.destroy();
      throw this.#tooLarge(url);
    }
    let bytes = new Uint8Array(this.#buffers.take(length || unknownBytes));
    let filled = 0;
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        if (filled + chunk.length > bodyBytesMax) throw this.#tooLarge(url);
        if (filled + chunk.length > bytes.length) bytes = this.#grown(bytes, filled + chunk.length);
        bytes.set(chunk, filled);
        filled += chunk.length;
      }
    } catch (error) {
      this.#buffers.give(bytes.buffer);
      if (error instanceof UserError) throw error;
      throw new Retryable(`broke off in mid-answer (${reasonOf(error)})`);
    }
    return bytes.subarray(0, filled);
  }

  #grown(bytes: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
    const larger = new Uint8Array(this.#buffers.take(Math.max(needed, bytes.length * 2)));
    larger.set(bytes);
    this.#buffers.give(bytes.buffer);
    return larger;
  }

  async #decompressed(url: URL, bytes: Uint8Array, encoding: string): Promise<Uint8Array<ArrayBuffer>> {
    const decompress = decompressors[encoding];
    if (decompress === undefined)
      throw new UserError(
        `${this.#what} at ${place(url)} answers with the content encoding "${encoding}", which was not asked for.`,
      );
    try {
      return new Uint8Array(await decompress(bytes, { maxOutputLength: this.#limits.bodyBytesMax }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw this.#tooLarge(url);
      throw new Retryable(`sent a damaged ${encoding} body`);
    }
  }

  #tooLarge(url: URL): UserError {
    return new UserError(
      `${this.#what} at ${place(url)} sent more than ${this.#limits.bodyBytesMax / 2 ** 20} MiB in one answer: ask for smaller pages.`,
    );
  }

  async #refusal(url: URL, answer: Dispatcher.ResponseData, hints: Readonly<Record<number, string>>): Promise<Error> {
    const status = answer.statusCode;
    await answer.body.dump({ limit: errorBytesMax }).catch(() => undefined);
    if (status === 429 || status >= 500) {
      const waitMs = this.#retryAfterMs(answer.headers['retry-after']);
      if (waitMs <= retryAfterMsMax) return new Retryable(`answers ${status}`, waitMs, status === 429);
    }
    return new AbortError(
      new UserError(`${this.#what} at ${place(url)} answers ${status}: ${hints[status] ?? 'see what it expects'}.`),
    );
  }

  /** RFC 9110, 10.2.3: seconds, or a date. */
  #retryAfterMs(header: string | string[] | undefined): number {
    const text = String(header ?? '').trim();
    if (/^\d+$/.test(text)) return Number(text) * 1000;
    const date = Date.parse(text);
    return Number.isNaN(date) ? 0 : Math.max(0, date - this.#nature.now());
  }
}

/** A URL for people: its query may hold what is secret. */
function place(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.BodyTimeoutError) return 'it stalled';
  if (error instanceof errors.HeadersTimeoutError) return 'no answer came in time';
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
}
