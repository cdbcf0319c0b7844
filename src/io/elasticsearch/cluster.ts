import { Client, errors } from '@elastic/elasticsearch';
import type { Dispatcher } from 'undici';
import * as v from 'valibot';
import { UserError } from '../../errors.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import { inBrackets, saidIn, sayable } from '../../text/said.ts';
import { userAgent } from '../../version.ts';
import type { Clock } from '../clock.ts';
import { BodyTooLarge, readBody } from '../http/body.ts';
import { httpAgent, reasonOf } from '../http/client.ts';
import { proxyFault, proxyFor } from '../http/proxy.ts';
import type { ResponseHead } from '../http/responses.ts';
import { gaveUp, Retries, Retryable, type Say, unreached } from '../http/retry.ts';
import { LostReading, Unavailable } from '../ports.ts';
import type { Json } from './query.ts';
import type { ElasticsearchSettings } from './settings.ts';

/** Bytes of one answer. */
const answerBytesMax = 256 * 1024 * 1024;
/** Of an error's answer. */
const errorBytesMax = 1024 * 1024;
/** Servers of 8.x and of 9.x both take it. */
const mediaType = 'application/vnd.elasticsearch+json; compatible-with=8';

/** What an Elasticsearch calls itself in every answer. */
const product = 'Elasticsearch';

export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: Json;
}

/** What Elasticsearch calls a point in time that is no longer there. */
export const contextMissing = 'search_context_missing_exception';

export function lostPointInTime(): LostReading {
  return new LostReading('its point in time was lost');
}

/** More was asked for than can be had in one answer. */
export class TooMuch extends Retryable {}

/** The cluster understood a request, and will not answer it. */
export class Refused extends UserError {}

/** The key lacks a privilege for a request. */
export class Forbidden extends UserError {}

/** What an error's answer says. */
interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly type: string;
  readonly reason: string;
}

/** One Elasticsearch, 8.x or 9.x. Answers are handed over as the bytes that came. */
export class Cluster {
  /** For people, without what is secret. */
  readonly url: string;
  readonly #index: string;
  readonly #hasKey: boolean;
  readonly #client: Client;
  readonly #agent: Dispatcher;
  readonly #retries: Retries;
  readonly #memory: BufferPool;

