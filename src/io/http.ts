import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent, errors, request } from 'undici';
import type { PageMemory } from '../archive/page-memory.ts';
import { messageOf, UserError } from '../errors.ts';
import { BodyTooLarge, BodyTooSlow, readBody } from './body.ts';
import type { Nature } from './nature.ts';
import { Unavailable } from './ports.ts';
import { attemptsMax, type IsEnough, isPassing, Retries, Retryable, type Say, unreached } from './retry.ts';

const connectMsMax = 10_000;
/** Until the first byte of an answer: sources may count for a while before they answer. */
const headersMsMax = 120_000;
/** Between two chunks of a body. */
const stallMsMax = 60_000;
/** Of an error's body, which nobody reads, so that its connection can be used again. */
const errorBytesMax = 64 * 1024;
const errorMsMax = 10_000;

export interface HttpLimits {
  /** Of one answer's body, decompressed. */
  readonly bodyBytesMax: number;
  readonly stallMs?: number;
  /** For one answer's body. */
  readonly bodyMsMax?: number;
}

/** An answer with a status that is not retried. */
export class HttpRefusal extends UserError {
  override readonly name = 'HttpRefusal';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
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
export function httpAgent(stallMs = stallMsMax): Dispatcher {
  return new EnvHttpProxyAgent({
    connect: { timeout: connectMsMax },
    headersTimeout: Math.min(headersMsMax, stallMs * 2),
    bodyTimeout: stallMs,
  });
}

/**
 * GETs whole bodies from one host: with time-outs, limits on size, and a bounded number of retries with full-jitter
 * backoff. Once the host says that it is busy (429), every request to it waits.
 */
export class HttpClient {
  readonly #what: string;
  readonly #retries: Retries;
  readonly #limits: HttpLimits;
  readonly #agent: Dispatcher;
  readonly #memory: PageMemory;

  /**
   * @param what the host for people, as it begins a sentence: `The message API`
   * @param say is told of long waits
   */
  constructor(what: string, nature: Nature, limits: HttpLimits, memory: PageMemory, say: Say = () => undefined) {
    this.#memory = memory;
    this.#what = what;
    this.#retries = new Retries(what, nature, say);
    this.#limits = limits;
    this.#agent = httpAgent(limits.stallMs);
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
  async getAs<Result>(
    url: URL,
    headers: Record<string, string>,
    hints: Readonly<Record<number, string>>,
    read: (bytes: Uint8Array<SharedArrayBuffer>) => Promise<Result>,
    isEnough?: IsEnough,
  ): Promise<Result> {
    try {
      return await this.#retries.run(async () => read(await this.#attempt(url, headers, hints)), isEnough);
    } catch (error) {
      if (error instanceof Retryable) {
        throw new Unavailable(
          `${this.#what} at ${place(url)} ${error.message}, ${attemptsMax} times in a row: see whether it is well, then run again.`,
          error.waitMs > 0 ? undefined : error.status,
        );
      }
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #attempt(url: URL, headers: Record<string, string>, hints: Readonly<Record<number, string>>) {
    const answer = await request(url, {
      dispatcher: this.#agent,
      headers: { ...headers, accept: 'application/json', 'accept-encoding': 'gzip' },
    }).catch((error: unknown) => {
      const cannot = (why: string, what: string) => new UserError(`${this.#what} at ${place(url)} ${why}: ${what}.`);
      throw unreached(reasonOf(error), cannot);
    });
    if (answer.statusCode !== 200) throw await this.#refusal(url, answer, hints);
    const bytes = await this.#body(url, answer);
    const encoding = String(answer.headers['content-encoding'] ?? 'identity').toLowerCase();
    return encoding === 'identity' ? bytes : this.#decompressed(url, bytes, encoding);
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
        `${this.#what} at ${place(url)} answers with the content encoding "${encoding}", which was not asked for.`,
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
    const status = answer.statusCode;
    const signal = AbortSignal.timeout(errorMsMax);
    await answer.body.dump({ limit: errorBytesMax, signal }).catch(() => undefined);
    const retryable = this.#retries.retryable(status, answer.headers['retry-after']);
    if (retryable !== undefined) return retryable;
    return new HttpRefusal(
      `${this.#what} at ${place(url)} answers ${status}: ${hints[status] ?? usualHint(status)}.`,
      status,
    );
  }
}

/** What to do about an answer that is not retried. */
function usualHint(status: number): string {
  if (status >= 300 && status < 400)
    return 'it points elsewhere, which is not followed; give the address that it leads to';
  if (isPassing(status)) return 'it asks for a wait of more than 5 minutes, run again later';
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
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
}
