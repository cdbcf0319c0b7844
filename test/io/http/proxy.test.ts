import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EnvHttpProxyAgent, request } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpClient } from '../../../src/io/http/client.ts';
import { proxyFor } from '../../../src/io/http/proxy.ts';
import { Unavailable } from '../../../src/io/ports.ts';
import { TestClock } from '../../support/clock.ts';
import { errorOf } from '../../support/failure.ts';

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'])
    vi.stubEnv(name, undefined);
});

/** A proxy that responds to every request with a status code, and the number of requests. */
async function proxyWith(status: number) {
  const seen = { count: 0 };
  const proxy = createServer((_, response) => {
    seen.count += 1;
    response.writeHead(status).end();
  });
  proxy.on('connect', (_, socket) => {
    seen.count += 1;
    socket.end(`HTTP/1.1 ${status} Whatever\r\n\r\n`);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  return { port, seen };
}

async function failing(url: string, clock = new TestClock()) {
  const client = new HttpClient({ name: 'The test', clock, limits: { bodyBytesMax: 1_000 } });
  const failed = client.get(new URL(url), {}, {});
  const error = await errorOf(failed);
  await client.close();
  expect(error.message).not.toContain('sesame');
  return error;
}

describe.each(['http://example.test/messages', 'https://example.test/messages'])('a request to %s', (url) => {
  const variable = url.startsWith('https') ? 'HTTPS_PROXY' : 'HTTP_PROXY';

  it('fails at once if the proxy responds 407, and does not show its password', async () => {
    const { port, seen } = await proxyWith(407);
    vi.stubEnv(variable, `http://user:open-sesame@127.0.0.1:${port}`);
    const clock = new TestClock();
    const refused = (what: string) => ({ code: 'proxy-refused', message: expect.stringContaining(what) });
    const rejected = await failing(url, clock);
    expect(rejected).toMatchObject(refused(`http://127.0.0.1:${port} requires authentication (407)`));
    expect(rejected).toMatchObject(refused(`Check the user name and password in ${variable}`));
    vi.stubEnv(variable, `http://127.0.0.1:${port}`);
    expect(await failing(url)).toMatchObject(refused(`Add a user name and password to ${variable}`));
    expect([seen.count, clock.waits]).toEqual([2, []]);
  });

  it('fails at once if the proxy is unreachable', async () => {
    const { port } = await proxyWith(200);
    vi.stubEnv(variable, 'http://user:open-sesame@127.0.0.1:1');
    const clock = new TestClock();
    expect(await failing(url, clock)).toMatchObject({
      code: 'proxy-refused',
      message: expect.stringContaining('the proxy http://127.0.0.1:1 is unreachable (ECONNREFUSED)'),
    });
    expect(clock.waits).toEqual([]);
    expect(port).toBeGreaterThan(1);
  });
});

it('a request fails at once if the proxy refuses the host, and after 7 attempts if the proxy fails', async () => {
  const refusing = await proxyWith(403);
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${refusing.port}`);
  expect(await failing('https://example.test/')).toMatchObject({
    code: 'proxy-refused',
    message: expect.stringContaining(`the proxy http://127.0.0.1:${refusing.port} refused the connection (403)`),
  });
  const broken = await proxyWith(502);
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${broken.port}`);
  expect(await failing('https://example.test/')).toMatchObject({
    code: 'source-unreachable',
    message: expect.stringContaining(`http://127.0.0.1:${broken.port} after 7 attempts (the proxy responded 502)`),
  });
  expect([refusing.seen.count, broken.seen.count]).toEqual([1, 7]);
});

it('a fault of the proxy counts as an unavailable source', async () => {
  vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
  const client = new HttpClient({ name: 'The test', clock: new TestClock(), limits: { bodyBytesMax: 1_000 } });
  await expect(client.get(new URL('http://example.test/'), {}, {})).rejects.toBeInstanceOf(Unavailable);
  await client.close();
});

describe('proxyFor chooses as undici does', () => {
  const named = 'http://127.0.0.1:1';

  it.each([
    ['http://example.test/', ''],
    ['http://example.test/', 'other.test'],
    ['http://example.test/', 'example.test'],
    ['http://a.example.test/', 'example.test'],
    ['http://a.example.test/', '.example.test'],
    ['http://example.test/', '*.example.test'],
    ['http://a.example.test/', 'x.test, *.example.test'],
    ['http://badexample.test/', 'example.test'],
    ['http://example.test:8080/', 'example.test:8080'],
    ['http://example.test/', 'example.test:8080'],
    ['http://example.test/', 'example.test:80'],
    ['http://example.test/', '*'],
    ['http://[::1]:2/', '::1'],
    ['http://[::1]:2/', '[::1]:2'],
    ['http://[::1]:2/', '[::1]:3'],
    ['http://EXAMPLE.test/', 'Example.Test'],
  ])('for %s where NO_PROXY is "%s"', async (url, noProxy) => {
    const proxy = await proxyWith(418);
    const agent = new EnvHttpProxyAgent({ httpProxy: `http://127.0.0.1:${proxy.port}`, noProxy });
    await request(url, { dispatcher: agent, signal: AbortSignal.timeout(2_000) }).then(
      ({ body }) => body.dump(),
      () => undefined,
    );
    await agent.close();
    expect(proxyFor(new URL(url), { HTTP_PROXY: named, NO_PROXY: noProxy }) !== undefined).toBe(proxy.seen.count > 0);
  });

  it('for a scheme', () => {
    const both = { HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2' };
    expect(proxyFor(new URL('http://x.test'), both)?.variable).toBe('HTTP_PROXY');
    expect(proxyFor(new URL('https://x.test'), both)?.variable).toBe('HTTPS_PROXY');
    expect(proxyFor(new URL('https://x.test'), { http_proxy: 'http://a:1' })?.variable).toBe('http_proxy');
    expect(proxyFor(new URL('http://x.test'), { https_proxy: 'http://a:1' })).toBeUndefined();
  });
});
