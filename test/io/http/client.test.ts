import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpClient, type HttpLimits } from '../../../src/io/http/client.ts';
import { Unavailable } from '../../../src/io/ports.ts';
import { BufferPool } from '../../../src/memory/buffer-pool.ts';
import { TestClock } from '../../support/clock.ts';
import { errorOf, failureOf } from '../../support/failure.ts';
import { type TestServer, testServer } from '../../support/http-server.ts';
import { WatchedMemory } from '../../support/watched-memory.ts';

const headers = { authorization: 'Bearer a-token-that-nobody-may-see' };
const hints = { 403: 'check the-input' };
const bodyBytesMax = 2 ** 17;
const body = Buffer.from('{"total":0,"messages":[]} and some more: '.repeat(500));

function clientOf(clock = new TestClock(), limits: Partial<HttpLimits> = {}): HttpClient {
  const client = new HttpClient({
    name: 'The test',
    clock,
    limits: { bodyBytesMax, stallMs: 2_000, ...limits },
    memory: new BufferPool(2 ** 20),
  });
  onTestFinished(() => client.close());
  return client;
}

function get(client: HttpClient, { url }: TestServer): Promise<Buffer> {
  return client.get(url, headers, hints).then((bytes) => Buffer.from(bytes));
}

function refuse(response: ServerResponse, status: number, retryAfter?: string | number): void {
  response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }).end();
}

describe('HttpClient.get reads', () => {
  it('the target of a redirect within the origin', async () => {
    const server = await testServer((response, count) =>
      count === 1 ? response.writeHead(301, { location: '/elsewhere' }).end() : response.end(body),
    );
    expect(await get(clientOf(), server)).toEqual(body);
    expect(server.requests.map(({ url }) => url)).toEqual([server.url.pathname, '/elsewhere']);
    expect(server.requests[1]!.headers).toMatchObject(headers);
  });

  it('a body of any length, with and without content-length', async () => {
    const bodies = [Buffer.alloc(0), Buffer.from('x'), body, Buffer.alloc(bodyBytesMax, 7)];
    const server = await testServer((response, count) => {
      const each = bodies[(count - 1) >> 1]!;
      if (count % 2 === 0) response.setHeader('content-length', each.length);
      else response.flushHeaders();
      response.end(each);
    });
    const client = clientOf();
    for (const each of bodies) {
      expect(await get(client, server)).toEqual(each);
      expect(await get(client, server)).toEqual(each);
    }
  });

  it('bodies that are longer and shorter than the buffer of the one before', async () => {
    const bodies = [9, 50_000, 10].map((length) => Buffer.alloc(length, length));
    const server = await testServer((response, count) => response.end(bodies[count - 1]));
    const memory = new BufferPool(2 ** 20);
    const client = new HttpClient({ name: 'The test', clock: new TestClock(), limits: { bodyBytesMax }, memory });
    for (const each of bodies) {
      const bytes = await client.get(server.url, headers, hints);
      expect(Buffer.from(bytes)).toEqual(each);
      memory.give(bytes.buffer);
    }
    await client.close();
  });

  it('a compressed body, and returns the buffers of the compressed one', async () => {
    const server = await testServer((response, count) => {
      const bytes = count === 1 ? Buffer.from('damaged') : gzipSync(body);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);
    });
    const memory = new WatchedMemory();
    const client = new HttpClient({ name: 'The test', clock: new TestClock(), limits: { bodyBytesMax }, memory });
    const bytes = await client.get(server.url, headers, hints);
    expect(Buffer.from(bytes)).toEqual(body);
    expect([memory.taken, memory.out]).toEqual([3, 1]);
    memory.give(bytes.buffer);
    await client.close();
  });

  it.each([
    ['gzip', gzipSync],
    [
      'gzip in two parts',
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 99)), gzipSync(bytes.subarray(99))]),
    ],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (bytes: Buffer) => bytes],
  ] as const)('a body encoded as %s', async (encoding, encode) => {
    const server = await testServer((response) =>
      response.writeHead(200, { 'content-encoding': encoding.split(' ')[0] }).end(encode(body)),
    );
    expect(await get(clientOf(), server)).toEqual(body);
    expect(server.requests[0]!.headers).toMatchObject({
      'accept-encoding': 'gzip',
      accept: 'application/json',
      ...headers,
    });
  });

  it('a body again that arrived damaged', async () => {
    const server = await testServer((response, count) => {
      const bytes = gzipSync(body);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(count === 1 ? bytes.subarray(0, 60) : bytes);
    });
    expect(await get(clientOf(), server)).toEqual(body);
    expect(server.requests).toHaveLength(2);
  });
});

