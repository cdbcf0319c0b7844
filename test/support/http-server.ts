import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestServer {
  readonly url: URL;
  /** Received requests, in order. */
  readonly requests: readonly IncomingMessage[];
  close(): Promise<void>;
}

/** Responds to a request; `count` is its number, from 1. */
export type Answer = (response: ServerResponse, count: number, request: IncomingMessage) => void;

/** Starts an HTTP server on the loopback interface that is closed after the current test. */
export async function testServer(answer: Answer): Promise<TestServer> {
  const server = await startServer(answer);
  onTestFinished(server.close);
  return server;
}

/** Starts an HTTP server on the loopback interface. The caller must close it. */
export async function startServer(answer: Answer): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(response, requests.length, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/messages`), requests, close };
}
