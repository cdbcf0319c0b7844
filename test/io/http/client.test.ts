import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpClient, type HttpLimits } from '../../../src/io/http/client.ts';
import { Unavailable } from '../../../src/io/ports.ts';
import { BufferPool } from '../../../src/memory/buffer-pool.ts';
import { TestClock } from '../../support/clock.ts';
import { failureOf } from '../../support/failure.ts';
import { type TestServer, testServer } from '../../support/http-server.ts';
import { WatchedMemory } from '../../support/watched-memory.ts';

const headers = { authorization: 'Bearer a-token-that-nobody-may-see' };
const remedies: Readonly<Record<number, string>> = {
  204: 'it sent no content where JSON was expected; check the URL and the query',
  403: 'see the-input',
};
const bodyBytesMax = 2 ** 17;
const body = Buffer.from('{"total":0,"messages":[]} and some more: '.repeat(500));

function clientOf(clock = new TestClock(), limits: Partial<HttpLimits> = {}): HttpClient {
  const client = new HttpClient(
    'The test',
    clock,
    { bodyBytesMax, stallMs: 2_000, ...limits },
    new BufferPool(2 ** 20),
  );
  onTestFinished(() => client.close());
  return client;
}

function get(client: HttpClient, { url }: TestServer): Promise<Buffer> {
  return client.get(url, headers, { 403: 'see the-input' }).then((bytes) => Buffer.from(bytes));
}

function refuse(response: ServerResponse, status: number, retryAfter?: string | number): void {
  response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }).end();
}

