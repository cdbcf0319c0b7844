import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { objectPath, quarantineFolder, settingsPath } from '../../../src/archive/layout.ts';
import { S3Archive, type S3Settings } from '../../../src/io/s3/archive.ts';
import { slotAt } from '../../../src/windows/slot.ts';
import { TestClock } from '../../support/clock.ts';
import { errorOf } from '../../support/failure.ts';
import { testFolder } from '../../support/folders.ts';
import { type TestServer, testServer } from '../../support/http-server.ts';

const slot = slotAt(Date.UTC(2024, 5, 15), { windowDays: 60, partitionBy: 'month' });
const path = objectPath(slot, 'parquet');
const key = `some/where/${path}`;
const etag = '"0123456789abcdef0123456789abcdef"';
const version = etag.slice(1, -1);
const day = 86_400_000;

type Answer = (response: ServerResponse, request: IncomingMessage, count: number) => unknown;

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hush-hush');
  vi.stubEnv('AWS_SESSION_TOKEN', undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
});

async function archiveAt(endpoint: string, settings: Partial<S3Settings> = {}): Promise<S3Archive> {
  vi.stubEnv('AWS_ENDPOINT_URL_S3', endpoint);
  const archive = new S3Archive({
    bucket: 'a-bucket',
    prefix: 'some/where',
    region: 'eu-west-1',
    scratch: await testFolder(),
    clock: new TestClock(),
    newId: randomUUID,
    ...settings,
  });
  onTestFinished(() => archive.close());
  return archive;
}

/** An archive, and a server that answers its requests. */
async function archiveOf(
  answer: Answer,
  settings: Partial<S3Settings> = {},
): Promise<{ archive: S3Archive; server: TestServer }> {
  const server = await testServer((response, count, request) => void answer(response, request, count));
  return { archive: await archiveAt(server.url.origin, settings), server };
}