  constructor(settings: ElasticsearchSettings, clock: Clock, memory: BufferPool, say: Say) {
    const { origin, pathname } = new URL(settings.url);
    this.url = `${origin}${pathname === '/' ? '' : pathname}`;
    this.#index = settings.index;
    this.#hasKey = settings.apiKey !== undefined;
    this.#retries = new Retries(`Elasticsearch at ${this.url}`, clock, say);
    this.#memory = memory;
    this.#agent = httpAgent(settings.stallMs);
    this.#client = new Client({
      node: settings.url,
      ...(settings.apiKey !== undefined && { auth: { apiKey: settings.apiKey } }),
      headers: { accept: mediaType, 'content-type': mediaType, 'user-agent': userAgent },
      agent: () => connectionOver(this.#agent),
      maxRetries: 0,
      enableMetaHeader: false,
    });
  }

  /**
   * Makes a bounded number of attempts, as long as each one fails with {@link Retryable}.
   * @throws Unavailable when none succeeds
   */
  async retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#retries.run(attempt);
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      const { why, what } = gaveUp(error);
      throw new Unavailable(`Elasticsearch at ${this.url} ${why}: ${what}.`);
    }
  }

  /** A small answer. @throws UserError where it is not of the form that the schema tells */
  async json<Schema extends v.GenericSchema>(request: Request, schema: Schema): Promise<v.InferOutput<Schema>> {
    return this.parsed(await this.retried(() => this.bytes(request)), schema);
  }

  /** Reads the bytes of a small answer, and gives them back. @throws UserError as {@link json} */
  parsed<Schema extends v.GenericSchema>(bytes: Uint8Array<SharedArrayBuffer>, schema: Schema): v.InferOutput<Schema> {
    const text = Buffer.from(bytes).toString();
    this.#memory.give(bytes.buffer);
    return this.checked(jsonOf(text), schema);
  }

  /** A part of an answer. @throws UserError as {@link json} */
  checked<Schema extends v.GenericSchema>(part: unknown, schema: Schema): v.InferOutput<Schema> {
    const { success, output } = v.safeParse(schema, part);
    if (success) return output;
    throw this.#notElasticsearch('it answers with something else than is asked for');
  }

  /**
   * One attempt. The bytes are in a buffer of the memory given, to which the caller gives it back.
   * @throws Retryable when another attempt may succeed; LostReading when a point in time is gone; else UserError
   */
  async bytes({ method, path, parameters = {}, body }: Request): Promise<Uint8Array<SharedArrayBuffer>> {
    const { statusCode, headers, body: answer } = await this.#answer(method, path, parameters, body);
    const isRefused = statusCode !== 200;
    const bytes = await readBody(
      answer,
      one(headers['content-length']),
      { bytesMax: isRefused ? errorBytesMax : answerBytesMax },
      this.#memory,
    ).catch((error: unknown) => {
      if (!(error instanceof BodyTooLarge)) throw new Retryable(`broke off in mid-answer (${reasonOf(error)})`);
      throw new TooMuch(`sent more than ${answerBytesMax / 2 ** 20} MiB in one answer`);
    });
    if (!isRefused) return bytes;
    const refusal = refusalOf(statusCode, Buffer.from(bytes).toString());
    this.#memory.give(bytes.buffer);
    throw this.#refused(refusal, headers, one(headers['x-elastic-product']) === product);
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#agent.destroy();
  }

  async #answer(
    method: Request['method'],
    path: string,
    parameters: Readonly<Record<string, string>>,
    body: Json | undefined,
  ) {
    try {
      const request = { method, path, querystring: parameters, ...(body !== undefined && { body }) };
      const result = await this.#client.transport.request(request, { asStream: true, meta: true });
      return { ...result, body: result.body as Dispatcher.ResponseData['body'] };
    } catch (error) {
      if (error instanceof errors.ProductNotSupportedError)
        throw this.#notElasticsearch('what answers does not say that it is one');
      const cannot = (why: string, what: string) => new UserError(`Elasticsearch at ${this.url} ${why}: ${what}.`);
      throw unreached((error as Error).message, new URL(this.url), cannot);
    }
  }

  #refused(refusal: Refusal, headers: ResponseHead['headers'], isElasticsearch: boolean): Error {
    const { status, type, text } = refusal;
    if (text.includes(contextMissing)) return lostPointInTime();
    if (text.includes('index.max_result_window')) return new TooMuch('allows no page of this size');
    const said = saidIn(text);
    const retryable = this.#retries.retryable({ status, headers }, type || said);
    if (retryable !== undefined) return retryable;
    const proxy = status === 407 ? proxyFor(new URL(this.url)) : undefined;
    const fault = proxy && proxyFault('the proxy responded 407', proxy);
    if (fault !== undefined) return new Unavailable(`Elasticsearch at ${this.url} ${fault.reason}: ${fault.remedy}.`);
    if (status === 401)
      return new UserError(
        this.#hasKey
          ? `Elasticsearch at ${this.url} answers 401: it does not accept the key; see elasticsearch-api-key.`
          : `Elasticsearch at ${this.url} answers 401: it wants a key; give one in elasticsearch-api-key.`,
      );
    if (status === 403)
      return new Forbidden(
        `Elasticsearch at ${this.url} answers 403: the key may not read ${this.#index}; give the key of elasticsearch-api-key the privileges read and view_index_metadata on it.`,
      );
    if (!isElasticsearch) return this.#notElasticsearch(`it answers ${status}${inBrackets(said)}`);
    if (type === 'index_not_found_exception')
      return new UserError(
        `Elasticsearch at ${this.url} has no index, alias or data stream ${this.#index}: see elasticsearch-index.`,
      );
    if (type === 'index_closed_exception')
      return new UserError(
        `Elasticsearch at ${this.url} has a closed index in ${this.#index}: open it, or see elasticsearch-index.`,
      );
    return new Refused(
      `Elasticsearch at ${this.url} answers ${status} (${type}: ${refusal.reason}): see elasticsearch-index and elasticsearch-query.`,
    );
  }

  #notElasticsearch(why: string): UserError {
    return new UserError(`There is no Elasticsearch at ${this.url}: ${why}; see elasticsearch-url.`);
  }
}

/** What the client takes for a pool of connections. A dispatcher knows hosts by their origin, without a path. */
function connectionOver(agent: Dispatcher) {
  const request = (options: Dispatcher.RequestOptions & { origin: URL }) =>
    agent.request({ ...options, origin: options.origin.origin }).catch((error: unknown) => {
      const reason = reasonOf(error);
      const { code } = error as NodeJS.ErrnoException;
      // The client has words of its own for an aborted request, which would hide what the proxy responded.
      throw Object.assign(new Error(reason), { code: code === 'UND_ERR_ABORTED' ? undefined : code });
    });
  return { request, close: async () => undefined };
}

/** Undefined where the text is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

const refused = v.object({ type: v.optional(v.string(), ''), reason: v.optional(v.nullable(v.string()), '') });
const refusal = v.object({ error: v.object({ ...refused.entries, root_cause: v.optional(v.array(refused), []) }) });

function refusalOf(status: number, text: string): Refusal {
  const { success, output } = v.safeParse(refusal, jsonOf(text));
  if (!success) return { status, text, type: '', reason: '' };
  const { type, reason } = output.error.root_cause[0] ?? output.error;
  return { status, text, type: sayable(type), reason: sayable(reason ?? '') };
}
