import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A host without a DNS name that is reachable only through a proxy, with a certificate of a private authority. */
export class PrivateNetwork {
  static readonly host = 'surveillance.internal.example.com';
  /** PEM file of the authority. */
  readonly authority: string;
  /** Hosts and ports of the proxy's CONNECT requests. */
  readonly asked: string[] = [];
  readonly #proxy: Server;
  readonly #gateway: Server;

  private constructor(authority: string, proxy: Server, gateway: Server) {
    this.authority = authority;
    this.#proxy = proxy;
    this.#gateway = gateway;
  }

  /** Puts a plain server behind TLS and a proxy; certificate files go to `folder`. */
  static async around(url: string, folder: string): Promise<PrivateNetwork> {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${PrivateNetwork.host}`],
      ...['-addext', `subjectAltName=DNS:${PrivateNetwork.host}`, '-keyout', key, '-out', certificate],
    ]);
    const gateway = createTlsServer(
      { key: await readFile(key), cert: await readFile(certificate) },
      async ({ url: path, headers }, response) => {
        const answer = await fetch(new URL(path!, url), { headers: { authorization: headers.authorization ?? '' } });
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      },
    );
    const proxy = createServer();
    const network = new PrivateNetwork(certificate, proxy, gateway);
    proxy.on('connect', ({ url: asked }, client) => {
      network.asked.push(asked!);
      const tunnel = connect(portOf(gateway), '127.0.0.1', () => client.write('HTTP/1.1 200 Connected\r\n\r\n'));
      tunnel.pipe(client).pipe(tunnel);
      for (const [one, other] of [
        [client, tunnel],
        [tunnel, client],
      ] as const)
        one.on('error', () => other.destroy());
    });
    for (const server of [gateway, proxy]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return network;
  }

  get proxy(): string {
    return `http://127.0.0.1:${portOf(this.#proxy)}`;
  }

  close(): void {
    for (const server of [this.#proxy, this.#gateway]) {
      server.close();
      server.closeAllConnections();
    }
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
