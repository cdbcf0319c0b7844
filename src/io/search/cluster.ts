import * as v from 'valibot';
import { type ErrorCode, UserError } from '../../errors.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import { inBrackets, saidIn, sayable } from '../../text/said.ts';
import type { Clock } from '../clock.ts';
import { BodyTooLarge, readBody } from '../http/body.ts';
import { reasonOf } from '../http/client.ts';
import { proxyFault, proxyFor } from '../http/proxy.ts';
import { gaveUp, Retries, Retryable, type Say, unreached } from '../http/retry.ts';
import { LostReading, Unavailable } from '../ports.ts';
import { headerOf, type Product, type Request, type Response, type SearchClient, WrongProduct } from './client.ts';
import type { SearchSettings } from './settings.ts';

/** The largest response, in bytes. */
const responseBytesMax = 256 * 1024 * 1024;
/** The largest response that is an error. */
const errorBytesMax = 1024 * 1024;

/** The type of the error that refers to a point in time that has expired or was closed. */
export const contextMissing = 'search_context_missing_exception';

export function lostPointInTime(): LostReading {
  return new LostReading('its point in time was lost');
}

/** The response would be larger than the cluster or this process allows. */
export class TooMuch extends Retryable {}

/** The cluster rejected a request as invalid. */
export class Refused extends UserError {}

/** The credentials lack a permission that a request needs. */
export class Forbidden extends UserError {}

/** The parts of a response that is an error. */
interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly type: string;
  readonly reason: string;
}

/** One cluster of Elasticsearch or OpenSearch. Returns responses as the bytes that came. */
export class Cluster {
  /** For people, without secrets. */
  readonly url: string;
  readonly #index: string;
  readonly #client: SearchClient;
  readonly #retries: Retries;
  readonly #memory: BufferPool;

  constructor(settings: SearchSettings, client: SearchClient, clock: Clock, memory: BufferPool, say: Say) {
    const { origin, pathname } = new URL(settings.url);
    this.url = `${origin}${pathname === '/' ? '' : pathname}`;
    this.#index = settings.index;
    this.#client = client;
    this.#retries = new Retries(this.place, clock, say);
    this.#memory = memory;
  }

  get product(): Product {
    return this.#client.product;
  }

  /** For people: `Elasticsearch at https://…`. */
  get place(): string {
    return `${this.product.name} at ${this.url}`;
  }

  /** The name of an input of the product: `elasticsearch-index`. */
  input(name: 'index' | 'query' | 'url'): string {
    return `${this.product.source}-${name}`;
  }

