import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request that a service answered. */
export interface Call {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Of a JSON protocol's request: `DynamoDB_20120810.Query`. */
  readonly target: string | undefined;
  readonly body: Buffer;
  readonly status: number;
}

/** Stands before a service on the loopback interface, hands everything on and keeps what was asked. */
export class Recorder {
  readonly url: string;
  readonly calls: Call[] = [];
  readonly #service: string;
  readonly #server: Server;

  private constructor(service: string, server: Server) {
    this.#service = service;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (incoming, response) => void this.#handOn(incoming, response));
  }

  static async start(service: string): Promise<Recorder> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Recorder(service, server);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handOn(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    try {
      const body = await buffer(incoming);
      const onward = request(new URL(path, this.#service), { method, headers });
      onward.end(body);
      const [reply] = (await once(onward, 'response')) as [IncomingMessage];
      const target = headers['x-amz-target'];
      this.calls.push({ method, path, target: target?.toString(), body, status: reply.statusCode! });
      response.writeHead(reply.statusCode!, reply.headers);
      reply.on('error', () => response.destroy()).pipe(response);
    } catch {
      // Whoever asked finds the connection broken, as it would be without a recorder.
      response.destroy();
    }
  }
}