describe('HttpClient.get fails on', () => {
  it('a server without TLS, after one request', async () => {
    const { url } = await testServer((response) => response.end(body));
    const clock = new TestClock();
    const secure = new URL(url.href.replace('http:', 'https:'));
    expect(await errorOf(clientOf(clock).get(secure, headers, hints))).toMatchObject({
      code: 'tls-invalid',
      message: expect.stringMatching(/^The test at https:.*\(ERR_SSL_WRONG_VERSION_NUMBER\)/),
    });
    expect(clock.waits).toEqual([]);
  });

  it('a content-length beyond the limit', async () => {
    const server = await testServer((response) => {
      response.writeHead(200, { 'content-length': bodyBytesMax + 1 }).end(Buffer.alloc(bodyBytesMax + 1));
    });
    expect(await errorOf(get(clientOf(), server))).toMatchObject({
      code: 'source-limit',
      message: expect.stringContaining('0.125 MiB'),
    });
    expect(server.requests).toHaveLength(1);
  });

  it('a body that grows beyond the limit', async () => {
    const server = await testServer((response) => response.end(Buffer.alloc(bodyBytesMax + 1)));
    expect(await errorOf(get(clientOf(), server))).toMatchObject({ code: 'source-limit' });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('a %s body that decompresses beyond the limit', async (encoding, encode) => {
    const bytes = encode(Buffer.alloc(bodyBytesMax + 1));
    const server = await testServer((response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes));
    expect(await errorOf(get(clientOf(), server))).toMatchObject({ code: 'source-limit' });
    expect(server.requests).toHaveLength(1);
  });

  it('an encoding that it did not accept', async () => {
    const server = await testServer((response) => response.writeHead(200, { 'content-encoding': 'compress' }).end('x'));
    expect(await errorOf(get(clientOf(), server))).toMatchObject({
      code: 'source-response-invalid',
      message: expect.stringContaining('"compress"'),
    });
  });

  it.each([301, 302, 307, 308])('a redirect (%i), which it does not follow', async (status) => {
    const elsewhere = await testServer((response) => response.end(body));
    const server = await testServer((response) => response.writeHead(status, { location: elsewhere.url.href }).end());
    expect(await errorOf(get(clientOf(), server))).toMatchObject({
      code: 'source-refused',
      status,
      message: expect.stringContaining(elsewhere.url.href),
    });
    expect(server.requests).toHaveLength(1);
    expect(elsewhere.requests).toHaveLength(0);
  });

  it.each([204, 400, 401, 403, 404, 410, 422, 501, 505, 511])('a %i, which it does not retry', async (status) => {
    const server = await testServer((response) => refuse(response, status));
    const clock = new TestClock();
    const error = await errorOf(get(clientOf(clock), server));
    const code = status === 401 || status === 403 ? 'source-unauthorized' : 'source-refused';
    expect(error).toMatchObject({ code, status });
    expect(error.message).toContain(`The test at ${server.url} responded ${status}. `);
    if (status === 403) expect(error.message).toMatch(/\. Check the-input\.$/);
    expect(server.requests).toHaveLength(1);
    expect(clock.waits).toEqual([]);
  });

  it('a Retry-After of more than 15 minutes', async () => {
    const clock = new TestClock();
    const server = await testServer((response) => refuse(response, 503, 901));
    const error = await errorOf(get(clientOf(clock), server));
    expect(error).toBeInstanceOf(Unavailable);
    expect(error).toMatchObject({
      code: 'source-unavailable',
      status: undefined,
      message: expect.stringContaining('2024-07-01T00:15:01.000Z'),
    });
    expect(server.requests).toHaveLength(1);
    expect(clock.waits).toEqual([]);
  });

  it('a URL without showing its query or the headers', async () => {
    const server = await testServer((response) => refuse(response, 404));
    const url = new URL('?key=hush', server.url);
    const message = await failureOf(clientOf().get(url, headers, hints));
    expect(message).not.toMatch(/hush|nobody/);
  });
});

describe('HttpClient.get retries', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('a %i in 7 attempts', async (status) => {
    const server = await testServer((response) => refuse(response, status));
    const clock = new TestClock();
    const error = await errorOf(get(clientOf(clock), server));
    expect(error).toBeInstanceOf(Unavailable);
    expect(error).toMatchObject({ code: 'source-unavailable', status });
    expect(error.message).toContain(`${server.url} responded ${status} after 7 attempts`);
    expect(server.requests).toHaveLength(7);
    expect(clock.waits).toHaveLength(6);
  });

  it.each([
    [0, [0, 0, 0, 0, 0, 0]],
    [0.5, [500, 1_000, 2_000, 4_000, 8_000, 15_000]],
    [0.999, [999, 1_998, 3_996, 7_992, 15_984, 29_970]],
  ])('with full-jitter backoff, at random %d', async (chance, waits) => {
    const server = await testServer((response) => refuse(response, 500));
    const clock = new TestClock(chance);
    await failureOf(get(clientOf(clock), server));
    expect(clock.waits).toEqual(waits);
  });

  it.each([429, 503])('a %i after the seconds of Retry-After', async (status) => {
    const server = await testServer((response, count) =>
      count === 1 ? refuse(response, status, 7) : response.end('x'),
    );
    const clock = new TestClock();
    await get(clientOf(clock), server);
    expect(clock.waits).toEqual([7_000]);
  });

  it.each([429, 503])('a %i after the date of Retry-After', async (status) => {
    const clock = new TestClock();
    const date = new Date(clock.now() + 12_000).toUTCString();
    const server = await testServer((response, count) =>
      count === 1 ? refuse(response, status, date) : response.end('x'),
    );
    await get(clientOf(clock), server);
    expect(clock.waits).toEqual([12_000]);
  });

  it.each(['0', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon', '-5', ''])(
    'a 429 after 10 s if Retry-After is "%s"',
    async (text) => {
      const server = await testServer((response, count) =>
        count === 1 ? refuse(response, 429, text) : response.end('x'),
      );
      const clock = new TestClock();
      await get(clientOf(clock), server);
      expect(clock.waits).toEqual([10_000]);
    },
  );

  it('a connection that was reset before and within a response', async () => {
    const server = await testServer((response, count) => {
      if (count === 1) return response.socket?.resetAndDestroy();
      if (count > 2) return response.end(body);
      response.writeHead(200, { 'content-length': body.length });
      return response.write(body.subarray(0, 1_000), () => response.socket?.resetAndDestroy());
    });
    expect(await get(clientOf(), server)).toEqual(body);
    expect(server.requests).toHaveLength(3);
  });

  it('a body that takes too long without stalling', async () => {
    const server = await testServer((response, count) => {
      if (count > 2) return response.end(body);
      const drip = setInterval(() => response.write('x'), 5);
      return response.on('close', () => clearInterval(drip));
    });
    expect(await get(clientOf(new TestClock(), { bodyMsMax: 100 }), server)).toEqual(body);
    expect(server.requests.length).toBeGreaterThan(2);
    const always = await testServer((response) => {
      const drip = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(drip));
    });
    expect(await errorOf(get(clientOf(new TestClock(), { bodyMsMax: 20 }), always))).toMatchObject({
      code: 'source-unreachable',
      message: expect.stringContaining('after 7 attempts (the body took too long)'),
    });
  });

  it('a port without a server', async () => {
    const server = await testServer(() => undefined);
    await server.close();
    expect(await errorOf(get(clientOf(), server))).toMatchObject({
      code: 'source-unreachable',
      message: expect.stringContaining('after 7 attempts (ECONNREFUSED)'),
    });
  });

  it('and pauses every request to the host after a 429', async () => {
    const server = await testServer((response, count) => (count === 1 ? refuse(response, 429, 60) : response.end('x')));
    const clock = new TestClock();
    const client = clientOf(clock);
    clock.hold();
    const first = get(client, server);
    await expect.poll(() => clock.waits.length).toBe(1);
    const others = [get(client, server), get(client, server)];
    await expect.poll(() => clock.waits.length).toBe(3);
    expect(server.requests).toHaveLength(1);
    clock.release();
    await Promise.all([first, ...others]);
    expect(clock.waits).toEqual([60_000, 60_000, 60_000]);
    expect(server.requests).toHaveLength(4);
  });

  it('and pauses only the request that received a 503', async () => {
    const server = await testServer((response, count) => (count === 1 ? refuse(response, 503, 60) : response.end('x')));
    const clock = new TestClock();
    const client = clientOf(clock);
    clock.hold();
    const first = get(client, server);
    await expect.poll(() => clock.waits.length).toBe(1);
    await get(client, server);
    expect(server.requests).toHaveLength(2);
    clock.release();
    await first;
  });
});