  /**
   * Repeats an attempt, a bounded number of times, while it fails with {@link Retryable}.
   * @throws Unavailable when no attempt succeeds
   */
  async retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#retries.run(attempt);
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      const { why, what } = gaveUp(error);
      const code = error.status === undefined && error.waitMs === 0 ? 'source-unreachable' : 'source-unavailable';
      throw new Unavailable(code, `${this.place} ${why}: ${what}.`);
    }
  }

  /** Parses a small response. @throws UserError where it does not match the schema */
  async json<Schema extends v.GenericSchema>(request: Request, schema: Schema): Promise<v.InferOutput<Schema>> {
    return this.parsed(await this.retried(() => this.bytes(request)), schema);
  }

  /** Parses the bytes of a small response, and returns their buffer to the pool. @throws UserError as {@link json} */
  parsed<Schema extends v.GenericSchema>(bytes: Uint8Array<SharedArrayBuffer>, schema: Schema): v.InferOutput<Schema> {
    const text = Buffer.from(bytes).toString();
    this.#memory.give(bytes.buffer);
    return this.checked(jsonOf(text), schema);
  }

  /** Validates a part of a response. @throws UserError as {@link json} */
  checked<Schema extends v.GenericSchema>(part: unknown, schema: Schema): v.InferOutput<Schema> {
    const { success, output } = v.safeParse(schema, part);
    if (success) return output;
    throw this.#wrongProduct(new WrongProduct('the response does not match the request'));
  }

  /**
   * Makes one attempt. The bytes are in a buffer of the pool, which the caller returns.
   * @throws Retryable when another attempt may succeed; LostReading when the point in time is lost; else UserError
   */
  async bytes(request: Request): Promise<Uint8Array<SharedArrayBuffer>> {
    const { statusCode, headers, body } = await this.#send(request);
    const isError = statusCode !== 200;
    const bytes = await readBody(
      body as Parameters<typeof readBody>[0],
      headerOf(headers, 'content-length'),
      { bytesMax: isError ? errorBytesMax : responseBytesMax },
      this.#memory,
    ).catch((error: unknown) => {
      if (!(error instanceof BodyTooLarge))
        throw new Retryable(`closed the connection before the response was complete (${reasonOf(error)})`);
      throw new TooMuch(`sent more than ${responseBytesMax / 2 ** 20} MiB in one response`);
    });
    if (!isError) return bytes;
    const refusal = refusalOf(statusCode, Buffer.from(bytes).toString());
    this.#memory.give(bytes.buffer);
    throw this.#refused(refusal, headers);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #send(request: Request): Promise<Response> {
    try {
      return await this.#client.send(request);
    } catch (error) {
      if (error instanceof WrongProduct) throw this.#wrongProduct(error);
      if (error instanceof UserError || error instanceof Retryable) throw error;
      const cannot = (why: string, what: string, code: ErrorCode) =>
        new UserError(code, `${this.place} ${why}: ${what}.`);
      throw unreached((error as Error).message, new URL(this.url), cannot);
    }
  }

  #refused(refusal: Refusal, headers: Response['headers']): Error {
    const { status, type, text } = refusal;
    if (text.includes(contextMissing)) return lostPointInTime();
    if (text.includes('index.max_result_window')) return new TooMuch('does not allow a page of this size');
    const said = saidIn(text);
    const retryable = this.#retries.retryable({ status, headers }, type || said);
    if (retryable !== undefined) return retryable;
    const proxy = status === 407 ? proxyFor(new URL(this.url)) : undefined;
    const fault = proxy && proxyFault('the proxy responded 407', proxy);
    if (fault !== undefined) return new Unavailable(fault.code, `${this.place} ${fault.reason}: ${fault.remedy}.`);
    const { unauthorized, forbidden } = this.#client.remedies;
    if (status === 401)
      return new UserError(
        'source-unauthorized',
        `${this.place} denied access (401${inDetail(said)}): ${unauthorized}.`,
      );
    if (status === 403)
      return new Forbidden(
        'source-unauthorized',
        `${this.place} denied access to ${this.#index} (403${inDetail(said)}): ${forbidden}.`,
      );
    if (!this.#client.isOwnError(headers, type))
      return this.#wrongProduct(new WrongProduct(`the response was ${status}${inBrackets(said)}`));
    if (type === 'index_not_found_exception')
      return new UserError(
        'source-index-invalid',
        `${this.place} has no index, alias or data stream ${this.#index}: check ${this.input('index')}.`,
      );
    if (type === 'index_closed_exception')
      return new UserError(
        'source-index-invalid',
        `${this.place} has a closed index in ${this.#index}: open it, or exclude it in ${this.input('index')}.`,
      );
    return new Refused(
      'source-refused',
      `${this.place} rejected a request (${status}, ${type}: ${refusal.reason}): check ${this.input('index')} and ${this.input('query')}.`,
    );
  }

  #wrongProduct({ message, remedy }: WrongProduct): UserError {
    return new UserError(
      'source-response-invalid',
      `There is no ${this.product.name} at ${this.url} (${message}): ${remedy ?? `check ${this.input('url')}`}.`,
    );
  }
}

function inDetail(said = ''): string {
  return said === '' ? '' : `: ${said}`;
}

/** Undefined where the text is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refused = v.object({ type: v.optional(v.string(), ''), reason: v.optional(v.nullable(v.string()), '') });
const refusal = v.object({ error: v.object({ ...refused.entries, root_cause: v.optional(v.array(refused), []) }) });

function refusalOf(status: number, text: string): Refusal {
  const { success, output } = v.safeParse(refusal, jsonOf(text));
  if (!success) return { status, text, type: '', reason: '' };
  const { type, reason } = output.error.root_cause[0] ?? output.error;
  return { status, text, type: sayable(type), reason: sayable(reason ?? '') };
}
