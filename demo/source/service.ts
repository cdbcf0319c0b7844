import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Buffers } from './buffers.ts';
import type { Fault, FaultRule } from './faults.ts';
import { FaultError, Faults, refusalOf } from './faults.ts';
import { Listing } from './listing.ts';
import { Messages } from './messages.ts';
import type { Settings, SourceOptions } from './options.ts';
import { readOptions } from './options.ts';
import type { PageText } from './pages.ts';
import { choosePage, writePage } from './pages.ts';
import { readAsOf, readPageQuery, readTruthRange } from './query.ts';
import { Refusal } from './refusal.ts';
import { Requests } from './requests.ts';
import { sendJson, sendPage } from './send.ts';
import type { Truth } from './truth.ts';
import { truth } from './truth.ts';

const TRUTH_LINES = 100;

/** Handles the requests of a source. */
export class Service {
  readonly settings: Settings;
  readonly messages: Messages;
  readonly faults = new Faults();
  readonly requests = new Requests();
  readonly #listing: Listing;
  readonly #buffers = new Buffers();

  /** @throws OptionError for an invalid option; FaultError for an invalid fault */
  constructor({ faults, ...options }: SourceOptions & { faults?: readonly FaultRule[] }) {
    this.settings = readOptions(options);
    this.faults.replace(faults ?? []);
    this.messages = new Messages(this.settings);
    this.#listing = new Listing(this.messages);
  }

  /** Handles a request. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://source');
      await this.#route(`${request.method} ${pathname}`, searchParams, request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) {
        response.destroy();
      } else {
        const { status, message, headers } = asRefusal(error);
        sendJson(response, status, { error: message }, headers);
      }
    }
  }

  async #route(
    route: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (route === 'GET /messages') return this.#sendMessages(query, request, response);
    this.#authorize(request);
    switch (route) {
      case 'GET /truth':
        return this.#sendTruth(query, response);
      case 'POST /faults':
        this.faults.replace(await readJson(request));
        return sendJson(response, 200, {});
      case 'DELETE /requests':
        this.requests.reset();
        return sendJson(response, 200, {});
      case 'GET /requests':
        return sendJson(response, 200, this.requests.counters());
      default:
        throw new Refusal(404, 'No such resource.');
    }
  }

  #sendMessages(parameters: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const counted = this.requests.begin(parameters.toString());
    response.once('close', counted.ended);
    let failure: Fault | undefined;
    try {
      this.#authorize(request);
      failure = this.faults.failure(parameters);
      const text = this.#page(parameters, failure);
      response.once('close', () => this.#buffers.give(text.buffer));
      counted.answered(200, text.length, failure?.kind);
      sendPage(response, text, failure);
    } catch (error) {
      counted.answered(asRefusal(error).status, 0, failure?.kind);
      throw error;
    }
  }

  /** @throws Refusal if the query is invalid, or the fault is a status code */
  #page(parameters: URLSearchParams, failure: Fault | undefined): PageText {
    const refusal = failure && refusalOf(failure);
    if (refusal) throw refusal;
    const query = readPageQuery(parameters, this.settings);
    const page = choosePage(this.#listing, this.faults, query, parameters);
    return writePage(this.messages, this.#buffers, page, query.asOf);
  }

  async #sendTruth(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const lines = truthLines(truth(this.messages, readAsOf(query, this.settings), readTruthRange(query)));
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    await pipeline(Readable.from(lines), response);
  }

  /** @throws Refusal if the request lacks the token */
  #authorize(request: IncomingMessage): void {
    if (request.headers.authorization === `Bearer ${this.settings.token}`) return;
    throw new Refusal(401, 'The bearer token is missing or invalid.');
  }
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof FaultError) return new Refusal(400, error.message);
  return new Refusal(500, error instanceof Error ? error.message : String(error));
}

/** Yields NDJSON in chunks of many lines. A timestamp is a number of µs, which a double represents exactly. */
function* truthLines(truths: Iterable<Truth>): Generator<string> {
  let lines: string[] = [];
  for (const each of truths) {
    lines.push(`${JSON.stringify({ ...each, timestamp: Number(each.timestamp) })}\n`);
    if (lines.length < TRUTH_LINES) continue;
    yield lines.join('');
    lines = [];
  }
  if (lines.length > 0) yield lines.join('');
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  try {
    return await json(request);
  } catch {
    throw new FaultError('Fault rules must be valid JSON.');
  }
}