describe('HttpClient reads', () => {
  it('a body of any length, told or not', async () => {
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

  it('a longer body than the one whose buffer it takes, and a shorter one', async () => {
    const bodies = [9, 50_000, 10].map((length) => Buffer.alloc(length, length));
    const server = await testServer((response, count) => response.end(bodies[count - 1]));
    const memory = new BufferPool(2 ** 20);
    const client = new HttpClient('The test', new TestClock(), { bodyBytesMax }, memory);
    for (const each of bodies) {
      const bytes = await client.get(server.url, headers, {});
      expect(Buffer.from(bytes)).toEqual(each);
      memory.give(bytes.buffer);
    }
    await client.close();
  });

  it('a compressed body, and keeps the memory of what it takes in alone', async () => {
    const server = await testServer((response, count) => {
      const bytes = count === 1 ? Buffer.from('damaged') : gzipSync(body);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);
    });
    const memory = new WatchedMemory();
    const client = new HttpClient('The test', new TestClock(), { bodyBytesMax }, memory);
    const bytes = await client.get(server.url, headers, {});
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

  it('a body again that was damaged on its way', async () => {
    const server = await testServer((response, count) => {
      const bytes = gzipSync(body);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(count === 1 ? bytes.subarray(0, 60) : bytes);
    });
    expect(await get(clientOf(), server)).toEqual(body);
    expect(server.requests).toHaveLength(2);
  });
});

describe('HttpClient refuses', () => {
  it('a server that speaks no TLS, and asks it once', async () => {
    const { url } = await testServer((response) => response.end(body));
    const clock = new TestClock();
    const secure = new URL(url.href.replace('http:', 'https:'));
    expect(await failureOf(clientOf(clock).get(secure, headers, {}))).toBe(
      `The test at ${secure.href} speaks no TLS, ERR_SSL_WRONG_VERSION_NUMBER: see scheme and port of its address, \`http://\` perhaps, and those of the proxy if there is one.`,
    );
    expect(clock.waits).toEqual([]);
  });

  it('a body that says it is too long', async () => {
    const server = await testServer((response) => {
      response.writeHead(200, { 'content-length': bodyBytesMax + 1 }).end(Buffer.alloc(bodyBytesMax + 1));
    });
    expect(await failureOf(get(clientOf(), server))).toContain('sent more than 0.125 MiB in one answer');
    expect(server.requests).toHaveLength(1);
  });

  it('a body that grows too long', async () => {
    const server = await testServer((response) => response.end(Buffer.alloc(bodyBytesMax + 1)));
    expect(await failureOf(get(clientOf(), server))).toContain('sent more than');
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('a body of %s that unpacks to one that is too long', async (encoding, encode) => {
    const bytes = encode(Buffer.alloc(bodyBytesMax + 1));
    const server = await testServer((response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes));
    expect(await failureOf(get(clientOf(), server))).toContain('sent more than');
    expect(server.requests).toHaveLength(1);
  });

  it('an encoding that it did not ask for', async () => {
    const server = await testServer((response) => response.writeHead(200, { 'content-encoding': 'compress' }).end('x'));
    expect(await failureOf(get(clientOf(), server))).toContain('"compress"');
  });

  it.each([301, 302, 307, 308])('to follow a %i', async (status) => {
    const elsewhere = await testServer((response) => response.end(body));
    const server = await testServer((response) => response.writeHead(status, { location: elsewhere.url.href }).end());
    expect(await failureOf(get(clientOf(), server))).toContain(`answers ${status}: it points elsewhere`);
    expect(server.requests).toHaveLength(1);
    expect(elsewhere.requests).toHaveLength(0);
  });

  it.each([204, 400, 401, 403, 404, 410, 422, 501, 505, 511])(
    'a %i, which it does not ask for again',
    async (status) => {
      const server = await testServer((response) => refuse(response, status));
      const clock = new TestClock();
      const message = await failureOf(get(clientOf(clock), server));
      expect(message).toBe(
        `The test at ${server.url} answers ${status}: ${remedies[status] ?? 'see what it expects'}.`,
      );
      expect(server.requests).toHaveLength(1);
      expect(clock.waits).toEqual([]);
    },
  );

  it('to wait for longer than is sensible', async () => {
    const clock = new TestClock();
    const server = await testServer((response) => refuse(response, 503, 901));
    const failure = get(clientOf(clock), server);
    await expect(failure).rejects.toBeInstanceOf(Unavailable);
    expect(await failureOf(failure)).toBe(
      `The test at ${server.url} answers 503 and is unavailable until 2024-07-01T00:15:01.000Z, longer than the 15 min that this command waits: re-run after that.`,
    );
    expect(server.requests).toHaveLength(1);
    expect(clock.waits).toEqual([]);
  });

  it('to name what is secret', async () => {
    const server = await testServer((response) => refuse(response, 404));
    const url = new URL('?key=hush', server.url);
    const message = await failureOf(clientOf().get(url, headers, {}));
    expect(message).not.toMatch(/hush|nobody/);
  });
});

describe('HttpClient tries again', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('a bounded number of times after a %i', async (status) => {
    const server = await testServer((response) => refuse(response, status));
    const clock = new TestClock();
    expect(await failureOf(get(clientOf(clock), server))).toBe(
      `The test at ${server.url} answers ${status}, 7 times in a row: see whether it is well, then run again.`,
    );
    expect(server.requests).toHaveLength(7);
    expect(clock.waits).toHaveLength(6);
    await expect(get(clientOf(), server)).rejects.toBeInstanceOf(Unavailable);
  });

  it.each([
    [0, [0, 0, 0, 0, 0, 0]],
    [0.5, [500, 1_000, 2_000, 4_000, 8_000, 15_000]],
    [0.999, [999, 1_998, 3_996, 7_992, 15_984, 29_970]],
  ])('after waits drawn from ever larger ranges, at chance %d', async (chance, waits) => {
    const server = await testServer((response) => refuse(response, 500));
    const clock = new TestClock(chance);
    await failureOf(get(clientOf(clock), server));
    expect(clock.waits).toEqual(waits);
  });

  it.each([429, 503])('a %i no sooner than Retry-After says, in seconds', async (status) => {
    const server = await testServer((response, count) =>
      count === 1 ? refuse(response, status, 7) : response.end('x'),
    );
    const clock = new TestClock();
    await get(clientOf(clock), server);
    expect(clock.waits).toEqual([7_000]);
  });

  it.each([429, 503])('a %i no sooner than Retry-After says, as a date', async (status) => {
    const clock = new TestClock();
    const date = new Date(clock.now() + 12_000).toUTCString();
    const server = await testServer((response, count) =>
      count === 1 ? refuse(response, status, date) : response.end('x'),
    );
    await get(clientOf(clock), server);
    expect(clock.waits).toEqual([12_000]);
  });

  it.each(['0', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon', '-5', ''])(
    'after a wait of its own where Retry-After is "%s"',
    async (text) => {
      const server = await testServer((response, count) =>
        count === 1 ? refuse(response, 429, text) : response.end('x'),
      );
      const clock = new TestClock();
      await get(clientOf(clock), server);
      expect(clock.waits).toEqual([10_000]);
    },
  );

  it('after a connection was cut, before and in an answer', async () => {
    const server = await testServer((response, count) => {
      if (count === 1) return response.socket?.resetAndDestroy();
      if (count > 2) return response.end(body);
      response.writeHead(200, { 'content-length': body.length });
      return response.write(body.subarray(0, 1_000), () => response.socket?.resetAndDestroy());
    });
    expect(await get(clientOf(), server)).toEqual(body);
    expect(server.requests).toHaveLength(3);
  });

  it('where a body drips for too long, though it never stands still', async () => {
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
    expect(await failureOf(get(clientOf(new TestClock(), { bodyMsMax: 20 }), always))).toContain(
      'broke off in mid-answer (it came too slowly), 7 times in a row',
    );
  });

  it('where nobody listens', async () => {
    const server = await testServer(() => undefined);
    await server.close();
    expect(await failureOf(get(clientOf(), server))).toContain('cannot be reached (ECONNREFUSED), 7 times in a row');
  });

  it('lets every request wait once the host was busy', async () => {
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

  it('lets only the one wait that met a 503', async () => {
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