function refuse(response: ServerResponse, status: number, code: string, message = '', headers = {}): void {
  const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml', ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

function found(response: ServerResponse, size: number, headers = {}): void {
  response.writeHead(200, { etag, 'content-length': size, ...headers }).end();
}

async function fileBody(archive: S3Archive, bytes: Buffer, metadata: [string, string][] = []) {
  const file = join(archive.scratch, `${randomUUID()}.tmp`);
  await writeFile(file, bytes);
  return { path: file, bytes: bytes.length, sha256: sha256(bytes), metadata };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

describe('S3Archive sends', () => {
  it('a finished file with its length, hash and condition, and deletes the file', async () => {
    const bytes = Buffer.alloc(5_000_000, 'some content ');
    const bodies: Buffer[] = [];
    const { archive, server } = await archiveOf(async (response, request) => {
      bodies.push(await buffer(request));
      response.writeHead(200, { etag }).end();
    });
    const body = await fileBody(archive, bytes, [
      ['content-digest', 'd1'],
      ['row-count', '12'],
      ['schema', 'x'.repeat(2_000)],
      ['umlaut', 'ä'],
      ['slot', slot.id],
    ]);
    expect(await archive.publish(path, body, undefined)).toEqual({ outcome: 'committed', version });
    expect(bodies.map((each) => each.equals(bytes))).toEqual([true]);
    const [request] = server.requests;
    expect([request!.method, request!.url]).toEqual(['PUT', `/a-bucket/${key.replace('=', '%3D')}?x-id=PutObject`]);
    expect(request!.headers).toMatchObject({
      'content-length': '5000000',
      'content-type': 'application/vnd.apache.parquet',
      'if-none-match': '*',
      'x-amz-checksum-sha256': body.sha256,
      'x-amz-meta-content-digest': 'd1',
      'x-amz-meta-row-count': '12',
      'x-amz-meta-slot': slot.id,
      'x-amz-meta-write-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const names = Object.keys(request!.headers).join();
    expect(names).not.toMatch(
      /transfer-encoding|content-encoding|trailer|expect|if-match|schema|umlaut|lock|encryption/,
    );
    await expect(access(body.path)).rejects.toThrow('ENOENT');
  });

  it('the same file again after a broken connection', async () => {
    const bytes = Buffer.alloc(3_000_000, 'some content ');
    const { archive, server } = await archiveOf(async (response, request, count) => {
      if (request.method !== 'PUT') return refuse(response, 404, 'NoSuchKey');
      if (count === 1) return request.once('data', () => request.socket.resetAndDestroy());
      const isWhole = (await buffer(request)).equals(bytes);
      return isWhole ? response.writeHead(200, { etag }).end() : refuse(response, 400, 'InvalidRequest');
    });
    const body = await fileBody(archive, bytes);
    expect(await archive.publish(path, body, undefined)).toEqual({ outcome: 'committed', version });
    expect(server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(2);
  });

  it('a quoted version, and a new id for each write', async () => {
    const { archive, server } = await archiveOf((response) => response.writeHead(200, { etag }).end());
    await archive.publish(path, { text: 'one' }, version);
    await archive.publish(path, { text: 'two' }, version);
    expect(server.requests.map(({ headers }) => headers['if-match'])).toEqual([etag, etag]);
    expect(new Set(server.requests.map(({ headers }) => headers['x-amz-meta-write-id'])).size).toBe(2);
  });

  it('objects of messages encrypted and locked, rewritten objects encrypted only', async () => {
    const clock = new TestClock();
    const { archive, server } = await archiveOf((response) => response.writeHead(200, { etag }).end(), {
      clock,
      sseKmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k',
      objectLock: { mode: 'COMPLIANCE', days: 10 },
    });
    await archive.publish(path, { text: 'x' }, undefined);
    await archive.put(
      `${quarantineFolder(slot.id)}/${'ab'.repeat(32)}.jsonl`,
      Buffer.from('x'),
      'application/x-ndjson',
    );
    await archive.publish(settingsPath, { text: 'x' }, undefined);
    await archive.put('_report/index.html', Buffer.from('x'), 'text/html');
    const locks = server.requests.map(({ headers }) => [
      headers['x-amz-object-lock-mode'],
      headers['x-amz-object-lock-retain-until-date'],
    ]);
    const until = new Date(clock.now() + 10 * day).toISOString();
    const lock = ['COMPLIANCE', expect.stringMatching(`^${until.slice(0, 19)}`)];
    expect(locks).toEqual([lock, lock, [undefined, undefined], [undefined, undefined]]);
    for (const { headers } of server.requests) {
      expect(headers).toMatchObject({
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:eu-west-1:123456789012:key/k',
        'x-amz-checksum-sha256': sha256(Buffer.from('x')),
      });
    }
  });

  it.each([
    ['', 's3://a-bucket', `/a-bucket/${path.replace('=', '%3D')}`],
    ['/deep/er/', 's3://a-bucket/deep/er', `/a-bucket/deep/er/${path.replace('=', '%3D')}`],
  ])('to the prefix "%s"', async (prefix, url, address) => {
    const { archive, server } = await archiveOf((response) => response.writeHead(200, { etag }).end(), { prefix });
    await archive.publish(path, { text: 'x' }, undefined);
    expect(archive.url).toBe(url);
    expect(server.requests[0]!.url).toBe(`${address}?x-id=PutObject`);
  });
});

describe('S3Archive.publish', () => {
  it('sends nothing if the file has another size', async () => {
    const { archive, server } = await archiveOf((response) => response.end());
    const body = { ...(await fileBody(archive, Buffer.from('four'))), bytes: 5 };
    expect(await archive.publish(path, body, undefined)).toMatchObject({ outcome: 'unknown' });
    expect(await archive.publish(path, { ...body, path: `${body.path}.gone` }, undefined)).toMatchObject({
      outcome: 'unknown',
    });
    expect(server.requests).toEqual([]);
  });

  it('sends the object up to 8 times under the same condition while its head is unchanged', async () => {
    const clock = new TestClock();
    const { archive, server } = await archiveOf(
      (response, { method }) => (method === 'PUT' ? refuse(response, 503, 'SlowDown') : found(response, 3)),
      { clock },
    );
    expect(await archive.publish(path, { text: 'one' }, version)).toEqual({
      outcome: 'unknown',
      reason: expect.stringMatching(/SlowDown.* 8 /),
    });
    const puts = server.requests.filter(({ method }) => method === 'PUT');
    expect(puts).toHaveLength(8);
    expect(new Set(puts.map(({ headers }) => `${headers['if-match']} ${headers['x-amz-meta-write-id']}`)).size).toBe(1);
    expect(clock.waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000]);
  });

  it('waits for Retry-After', async () => {
    const clock = new TestClock();
    const { archive } = await archiveOf(
      (response, { method }, count) =>
        method === 'HEAD'
          ? found(response, 3)
          : count === 1
            ? refuse(response, 503, 'SlowDown', '', { 'retry-after': '7' })
            : response.writeHead(200, { etag }).end(),
      { clock },
    );
    expect(await archive.publish(path, { text: 'one' }, version)).toEqual({ outcome: 'committed', version });
    expect(clock.waits).toEqual([7_000]);
  });

  it.each([
    ['an unavailable head', 503, 'SlowDown', '503'],
    ['a denied head', 403, 'AccessDenied', 'AccessDenied'],
  ])('returns unknown after a timeout and %s', async (_, status, code, reason) => {
    const { archive } = await archiveOf(
      (response, { method }) => (method === 'PUT' ? undefined : refuse(response, status, code)),
      { limits: { requestMsMax: 150 } },
    );
    expect(await archive.publish(path, { text: 'one' }, version)).toEqual({
      outcome: 'unknown',
      reason: expect.stringContaining(reason),
    });
  });

  it('resolves a response without a version by the write id', async () => {
    let writeId = '';
    const { archive } = await archiveOf((response, { method, headers }) => {
      if (method === 'HEAD') return found(response, 3, { 'x-amz-meta-write-id': writeId });
      writeId = String(headers['x-amz-meta-write-id']);
      return response.end();
    });
    expect(await archive.publish(path, { text: 'one' }, undefined)).toEqual({ outcome: 'committed', version });
  });

  it.each([undefined, 'fedcba9876543210fedcba9876543210'])(
    "returns conflict for another writer's version, with %s expected",
    async (expected) => {
      const { archive, server } = await archiveOf((response, { method }) =>
        method === 'PUT'
          ? refuse(response, 412, 'PreconditionFailed')
          : found(response, 3, { 'x-amz-meta-write-id': 'theirs' }),
      );
      expect(await archive.publish(path, { text: 'one' }, expected)).toEqual({ outcome: 'conflict' });
      expect(server.requests.map(({ method }) => method)).toEqual(['PUT', 'HEAD']);
    },
  );

  it('returns missing if the expected version was deleted', async () => {
    const { archive, server } = await archiveOf((response) => refuse(response, 404, 'NoSuchKey'));
    expect(await archive.publish(path, { text: 'one' }, version)).toEqual({ outcome: 'missing' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('S3Archive reports', () => {
  it('a server without TLS, after one request', async () => {
    const clock = new TestClock();
    const { url } = await testServer((response) => response.end());
    const archive = await archiveAt(url.origin.replace('http:', 'https:'), { clock });
    expect(await errorOf(archive.open(path))).toMatchObject({
      code: 'tls-invalid',
      message: expect.stringContaining('(EPROTO)'),
    });
    expect(clock.waits).toEqual([]);
  });

  const kms =
    'User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:123456789012:key/k because no identity-based policy allows it';
  const denial = 'User: x is not authorized to perform: s3:PutObject on resource: y with an explicit deny in a policy';

  it.each([
    [403, 'AccessDenied', 'Access Denied', 'aws-permission', 's3:PutObject'],
    [403, 'AccessDenied', kms, 'aws-permission', 'kms:GenerateDataKey'],
    [403, 'AccessDenied', denial, 'aws-permission', 'explicit deny of s3:PutObject'],
    [404, 'NoSuchBucket', '', 'archive-not-found', 'a-bucket'],
    [
      400,
      'AuthorizationHeaderMalformed',
      "the region 'eu-west-1' is wrong; expecting 'us-west-2'",
      'input-invalid',
      'to us-west-2.',
    ],
    [301, 'PermanentRedirect', '', 'input-invalid', '`aws-region`'],
    [403, 'InvalidAccessKeyId', '', 'aws-credentials', 'InvalidAccessKeyId'],
    [403, 'SignatureDoesNotMatch', '', 'aws-credentials', 'SignatureDoesNotMatch'],
    [400, 'ExpiredToken', '', 'aws-credentials', '`role-to-assume`'],
    [400, 'KMS.DisabledException', '', 'aws-permission', '`sse-kms-key-id`'],
    [400, 'InvalidRequest', 'Bucket is missing Object Lock', 'archive-unavailable', 'Bucket is missing Object Lock'],
  ])('%i %s', async (status, name, message, code, value) => {
    const clock = new TestClock();
    const { archive, server } = await archiveOf((response) => refuse(response, status, name, message), { clock });
    const error = await errorOf(archive.publish(path, { text: 'one' }, undefined));
    expect(error.code).toBe(code);
    expect(error.message).toContain('"a-bucket"');
    expect(error.message).toContain('s3:PutObject of some/where/month=2024-06/');
    expect(error.message).toContain(value);
    expect(error.message).not.toContain('hush');
    expect((await errorOf(archive.put(path, Buffer.from('x'), 'text/plain'))).message).toBe(error.message);
    expect(server.requests).toHaveLength(2);
    expect(clock.waits).toEqual([]);
  });

  it('the region in a response', async () => {
    const { archive } = await archiveOf((response) =>
      refuse(response, 301, 'PermanentRedirect', '', { 'x-amz-bucket-region': 'ap-south-1' }),
    );
    const region = { code: 'input-invalid', message: expect.stringContaining('to ap-south-1.') };
    expect(await errorOf(archive.open(path))).toMatchObject(region);
    expect(await errorOf(archive.list())).toMatchObject(region);
  });

  it.each([
    [403, 'AccessDenied', 'aws-permission', 's3:ListBucket'],
    [404, 'NoSuchBucket', 'archive-not-found', 'a-bucket'],
    [400, 'ExpiredToken', 'aws-credentials', 'ExpiredToken'],
    [403, 'InvalidObjectState', 'archive-unavailable', 'storage class'],
  ])('%i %s to a HEAD, whose response has no body', async (status, name, code, value) => {
    const { archive, server } = await archiveOf((response) => refuse(response, status, name));
    expect(await errorOf(archive.open(path))).toMatchObject({ code, message: expect.stringContaining(value) });
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('a denied listing', async () => {
    const { archive } = await archiveOf((response) => refuse(response, 403, 'AccessDenied'));
    expect(await errorOf(archive.list())).toMatchObject({
      code: 'aws-permission',
      message: expect.stringContaining('s3:ListBucket'),
    });
  });

  it('a port without a server, and an unknown region', async () => {
    const clock = new TestClock();
    const { archive, server } = await archiveOf(() => undefined, { clock });
    await server.close();
    expect(await errorOf(archive.list())).toMatchObject({
      code: 'archive-unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(clock.waits).toHaveLength(7);
    vi.stubEnv('AWS_REGION', undefined);
    const nowhere = await archiveAt(server.url.origin, { region: undefined });
    expect(await errorOf(nowhere.open(path))).toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('`aws-region`'),
    });
  });

  it('missing credentials', async () => {
    const { archive, server } = await archiveOf((response) => response.end(), {
      credentials: () => Promise.reject(Object.assign(new Error('no'), { name: 'CredentialsProviderError' })),
    });
    expect(await errorOf(archive.publish(path, { text: 'x' }, undefined))).toMatchObject({ code: 'aws-credentials' });
    expect(server.requests).toEqual([]);
  });
});

describe('S3Archive.prepare', () => {
  it.each([404, 412])('accepts a store that refuses a wrong condition with %i', async (status) => {
    const { archive, server } = await archiveOf((response, { method }) =>
      method === 'PUT'
        ? refuse(response, status, status === 404 ? 'NoSuchKey' : 'PreconditionFailed')
        : refuse(response, 404, 'NoSuchKey'),
    );
    await archive.prepare();
    const puts = server.requests.filter(({ method }) => method === 'PUT');
    expect(puts.map(({ headers }) => headers['if-match'])).toEqual([`"${'0'.repeat(32)}"`]);
  });

  it.each([
    ['the version', (headers: IncomingMessage['headers']) => headers['if-match'] !== undefined],
    ['that nothing is there', (headers: IncomingMessage['headers']) => headers['if-none-match'] !== undefined],
  ])('rejects a store that ignores the condition on %s, and changes nothing there', async (_, isIgnored) => {
    const written: string[] = [];
    const { archive } = await archiveOf(async (response, request) => {
      const { method, headers } = request;
      if (method === 'HEAD') return found(response, 8);
      if (method === 'GET') return response.writeHead(206, { etag }).end('{"id":1}');
      const text = (await buffer(request)).toString();
      if (!isIgnored(headers)) return refuse(response, 412, 'PreconditionFailed');
      written.push(text);
      return response.writeHead(200, { etag }).end();
    });
    expect(await errorOf(archive.prepare())).toMatchObject({ code: 'archive-unconditional' });
    expect(written).toEqual(['{"id":1}']);
  });

  it.each([
    ['accepts any write', 200, ''],
    ['knows no conditions', 501, 'NotImplemented'],
  ])('rejects a store that %s', async (_, status, code) => {
    const { archive } = await archiveOf((response, { method }) =>
      method !== 'PUT'
        ? refuse(response, 404, 'NoSuchKey')
        : status === 200
          ? response.writeHead(200, { etag }).end()
          : refuse(response, status, code),
    );
    expect(await errorOf(archive.prepare())).toMatchObject({ code: 'archive-unconditional' });
  });

  it('reports that writing is denied', async () => {
    const { archive } = await archiveOf((response, { method }) =>
      method === 'PUT' ? refuse(response, 403, 'AccessDenied') : refuse(response, 404, 'NoSuchKey'),
    );
    expect(await errorOf(archive.prepare())).toMatchObject({
      code: 'aws-permission',
      message: expect.stringContaining('s3:PutObject'),
    });
  });
});

describe('S3Archive.list', () => {
  const page = (keys: string[], next?: string) =>
    `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>false</IsTruncated>${keys
      .map((each) => `<Contents><Key>${each}</Key><ETag>&quot;${version}&quot;</ETag><Size>7</Size></Contents>`)
      .join(
        '',
      )}${next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}</ListBucketResult>`;

  it('reads every page, including one that is empty but not the last', async () => {
    const other = objectPath(slotAt(0, { windowDays: 60, partitionBy: 'day' }), 'jsonl');
    const pages = [
      page([`some/where/${path}`, 'some/where/_report/index.html'], 'a+token/='),
      page([], 'another'),
      page([`some/where/${other}`, 'some/where/']),
    ];
    const { archive, server } = await archiveOf((response, _, count) => response.end(pages[count - 1]));
    expect(await archive.list()).toEqual([
      { path, version, bytes: 7 },
      { path: other, version, bytes: 7 },
    ]);
    const asked = server.requests.map(({ url }) => new URL(url!, server.url).searchParams);
    expect(asked.map((query) => query.get('continuation-token'))).toEqual([null, 'a+token/=', 'another']);
    expect(asked.map((query) => query.get('prefix'))).toEqual(Array(3).fill('some/where/'));
  });

  it('repeats a page that was incomplete', async () => {
    const whole = page([`some/where/${path}`]);
    const { archive, server } = await archiveOf((response, _, count) => {
      if (count === 1) return response.end(whole.slice(0, 200));
      if (count > 2) return response.end(whole);
      response.writeHead(200, { 'content-length': whole.length });
      return response.write(whole.slice(0, 200), () => response.socket?.resetAndDestroy());
    });
    expect(await archive.list()).toEqual([{ path, version, bytes: 7 }]);
    expect(server.requests).toHaveLength(3);
  });

  it('rejects a store that returns the same page twice', async () => {
    const { archive, server } = await archiveOf((response) => response.end(page([], 'same')));
    expect(await errorOf(archive.list())).toMatchObject({ code: 'archive-unavailable' });
    expect(server.requests).toHaveLength(2);
  });
});

describe('S3Archive.open', () => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => (n * 7919) >> 8));
  const serve: Answer = (response, { method, headers }) => {
    if (method === 'HEAD') return found(response, bytes.length);
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    return response.writeHead(206, { etag }).end(bytes.subarray(Number(start), Number(end) + 1));
  };

  it('requests the end of an object once', async () => {
    const { archive, server } = await archiveOf(serve);
    const object = (await archive.open(path))!;
    for (const [start, end] of [
      [199_992, 200_000],
      [150_000, 200_000],
      [134_464, 134_465],
    ] as const) {
      const part = await object.read(start, end);
      expect(part.buffer.byteLength).toBe(end - start);
      expect(Buffer.from(part).equals(bytes.subarray(start, end))).toBe(true);
      // A reader may take the buffer away.
      structuredClone(part.buffer, { transfer: [part.buffer] });
    }
    expect(server.requests).toHaveLength(2);
    expect(Buffer.from(await object.read(134_463, 134_466)).equals(bytes.subarray(134_463, 134_466))).toBe(true);
    expect(server.requests).toHaveLength(3);
    expect(server.requests[2]!.headers).toMatchObject({ range: 'bytes=134463-134465', 'if-match': etag });
  });

  it('requests no empty ranges, and rejects ranges beyond the object', async () => {
    const { archive, server } = await archiveOf(serve);
    const object = (await archive.open(path))!;
    expect(await object.read(5, 5)).toHaveLength(0);
    expect(await errorOf(object.read(0, 200_001))).toMatchObject({
      code: 'object-damaged',
      message: expect.stringMatching(/0 to 200001.* 200000/),
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['was cut', (response) => response.write(bytes.subarray(0, 10), () => response.socket?.resetAndDestroy())],
    ['is too short', (response) => response.end(bytes.subarray(0, 99))],
    ['is too long', (response) => response.end(bytes)],
    ['stalls', (response) => response.write(bytes.subarray(0, 10))],
    ['never comes', () => undefined],
    ['is an error of the store', (response) => refuse(response, 500, 'InternalError')],
  ])('repeats a body that %s', async (_, spoil) => {
    const says = (['log', 'warn', 'error', 'info'] as const).map((name) => vi.spyOn(console, name));
    onTestFinished(() => void vi.restoreAllMocks());
    const { archive, server } = await archiveOf(
      (response, request, count) => (count === 2 ? spoil(response, request, count) : serve(response, request, count)),
      { limits: { requestMsMax: 5_000, stallMsMax: 200 } },
    );
    const object = (await archive.open(path))!;
    expect(Buffer.from(await object.read(100, 200)).equals(bytes.subarray(100, 200))).toBe(true);
    expect(server.requests).toHaveLength(3);
    for (const say of says) expect(say).not.toHaveBeenCalled();
  });

  it('times out on a body that trickles', async () => {
    const { archive } = await archiveOf(
      (response, request, count) => {
        if (request.method === 'HEAD') return serve(response, request, count);
        const timer = setInterval(() => response.write('x'), 20);
        return response.on('close', () => clearInterval(timer));
      },
      { limits: { requestMsMax: 40, stallMsMax: 5_000 } },
    );
    const object = (await archive.open(path))!;
    expect(await errorOf(object.read(0, 5_000))).toMatchObject({
      code: 'archive-unavailable',
      message: expect.stringContaining('(timeout)'),
    });
  });

  it('requests the end of an object again after a failure', async () => {
    const { archive } = await archiveOf((response, request, count) =>
      count === 2 ? refuse(response, 403, 'AccessDenied') : serve(response, request, count),
    );
    const object = (await archive.open(path))!;
    expect(await errorOf(object.read(199_000, 200_000))).toMatchObject({
      code: 'aws-permission',
      message: expect.stringContaining('s3:GetObject'),
    });
    expect(await object.read(199_000, 200_000)).toHaveLength(1_000);
  });

  it.each([
    [412, 'PreconditionFailed', 'slot-contended'],
    [404, 'NoSuchKey', 'object-missing'],
  ])('never reads another version: %i', async (status, name, code) => {
    const { archive } = await archiveOf((response, request, count) =>
      request.method === 'HEAD' ? serve(response, request, count) : refuse(response, status, name),
    );
    const object = (await archive.open(path))!;
    expect(await errorOf(object.read(0, 10))).toMatchObject({
      code,
      message: expect.stringContaining(`${path} of s3://a-bucket/some/where`),
    });
  });
});

describe('S3Archive uses a proxy', () => {
  it('from HTTP_PROXY, also for bodies', async () => {
    const proxy = await testServer((response, _, request) => {
      request.resume().on('end', () => response.writeHead(200, { etag }).end());
    });
    vi.stubEnv('HTTP_PROXY', proxy.url.origin);
    const archive = await archiveAt('http://s3.example.test');
    const body = await fileBody(archive, Buffer.alloc(3_000_000));
    expect(await archive.publish(path, body, undefined)).toEqual({ outcome: 'committed', version });
    expect(proxy.requests[0]!.url).toContain('http://s3.example.test/a-bucket/some/where/');
  });

  it('from HTTPS_PROXY, through a tunnel', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void proxy.close());
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const archive = await archiveAt('https://s3.example.test');
    const body = await fileBody(archive, Buffer.alloc(3_000_000));
    expect(await errorOf(archive.publish(path, body, undefined))).toMatchObject({
      code: 'proxy-refused',
      message: expect.stringContaining(`${process.env.HTTPS_PROXY} refused the connection (403)`),
    });
    expect(asked).toEqual(['s3.example.test:443']);
  });

  it('and reports an unreachable proxy, or a missing password, at once and without the password', async () => {
    const body = { text: 'x' };
    vi.stubEnv('HTTPS_PROXY', 'http://user:open-sesame@127.0.0.1:1');
    const absent = await errorOf((await archiveAt('https://s3.example.test')).publish(path, body, undefined));
    expect(absent.code).toBe('proxy-refused');
    expect(absent.message).toContain('http://127.0.0.1:1 is unreachable (ECONNREFUSED)');
    const proxy = createServer().on('connect', (_, socket) => socket.end('HTTP/1.1 407 No\r\n\r\n'));
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void proxy.close());
    const host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    vi.stubEnv('HTTPS_PROXY', `http://user:open-sesame@${host}`);
    const locked = await errorOf((await archiveAt('https://s3.example.test')).publish(path, body, undefined));
    expect(locked.code).toBe('proxy-refused');
    expect(locked.message).toContain(`http://${host} requires authentication (407)`);
    expect(absent.message + locked.message).not.toContain('sesame');
  });

  it('but not for a host in NO_PROXY', async () => {
    const proxy = await testServer((response) => response.writeHead(502).end());
    vi.stubEnv('HTTP_PROXY', proxy.url.origin);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    const { archive } = await archiveOf((response) => response.writeHead(200, { etag }).end());
    expect(await archive.publish(path, { text: 'x' }, undefined)).toEqual({ outcome: 'committed', version });
    expect(proxy.requests).toEqual([]);
  });
});
