import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A proxy on the loopback interface, through which hosts are reached by CONNECT; where they really are, it alone knows. */
export class ForwardProxy {
  readonly url: string;
  /** The hosts that were asked for, with their ports. */
  readonly asked = new Set<string>();
  readonly #hosts: Readonly<Record<string, string>>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, hosts: Readonly<Record<string, string>>) {
    this.#server = server;
    this.#hosts = hosts;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connect', (request, socket, head) => this.#tunnel(request, socket as Socket, head));
  }

  /** @param hosts by name, the URL of each */
  static async start(hosts: Readonly<Record<string, string>>): Promise<ForwardProxy> {
    const server = createServer((_, response) => response.writeHead(405).end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ForwardProxy(server, hosts);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #tunnel({ url = '' }: IncomingMessage, client: Socket, head: Buffer): void {
    this.asked.add(url);
    const there = this.#hosts[url.replace(/:\d+$/, '')];
    if (there === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const host = connect(Number(new URL(there).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      host.write(head);
      client.pipe(host).pipe(client);
    });
    for (const [one, other] of [
      [client, host],
      [host, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
