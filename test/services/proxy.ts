import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A request that came to the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** What the server answered, whether or not the client got it; nothing before it did, or where it was not asked. */
  status: number | undefined;
  /** The request's body, where the proxy keeps bodies. */
  body: Buffer | undefined;
}

/** What goes wrong with a request. */
export type Fault =
  /** The proxy answers itself; the server never sees the request. */
  | { readonly answer: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** The server never sees the request, and the connection breaks. */
  | { readonly drop: 'request' }
  /** The server has done what was asked, and the connection breaks before a byte of its reply. */
  | { readonly drop: 'reply' }
  /** The reply's body breaks off after so many bytes. */
  | { readonly cutAfterBytes: number }
  /** The server sees the request so many ms later. */
  | { readonly delayMs: number };

interface Rule {
  readonly fault: Fault;
  readonly matches: (request: ProxiedRequest) => boolean;
  readonly nth: number;
  readonly times: number;
  seen: number;
}

/** Stands before an HTTP server on the loopback interface, and hands bodies on as they come. It ends with the test in hand. */
export class FaultyProxy {
  /** Where it listens: `http://127.0.0.1:port`. */
  readonly url: string;
  /** Those that came, the first one first. */
  readonly requests: ProxiedRequest[] = [];
  readonly #server: Server;
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #rules: Rule[] = [];
  readonly #keepBodies: boolean;
  readonly #closing = new AbortController();

  private constructor(server: Server, target: URL, keepBodies: boolean) {
    this.#server = server;
    this.#target = target;
    this.#keepBodies = keepBodies;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.#handle(request, response, false));
    server.on('checkContinue', (request, response) => this.#handle(request, response, true));
  }

  /** @param target the server's URL, of which the origin is used */
  static async start(target: string, { keepBodies = false } = {}): Promise<FaultyProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new FaultyProxy(server, new URL(target), keepBodies);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  /**
   * Has the n-th request from now on that matches (the first one, where not said) go wrong, and the `times - 1` after it.
   * Of several faults for one request the one that was injected first happens.
   */
  inject(fault: Fault, { matches = () => true, nth = 1, times = 1 }: Partial<Omit<Rule, 'fault' | 'seen'>> = {}): void {
    this.#rules.push({ fault, matches, nth, times, seen: 0 });
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#closing.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const proxied: ProxiedRequest = { method, path, headers, status: undefined, body: undefined };
    this.requests.push(proxied);
    const fault = this.#faultOf(proxied);
    if (fault && 'answer' in fault) answer(request, response, fault, expectsContinue);
    else if (fault && 'drop' in fault && fault.drop === 'request') request.destroy();
    else if (!(fault && 'delayMs' in fault) || (await this.#delayed(fault.delayMs))) {
      this.#handOn(request, response, proxied, fault, expectsContinue);
    }
  }

  #handOn(
    request: IncomingMessage,
    response: ServerResponse,
    proxied: ProxiedRequest,
    fault: Fault | undefined,
    expectsContinue: boolean,
  ): void {
    const { method, path } = proxied;
    const onward = requestOf(this.#target, {
      agent: this.#agent,
      method,
      path,
      headers: request.rawHeaders,
      setHost: false,
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => !response.writableFinished && onward.destroy());
    onward.on('response', (reply) => {
      proxied.status = reply.statusCode;
      giveBack(reply, response, fault);
    });
    if (this.#keepBodies) keepBody(request, proxied);
    send(request, response, onward, expectsContinue);
  }

  /** Every rule counts the requests that match it, also those to which an earlier rule applies. */
  #faultOf(request: ProxiedRequest): Fault | undefined {
    const due = this.#rules.filter((rule) => {
      if (!rule.matches(request)) return false;
      rule.seen += 1;
      return rule.seen >= rule.nth && rule.seen < rule.nth + rule.times;
    });
    return due[0]?.fault;
  }

  /** Waits; false where the proxy was closed meanwhile. */
  async #delayed(ms: number): Promise<boolean> {
    return delay(ms, true, { signal: this.#closing.signal }).catch(() => false);
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { answer: status, headers, body }: Extract<Fault, { answer: number }>,
  expectsContinue: boolean,
): void {
  const reply = () => void response.writeHead(status, headers).end(body);
  if (expectsContinue) {
    response.setHeader('connection', 'close');
    reply();
  } else {
    request.on('end', reply).resume();
  }
}

/** A client that asks first sends its body only when the server lets it. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  onward: ClientRequest,
  expectsContinue: boolean,
): void {
  if (!expectsContinue) {
    request.pipe(onward);
    return;
  }
  onward.on('continue', () => {
    response.writeContinue();
    request.pipe(onward);
  });
  onward.flushHeaders();
}

function giveBack(reply: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
  reply.on('error', () => response.destroy());
  if (fault && 'drop' in fault) {
    reply.on('end', () => response.destroy()).resume();
    return;
  }
  response.writeHead(reply.statusCode!, reply.statusMessage, reply.rawHeaders);
  if (fault && 'cutAfterBytes' in fault) cut(reply, response, fault.cutAfterBytes);
  else reply.pipe(response);
}

function cut(reply: IncomingMessage, response: ServerResponse, bytesMax: number): void {
  let bytesLeft = bytesMax;
  const breakOff = () => {
    response.flushHeaders();
    response.socket?.destroySoon();
    reply.destroy();
  };
  if (bytesLeft === 0) breakOff();
  reply.on('data', (chunk: Buffer) => {
    if (bytesLeft === 0) return;
    response.write(chunk.subarray(0, bytesLeft));
    bytesLeft -= Math.min(bytesLeft, chunk.length);
    if (bytesLeft === 0) breakOff();
  });
  reply.on('end', () => bytesLeft > 0 && response.end());
}

function keepBody(request: IncomingMessage, proxied: ProxiedRequest): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    proxied.body = Buffer.concat(chunks);
  });
}
