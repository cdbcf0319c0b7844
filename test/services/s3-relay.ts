import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A request that came to the relay. */
export interface Relayed {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What the service answered. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What happens to one request; `forward` sends it on, now or never. */
export type Fate = (forward: () => Promise<Reply>, response: ServerResponse) => Promise<unknown>;

export interface Relay {
  readonly url: string;
  readonly requests: readonly Relayed[];
}

/**
 * A server on the loopback interface that sends requests on to a service, or does to them what a network can do. It ends
 * with the test in hand.
 * @param fateOf what happens to a request, the n-th of its method, from 1; undefined: it is answered
 */
export async function relayTo(
  service: string,
  fateOf: (request: Relayed, n: number) => Fate | undefined,
): Promise<Relay> {
  const requests: Relayed[] = [];
  const server = createServer(async (incoming, response) => {
    const relayed = { method: incoming.method!, url: incoming.url!, headers: incoming.headers };
    requests.push(relayed);
    const n = requests.filter(({ method }) => method === relayed.method).length;
    const forward = await forwarding(service, incoming).catch(() => undefined);
    // The client may be gone before its request is whole.
    if (forward !== undefined) await (fateOf(relayed, n) ?? answered)(forward, response);
  });
  server.on('checkContinue', (incoming, response) => {
    response.writeContinue();
    server.emit('request', incoming, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

async function forwarding(service: string, incoming: IncomingMessage): Promise<() => Promise<Reply>> {
  const { method, url, headers } = incoming;
  const body = await buffer(incoming);
  return async () => {
    const outgoing = request(new URL(url!, service), { method: method!, headers, agent: false });
    outgoing.end(body);
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: reply.statusCode!, headers: reply.headers, body: await buffer(reply) };
  };
}

/** As if there were no relay. */
export const answered: Fate = async (forward, response) => reply(response, await forward());

/** An error of S3 in the place of an answer, and the request never arrives. */
export function refused(status: number, code: string): Fate {
  return async (_, response) => refuse(response, status, code);
}

/** The request arrives, and an error takes the place of its answer. */
export function denied(status: number, code: string): Fate {
  return async (forward, response) => {
    await forward();
    refuse(response, status, code);
  };
}

/** The connection breaks before the request arrives. */
export const dropped: Fate = async (_, response) => response.socket?.resetAndDestroy();

/** The request arrives, and the connection breaks before its answer. */
export const lost: Fate = async (forward, response) => {
  await forward();
  response.socket?.resetAndDestroy();
};

/** The request arrives, and its answer never comes. */
export const stalled: Fate = (forward) => forward();

/** The request never arrives, and nobody says so. */
export const swallowed: Fate = async () => undefined;

/** The connection breaks in the middle of the answer's body. */
export const cut: Fate = async (forward, response) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers);
  response.write(body.subarray(0, body.length / 2), () => response.socket?.resetAndDestroy());
};

/** Something else happens first. */
export function preceded(first: () => Promise<unknown>, fate: Fate = answered): Fate {
  return async (forward, response) => {
    await first();
    await fate(forward, response);
  };
}

/** The answer says something else. */
export function edited(edit: (text: string) => string): Fate {
  return async (forward, response) => {
    const { status, body } = await forward();
    response.writeHead(status, { 'content-type': 'text/xml' }).end(edit(body.toString()));
  };
}

function reply(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, headers).end(body);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message></Message></Error>`);
}
