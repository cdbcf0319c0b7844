import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { elasticsearches, endpoints } from './endpoints.ts';
import { FaultyProxy, type ProxiedRequest } from './proxy.ts';

const puts = ({ method, path }: ProxiedRequest) => method === 'PUT' && path.includes('/key');
const gets = ({ method, path }: ProxiedRequest) => method === 'GET' && path.includes('/key');

/** An S3 client that does not try again by itself, on a bucket of its own, through the proxy and without it. */
async function bucket(options?: { keepBodies: boolean }) {
  const { endpoint, ...credentials } = endpoints().s3;
  const proxy = await FaultyProxy.start(endpoint, options);
  const client = (url: string, maxAttempts: number) => {
    const s3 = new S3Client({ endpoint: url, credentials, region: 'us-east-1', forcePathStyle: true, maxAttempts });
    onTestFinished(() => s3.destroy());
    return s3;
  };
  const object = { Bucket: `b-${randomUUID()}`, Key: 'key' };
  const direct = client(endpoint, 1);
  await direct.send(new CreateBucketCommand({ Bucket: object.Bucket }));
  return { proxy, object, direct, once: client(proxy.url, 1), patient: client(proxy.url, 3) };
}

describe('the proxy before a real S3 server', () => {
  test('hands on 60 MB and their signature, and records the requests', async () => {
    const { proxy, object, once } = await bucket();
    const bytes = 60_000_000;
    const chunk = Buffer.alloc(1_000_000, 'x');
    const sha256 = createHash('sha256');
    for (let sent = 0; sent < bytes; sent += chunk.length) sha256.update(chunk);
    const Body = Readable.from(Array.from({ length: bytes / chunk.length }, () => chunk));
    const ChecksumSHA256 = sha256.digest('base64');
    await once.send(new PutObjectCommand({ ...object, Body, ContentLength: bytes, ChecksumSHA256 }));
    const got = await once.send(new GetObjectCommand(object));
    const again = createHash('sha256');
    for await (const part of got.Body as Readable) again.update(part);
    expect(again.digest('base64')).toBe(ChecksumSHA256);
    expect(proxy.requests.map(({ method, status, body }) => [method, status, body])).toEqual([
      ['PUT', 200, undefined],
      ['GET', 200, undefined],
    ]);
    expect(proxy.requests[0]!.headers['content-length']).toBe(`${bytes}`);
  });

  test('loses a reply after the server did what was asked', async () => {
    const { proxy, object, once, direct } = await bucket();
    proxy.inject({ drop: 'reply' }, { matches: puts });
    await expect(once.send(new PutObjectCommand({ ...object, Body: 'rows' }))).rejects.toThrow();
    expect(proxy.requests.map(({ status }) => status)).toEqual([200]);
    expect((await direct.send(new HeadObjectCommand(object))).ContentLength).toBe(4);
  });

  test('drops a request before the server sees it', async () => {
    const { proxy, object, once, direct } = await bucket();
    proxy.inject({ drop: 'request' }, { matches: puts });
    await expect(once.send(new PutObjectCommand({ ...object, Body: 'rows' }))).rejects.toThrow();
    await expect(direct.send(new HeadObjectCommand(object))).rejects.toMatchObject({ name: 'NotFound' });
  });

  test.each([0, 1, 70_000])('cuts a body after %i bytes', async (cutAfterBytes) => {
    const { proxy, object, once, direct } = await bucket();
    await direct.send(new PutObjectCommand({ ...object, Body: Buffer.alloc(200_000, 'x') }));
    proxy.inject({ cutAfterBytes }, { matches: gets });
    const { Body, ContentLength } = await once.send(new GetObjectCommand(object));
    expect(ContentLength).toBe(200_000);
    let bytes = 0;
    const read = async () => {
      for await (const part of Body as Readable) bytes += part.length;
    };
    await expect(read()).rejects.toThrow();
    expect(bytes).toBe(cutAfterBytes);
    expect((await (await once.send(new GetObjectCommand(object))).Body!.transformToByteArray()).length).toBe(200_000);
  });

  test('answers the n-th request and the one after it by itself', async () => {
    const { proxy, object, patient } = await bucket({ keepBodies: true });
    const body = '<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>';
    proxy.inject(
      { answer: 503, headers: { 'content-type': 'application/xml' }, body },
      { matches: puts, nth: 2, times: 2 },
    );
    for (const Body of ['first', 'second']) await patient.send(new PutObjectCommand({ ...object, Body }));
    expect(proxy.requests.map(({ status }) => status)).toEqual([200, undefined, undefined, 200]);
    expect(proxy.requests.at(-1)!.body!.toString()).toContain('second');
  });

  test('answers a large PUT without having asked for its body', async () => {
    const { proxy, object, once } = await bucket();
    proxy.inject({ answer: 503, body: '<Error><Code>SlowDown</Code></Error>' }, { matches: puts });
    const failure = once.send(new PutObjectCommand({ ...object, Body: Buffer.alloc(5_000_000) }));
    await expect(failure).rejects.toMatchObject({ name: 'SlowDown' });
  });

  test('delays a request, and another one passes it', async () => {
    const { proxy, object, once, direct } = await bucket();
    proxy.inject({ delayMs: 300 }, { matches: puts });
    const late = once.send(new PutObjectCommand({ ...object, Body: 'late' }));
    await expect.poll(() => proxy.requests.length).toBe(1);
    await once.send(new PutObjectCommand({ ...object, Body: 'early' }));
    await late;
    expect(await (await direct.send(new GetObjectCommand(object))).Body!.transformToString()).toBe('late');
  });
});

test.each(elasticsearches())('the proxy before $name answers 429 once', async ({ url }) => {
  const proxy = await FaultyProxy.start(`${url}/an/index`);
  proxy.inject({ answer: 429 }, { matches: ({ path }) => path.startsWith('/_cluster') });
  const statuses = [];
  for (let n = 0; n < 2; n += 1) statuses.push((await fetch(`${proxy.url}/_cluster/health`)).status);
  expect(statuses).toEqual([429, 200]);
});
