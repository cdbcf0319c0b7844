import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type TestServer, testServer } from '../support/http-server.ts';
import { asRunner } from '../support/runner-log.ts';
import { api, Case, june, message, pageOf, type Ran, sendJson, token } from './support/run.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const fastClock = { NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'support', 'fast-clock.ts'))}` };
const key = 'a2V5LW9mLWVsYXN0aWNzZWFyY2g';

/** The annotations of a run as the runner understood them, after a check that it understood nothing else. */
function annotations({ printed }: Ran): string[] {
  const { commands } = asRunner(printed);
  const others = commands.filter(({ name }) => !['add-mask', 'warning', 'error'].includes(name));
  expect(others).toEqual([]);
  return commands.filter(({ name }) => name !== 'add-mask').map(({ name, data }) => `${name}: ${data}`);
}

/** A proxy that lets nothing through; how often it was asked. */
async function proxyWith(status: number) {
  const seen = { count: 0 };
  const proxy = createServer((_, response) => {
    seen.count += 1;
    response.writeHead(status).end();
  }).on('connect', (_, socket) => {
    seen.count += 1;
    socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void proxy.close());
  return { host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
}

describe('case 10', () => {
  it('every request of every source says who sends it', async () => {
    const messages = june(3);
    const guarded = await api((asked, response) => {
      if (asked.request.headers['user-agent'] !== undefined) return pageOf(messages, asked);
      return void response.writeHead(403).end();
    });
    const others = await testServer((response) => response.writeHead(400).end());
    const { origin } = others.url;
    const made = await Case.make({
      'api-url': guarded.url.href,
      'issue-label': 'archive',
      'github-token': 'ghs_0123456',
    });
    const github = { GITHUB_REPOSITORY: 'acme/messages', GITHUB_API_URL: origin };
    expect(await made.run({}, github)).toMatchObject({ code: 0, outputs: { archived: '3' } });
    const inputs = { 'api-url': '', 'api-token': '', 'elasticsearch-url': origin, 'elasticsearch-index': 'messages' };
    expect((await made.run({ ...inputs, refresh: 'true' })).code).toBeGreaterThan(0);
    const aws = { AWS_ENDPOINT_URL: origin, AWS_ACCESS_KEY_ID: 'an-id', AWS_SECRET_ACCESS_KEY: 'a-key' };
    expect((await made.run({ staging: 'dynamodb:table', 'aws-region': 'eu-west-1' }, aws)).code).toBeGreaterThan(0);
    const agents = [...guarded.requests, ...others.requests].map(({ headers }) => headers['user-agent']);
    expect(new Set(others.requests.map(({ url }) => url?.split(/[/?]/)[1]))).toEqual(
      new Set(['repos', 'messages', '']),
    );
    expect(agents.filter((agent) => !agent?.includes(`message-archive/${version}`))).toEqual([]);
  });
});

describe('case 15', () => {
  it('a 408, a 425 and a 429 that asks for ten minutes are waited for, and the log says so', async () => {
    const messages = june(3);
    const { url } = await api((asked, response) => {
      // The first request is the probe's.
      const status = [408, 425, 429][asked.count - 2];
      if (status === undefined) return pageOf(messages, asked);
      return void response.writeHead(status, status === 429 ? { 'retry-after': '600' } : {}).end();
    });
    const made = await Case.make({ 'api-url': url.href });
    const ran = await made.run({ 'time-budget': '2h' }, fastClock);
    expect(ran).toMatchObject({ code: 0, outputs: { archived: '3', complete: 'true' } });
    expect(ran.log).toMatch(/The message API responded 429; .*600 s.*4 of 7/);
  });

  it('a wait that would end after the time budget is not begun: the log says until when the API is unavailable', async () => {
    const server = await api((_, response) => void response.writeHead(429, { 'retry-after': '7200' }).end());
    const made = await Case.make({ 'api-url': server.url.href });
    const ran = await made.run({ 'time-budget': '1h' });
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toMatch(
      /The message API at \S+ responded 429 and is unavailable until \d{4}-\S+Z, after the time budget of this job ends\./,
    );
    expect(server.requests.length).toBe(2);
  });
});

it("case 17: a 400 shows the API's own words, in one line and without the token", async () => {
  const said = `page_size must be between\n1 and 100, token ${token}`;
  const { url } = await api((_, response) => void sendJson(response, { error: said }, 400));
  const made = await Case.make({ 'api-url': url.href });
  const ran = await made.run();
  expect(ran.code).toBe(1);
  expect(ran.log).toContain('responded 400 (page_size must be between 1 and 100, token ***). ');
  expect(ran.summary).toContain('page_size must be between 1 and 100, token ***');
  expect(`${ran.log}${ran.summary}`).not.toContain(token);
});

describe('case 18', () => {
  it.each(['http://api.example.test/messages', 'https://api.example.test/messages'])(
    'a proxy that answers 407 on the way to %s is named at once, without its password',
    async (url) => {
      const { host, seen } = await proxyWith(407);
      const made = await Case.make({ 'api-url': url, 'allow-http': 'true' });
      const proxy = `http://user:open-sesame@${host}`;
      const ran = await made.run({}, { http_proxy: proxy, https_proxy: proxy });
      expect(ran.code).toBe(1);
      expect(ran.log).toMatch(
        /The message API at \S+ was not reached: the proxy http:\/\/\S+ requires authentication \(407\)\. Check the user name and password in https?_proxy\. \[proxy-refused\]/,
      );
      expect(ran.log).toContain(`the proxy http://${host} `);
      expect(ran.log + ran.summary).not.toContain('sesame');
      expect(seen.count).toBeLessThanOrEqual(2);
    },
  );

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'Elasticsearch',
      {
        'api-url': '',
        'api-token': '',
        'elasticsearch-url': 'https://es.example.test',
        'elasticsearch-index': 'messages',
      },
      /Elasticsearch at \S+ was not reached: the proxy /,
    ],
    [
      'DynamoDB',
      { staging: 'dynamodb:table', 'aws-region': 'eu-west-1' },
      /The DynamoDB table .* was not reached: the proxy /,
    ],
    [
      "the issuer of GitHub's tokens",
      {
        archive: 's3://bucket/a',
        'aws-region': 'eu-west-1',
        'role-to-assume': 'arn:aws:iam::123456789012:role/archive',
      },
      /GitHub's token issuer at \S+ was not reached: the proxy /,
    ],
  ])('a proxy that answers 407 is named at once by %s', async (_, inputs, words) => {
    const { host, seen } = await proxyWith(407);
    const made = await Case.make({ 'api-url': 'https://api.example.test/messages', ...inputs });
    const ran = await made.run(
      {},
      {
        HTTPS_PROXY: `http://user:open-sesame@${host}`,
        AWS_ACCESS_KEY_ID: 'an-id-of-a-key',
        AWS_SECRET_ACCESS_KEY: 'a-secret-key',
        ACTIONS_ID_TOKEN_REQUEST_URL: 'https://tokens.example.test/?x=1',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
      },
    );
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(words);
    expect(ran.log).toContain(`the proxy http://${host} requires authentication (407)`);
    expect(ran.log).not.toContain('sesame');
    expect(ran.log).not.toMatch(/attempt \d of/);
    expect(seen.count).toBeLessThanOrEqual(2);
  });

  it('a proxy that is not there is named at once', async () => {
    const made = await Case.make({ 'api-url': 'https://api.example.test/messages' });
    const ran = await made.run({}, { HTTPS_PROXY: 'http://user:open-sesame@127.0.0.1:1' });
    expect(ran.log).toContain('the proxy http://127.0.0.1:1 is unreachable (ECONNREFUSED). Check HTTPS_PROXY');
    expect(ran.log).not.toMatch(/sesame|try 2 of/);
  });
});

