import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestTo,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { answered } from './fates.ts';

/** A request that a relay received. */
export interface Relayed {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The service's status code; undefined until it responds. */
  status: number | undefined;
}

/** A response of the service. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Handles one request; `forward` sends it to the service. */
export type Fate = (forward: () => Promise<Reply>, response: ServerResponse) => Promise<unknown>;

/** Chooses the fate of a request, the n-th of its method from 1; undefined: it is forwarded. */
export type FateOf = (request: Relayed, n: number) => Fate | undefined | Promise<Fate | undefined>;

/** A certificate and its key, in PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/**
 * A server on the loopback interface that forwards requests to a service, or does to them what a network can do, and records
 * them.
 */
export class Relay {
  readonly url: string;
  /** In the order in which they came. */
  readonly requests: Relayed[] = [];
  readonly #service: string;
  readonly #fateOf: FateOf;
  readonly #server: Server;

  private constructor(service: string, fateOf: FateOf, server: Server, scheme: string) {
    this.#service = service;
    this.#fateOf = fateOf;
    this.#server = server;
    this.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (incoming, response) => {
      // The client may disconnect before its request is complete, or the service may be down: the connection breaks.
      this.#handle(incoming, response).catch(() => response.destroy());
    });
  }

  /** @param identity its certificate; absent: no TLS */
  static async start(service: string, fateOf: FateOf = () => undefined, identity?: Identity): Promise<Relay> {
    const server = identity === undefined ? createServer() : createTlsServer(identity);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Relay(service, fateOf, server, identity === undefined ? 'http' : 'https');
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers } = incoming;
    const relayed: Relayed = {
      method: method!,
      path: url!,
      headers,
      body: await buffer(incoming),
      status: undefined,
    };
    this.requests.push(relayed);
    const n = this.requests.filter((each) => each.method === method).length;
    const fate = (await this.#fateOf(relayed, n)) ?? answered;
    await fate(() => this.#forward(relayed), response);
  }

  async #forward(relayed: Relayed): Promise<Reply> {
    const { method, path, headers, body } = relayed;
    const outgoing = requestTo(new URL(path, this.#service), { method, headers, agent: false });
    outgoing.end(body);
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    relayed.status = reply.statusCode!;
    return { status: relayed.status, headers: reply.headers, body: await buffer(reply) };
  }
}

/** A {@link Relay} that is closed at the end of the test. */
export async function relayTo(service: string, fateOf: FateOf): Promise<Relay> {
  const relay = await Relay.start(service, fateOf);
  onTestFinished(() => relay.close());
  return relay;
}