describe('case 27', () => {
  const forged = 'x\n::stop-commands::t\r\n##[stop-commands]t\u2028::set-output name=complete::true';

  it.each<[string, (server: TestServer) => Record<string, string>, Record<string, string>, unknown]>([
    [
      'Elasticsearch',
      ({ url }) => ({
        'api-url': '',
        'api-token': '',
        'elasticsearch-url': url.origin,
        'elasticsearch-index': 'messages',
      }),
      { 'x-elastic-product': 'Elasticsearch' },
      { error: { type: forged, reason: forged, root_cause: [{ type: forged, reason: forged }] } },
    ],
    ['an API', ({ url }) => ({ 'api-url': url.href }), {}, { error: forged }],
  ])('an error of %s is one line, and no command', async (_, inputs, headers, body) => {
    const server = await testServer((response) => {
      response.writeHead(400, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
    const ran = await (await Case.make(inputs(server))).run();
    expect(ran.code).toBe(1);
    expect(annotations(ran)).toEqual([expect.stringMatching(/^error: .*\b400\b.*x : :stop-commands::t/)]);
    expect(ran.outputs).toMatchObject({ complete: 'false' });
  });

  it('a content encoding is no command', async () => {
    const headers = { 'content-encoding': '##[stop-commands]t' };
    const { url } = await api((_, response) => void response.writeHead(200, headers).end('x'));
    const ran = await (await Case.make({ 'api-url': url.href })).run();
    expect(annotations(ran)).toEqual([expect.stringContaining('the content encoding "## [stop-commands]t"')]);
  });

  it('ids, names of members and names of files are no commands', async () => {
    const hostile = ['::stop-commands::t', '##[stop-commands]t', '\n::stop-commands::t\u2029##[add-mask]a'];
    const twice = hostile.flatMap((id) => [
      message(id, '2024-06-05T12:00:00Z'),
      message(id, '2024-06-05T12:00:00Z', ['closed'], { subject: 'another' }),
    ]);
    const rest = hostile.map((id, n) => message(`${id}${n}`, '2024-06-06T12:00:00Z', ['open']));
    const { url } = await api((asked) => pageOf([...twice, ...rest], asked));
    const made = await Case.make({ 'api-url': url.href });
    const folder = join(made.folder, 'archive', 'month=2024-06');
    const first = await made.run();
    await mkdir(folder, { recursive: true });
    for (const name of ['::stop-commands::t.parquet', '##[stop-commands]t.parquet', 'a\n::stop-commands::t.parquet'])
      await writeFile(join(folder, name), 'x');
    const second = await made.run({ refresh: 'true' });
    const verified = await made.run({ command: 'verify', 'api-url': '', 'api-token': '' });
    const pages = await api(() => ({ '##[stop-commands]t': [{ '::stop-commands::t': 1 }] }));
    const third = await made.run({ 'api-url': pages.url.href, refresh: 'true' });
    const all = [first, second, verified, third].flatMap(annotations);
    expect(all.join('\n')).toContain('## [stop-commands]t');
    expect(verified.code).toBe(1);
  });
});

it('case 27: what Node itself would print, of a crash or a warning, is one line and no command either', async () => {
  const crash = `const wait = setInterval(() => {
    if (process.listenerCount('uncaughtException') === 0) return;
    clearInterval(wait);
    process.emitWarning('y\\n::stop-commands::w ${token}');
    console.error('##[stop-commands]e ${token}');
    setImmediate(() => { throw new Error('x\\n::stop-commands::t ${token}'); });
  }, 0);`;
  const { url } = await api(() => undefined);
  const made = await Case.make({ 'api-url': url.href });
  const ran = await made.run({}, { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(crash)}` });
  expect(ran.code).toBe(3);
  expect(annotations(ran)).toEqual([expect.stringMatching(/^error: .*Error: x : :stop-commands::t \*\*\*/)]);
  expect(ran.log).toContain('Node.js: Warning: y : :stop-commands::w ***');
  expect(ran.log).toContain('## [stop-commands]e ***');
  expect(asRunner(ran.log).commands.map(({ name }) => name)).toEqual(['error']);
});

describe('case 28', () => {
  const cases: [string, Record<string, string>, number, string, string][] = [
    [
      'a list under another name',
      {},
      200,
      '{"result":{"items":[{"id":1}]}}',
      'it has no list of messages at /messages; there is a list at /result/items',
    ],
    [
      'an error with status 200',
      {},
      200,
      '{"error":"unknown tenant"}',
      'it has no list of messages at /messages; it says "unknown tenant"',
    ],
    [
      'a page of HTML',
      {},
      200,
      '<!doctype html><title>Sign in</title>',
      'it is HTML or XML rather than JSON, perhaps a sign-in page (its title is "Sign in")',
    ],
    [
      'a page of HTML with a status',
      {},
      403,
      '<html><title>Request blocked</title>',
      'responded 403 (an HTML page, "Request blocked")',
    ],
    ['a redirect', { location: 'https://login.example.com/?next=x' }, 302, '', 'https://login.example.com/.'],
  ];

  it.each(cases)('%s is named as what it is', async (_, headers, status, body, words) => {
    const { url } = await api((_asked, response) => void response.writeHead(status, headers).end(body));
    const ran = await (await Case.make({ 'api-url': url.href })).run();
    expect(ran.code).toBeGreaterThan(0);
    expect(ran.log).toContain(words);
  });
});

describe('secrets', () => {
  it('are masked before anything else is said, and stand nowhere else whatever Node is asked to print', async () => {
    const secrets = [
      token,
      key,
      'ghs_0123456789abcdef',
      'aws/secret+key=17',
      'open-sesame',
      'a-bearer-token-5',
      'id.token.9',
    ];
    const [, , github, aws, password, bearer, idToken] = secrets as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const server = await testServer((response, _, { url = '' }) => {
      if (url.startsWith('/issuer')) return void response.end(JSON.stringify({ value: idToken }));
      response.writeHead(400, { 'x-elastic-product': 'Elasticsearch' });
      response.end(JSON.stringify({ error: { type: 'x', reason: secrets.join(' ') }, message: secrets.join(' ') }));
    });
    const { origin } = server.url;
    const everything = {
      DEBUG: '*',
      NODE_DEBUG: '*',
      NODE_DEBUG_NATIVE:
        'TCPWRAP,TLSWRAP,HTTP2SESSION,HTTP2STREAM,HTTPINCOMINGMESSAGE,HTTPCLIENTREQUEST,CRYPTO,DIAGNOSTICS',
      GITHUB_REPOSITORY: 'acme/messages',
      GITHUB_API_URL: origin,
      AWS_ENDPOINT_URL: origin,
      AWS_ACCESS_KEY_ID: 'an-id-of-a-key',
      AWS_SECRET_ACCESS_KEY: aws,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/issuer?x=1`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
      https_proxy: `http://user:${password}@127.0.0.1:1`,
    };
    const made = await Case.make({
      'api-url': server.url.href,
      'elasticsearch-url': origin,
      'elasticsearch-index': 'messages',
      'elasticsearch-api-key': key,
      'github-token': github,
      'issue-label': 'archive',
    });
    const s3 = { archive: 's3://bucket/messages', 'aws-region': 'eu-west-1' };
    const role = { 'role-to-assume': 'arn:aws:iam::123456789012:role/archive' };
    const ranAll = [
      await made.run({}, everything),
      await made.run(s3, everything),
      await made.run({ ...s3, ...role }, everything),
    ];
    for (const [n, { code, printed, log, summary, outputs }] of ranAll.entries()) {
      // Only a run with a role is given an identity token.
      const known = n === 2 ? secrets : secrets.slice(0, 6);
      expect(code).toBe(1);
      const lines = printed.split('\n');
      const masks = lines.filter((line) => line.startsWith('::add-mask::'));
      expect(lines.slice(0, 6)).toEqual(masks.slice(0, 6));
      for (const secret of secrets.slice(0, 6)) expect(masks).toContain(`::add-mask::${secret.replaceAll('%', '%25')}`);
      const rest = `${log.replaceAll(/^::add-mask::.*$/gm, '')}${summary}${JSON.stringify(outputs)}`;
      expect(known.filter((secret) => rest.includes(secret))).toEqual([]);
      const encoded = known.flatMap((secret) => [
        encodeURIComponent(secret),
        Buffer.from(secret).toString('base64').slice(0, -3),
      ]);
      expect(encoded.filter((secret) => rest.includes(secret))).toEqual([]);
    }
    expect(ranAll[2]!.printed).toContain(`::add-mask::${idToken}\n`);
    expect(server.requests.length).toBeGreaterThan(4);
  });

  it('stand nowhere outside of GitHub either', async () => {
    const { url } = await api((_, response) => void sendJson(response, { message: `bad ${token}` }, 422));
    const made = await Case.make({ 'api-url': `${url.href}?api_key=hush-hush` });
    const ran = await made.run({}, { GITHUB_ACTIONS: 'false', NODE_DEBUG: 'http,net,undici' });
    expect(ran.printed).toContain('responded 422 (bad ***)');
    expect(ran.printed + ran.log).not.toMatch(/a-secret-token|hush-hush|add-mask/);
  });

  it('are not sent over http:// to another host', async () => {
    const made = await Case.make({ 'api-url': 'http://api.example.test/messages' });
    const ran = await made.run();
    expect(annotations(ran)).toEqual([
      expect.stringMatching(
        /^error: The input `api-url` is "http:\/\/api\.example\.test\/messages": .*`allow-http: true`.* \[input-invalid\]$/,
      ),
    ]);
  });

  it('are not safe where certificates are not verified, which an annotation says', async () => {
    const { url } = await api((asked) => pageOf(june(1), asked));
    const made = await Case.make({ 'api-url': url.href });
    const ran = await made.run({}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(ran.code).toBe(0);
    expect(annotations(ran)).toEqual([expect.stringMatching(/^warning: NODE_TLS_REJECT_UNAUTHORIZED=0 turns off /)]);
  });
});
