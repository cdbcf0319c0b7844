import { createHash, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { objectPath, quarantineFolder, settingsPath } from '../../src/archive/layout.ts';
import type { Outcome } from '../../src/io/ports.ts';
import { S3Archive, type S3Settings } from '../../src/io/s3/archive.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { archiveConformance } from '../io/conformance/archive.ts';
import { TestClock } from '../support/clock.ts';
import { failureOf } from '../support/failure.ts';
import { testFolder } from '../support/folders.ts';
import { endpoints } from './endpoints.ts';
import { answered, cut, denied, dropped, lost, preceded, refused, stalled, swallowed } from './fates.ts';
import { type Fate, type Relay, type Relayed, relayTo } from './relay.ts';

const { endpoint: service, accessKeyId, secretAccessKey } = endpoints().s3;
const slot = slotAt(Date.UTC(2024, 5, 15), { windowDays: 60, partitionBy: 'month' });
const path = objectPath(slot, 'parquet');
const prefix = 'some/where';
/** For a response that never comes. */
const impatient = { limits: { requestMsMax: 800 } };

/** A bucket of its own, as somebody else sees it. */
class Neighbour {
  readonly bucket = `b-${randomUUID()}`;
  readonly #client = new S3Client({ endpoint: service, forcePathStyle: true, region: 'us-east-1' });

  async make(options: Partial<CreateBucketCommandInput>): Promise<this> {
    await this.#client.send(new CreateBucketCommand({ ...options, Bucket: this.bucket }));
    return this;
  }

  async get(at: string): Promise<{ text: string; version: string; metadata: Record<string, string> }> {
    const { Body, ETag, Metadata } = await this.#client.send(new GetObjectCommand(this.#object(at)));
    return { text: await Body!.transformToString(), version: ETag!.slice(1, -1), metadata: Metadata ?? {} };
  }

  async put(at: string, text: string): Promise<string> {
    const { ETag } = await this.#client.send(new PutObjectCommand({ ...this.#object(at), Body: text }));
    return ETag!.slice(1, -1);
  }

  async lockOf(at: string): Promise<{ mode: string | undefined; until: number | undefined }> {
    const found = await this.#client.send(new HeadObjectCommand(this.#object(at)));
    return { mode: found.ObjectLockMode, until: found.ObjectLockRetainUntilDate?.getTime() };
  }

  async remove(at: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#object(at)));
  }

  #object(at: string) {
    return { Bucket: this.bucket, Key: `${prefix}/${at}` };
  }
}

async function neighbour(options: Partial<CreateBucketCommandInput> = {}): Promise<Neighbour> {
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  return new Neighbour().make(options);
}

async function archiveAt(endpoint: string, bucket: string, settings: Partial<S3Settings> = {}): Promise<S3Archive> {
  vi.stubEnv('AWS_ENDPOINT_URL_S3', endpoint);
  const archive = new S3Archive({
    bucket,
    prefix,
    region: 'us-east-1',
    scratch: await testFolder(),
    clock: new TestClock(),
    newId: randomUUID,
    ...settings,
  });
  onTestFinished(() => archive.close());
  return archive;
}

archiveConformance('S3Archive', async () => {
  const other = await neighbour();
  const made = async () => {
    const archive = await archiveAt(service, other.bucket);
    await archive.prepare();
    return archive;
  };
  return {
    archive: await made(),
    secondHandle: made,
    remove: (at) => other.remove(at),
    cleanUp: async () => undefined,
  };
});

/** An archive whose object holds `before`, or nothing; its requests then meet their fates. */
async function world(
  before: string | undefined,
  fateOf: (request: Relayed, n: number, other: Neighbour) => Fate | undefined,
  settings: Partial<S3Settings> = {},
): Promise<{ archive: S3Archive; other: Neighbour; relay: Relay; expected: string | undefined }> {
  const other = await neighbour();
  const expected = before === undefined ? undefined : await other.put(path, before);
  const relay = await relayTo(service, (request, n) => fateOf(request, n, other));
  return { archive: await archiveAt(relay.url, other.bucket, settings), other, relay, expected };
}

/** The fates of the first PUTs. */
function putsMeet(...fates: Fate[]): (request: Relayed, n: number) => Fate | undefined {
  return ({ method }, n) => (method === 'PUT' ? fates[n - 1] : undefined);
}

function countOf(relay: Relay, method: string): number {
  return relay.requests.filter((request) => request.method === method).length;
}

describe.each([
  ['where nothing is', undefined],
  ['over a version', 'before'],
])('S3Archive publishes %s', (_, before) => {
  it.each<[string, number, Fate[]]>([
    ['a 409 ConditionalRequestConflict', 2, [refused(409, 'ConditionalRequestConflict')]],
    ['a 409 OperationAborted', 2, [refused(409, 'OperationAborted')]],
    ['a 412 that nothing explains', 2, [refused(412, 'PreconditionFailed')]],
    ['503 SlowDown, twice', 3, [refused(503, 'SlowDown'), refused(503, 'SlowDown')]],
    ['a 500', 2, [refused(500, 'InternalError')]],
    ['a 400 RequestTimeout', 2, [refused(400, 'RequestTimeout')]],
    ['a connection that breaks', 2, [dropped]],
    ['a time-out', 2, [swallowed]],
    ['a 500 after the write landed', 1, [denied(500, 'InternalError')]],
    ['503 SlowDown after the write landed', 1, [denied(503, 'SlowDown')]],
    ['a 409 after the write landed', 1, [denied(409, 'ConditionalRequestConflict')]],
    ['a 412 after the write landed', 1, [denied(412, 'PreconditionFailed')]],
    ['a reply that is lost after the write landed', 1, [lost]],
    ['a time-out after the write landed', 1, [stalled]],
    ['a connection that breaks, then a reply that is lost', 2, [dropped, lost]],
  ])('through %s', async (_, puts, fates) => {
    const isSlow = fates.some((fate) => fate === stalled || fate === swallowed);
    const { archive, other, relay, expected } = await world(before, putsMeet(...fates), isSlow ? impatient : {});
    const outcome = await archive.publish(path, { text: 'mine' }, expected);
    const found = await other.get(path);
    expect(outcome).toEqual({ outcome: 'committed', version: found.version });
    expect(found.text).toBe('mine');
    expect(countOf(relay, 'PUT')).toBe(puts);
  });

  it.each<[string, Fate]>([
    ['is answered', answered],
    ['meets a 409', refused(409, 'ConditionalRequestConflict')],
    ['meets a 503', refused(503, 'SlowDown')],
    ['is dropped', dropped],
    ['loses its response', lost],
    ['times out', swallowed],
  ])('nothing over somebody else who was faster, where its write %s', async (_, fate) => {
    const { archive, other, expected } = await world(
      before,
      ({ method }, n, other) =>
        method === 'PUT' && n === 1 ? preceded(() => other.put(path, 'theirs'), fate) : undefined,
      fate === swallowed ? impatient : {},
    );
    expect(await archive.publish(path, { text: 'mine' }, expected)).toEqual({ outcome: 'conflict' });
    expect((await other.get(path)).text).toBe('theirs');
  });

  it('what somebody else replaces before its reply is lost, as a conflict', async () => {
    const { archive, other, expected } = await world(before, ({ method }, n, other) => {
      if (method !== 'PUT' || n > 1) return undefined;
      return async (forward, response) => {
        await forward();
        await other.put(path, 'theirs');
        response.socket?.resetAndDestroy();
      };
    });
    expect(await archive.publish(path, { text: 'mine' }, expected)).toEqual({ outcome: 'conflict' });
    expect((await other.get(path)).text).toBe('theirs');
  });

  it('once, where its first write arrives after it was sent again', async () => {
    let late: (() => Promise<unknown>) | undefined;
    const { archive, other, relay, expected } = await world(
      before,
      ({ method }, n) => {
        if (method !== 'PUT') return undefined;
        if (n > 1) return preceded(() => late!());
        return async (forward) => {
          late = forward;
        };
      },
      impatient,
    );
    const outcome = await archive.publish(path, { text: 'mine' }, expected);
    const found = await other.get(path);
    expect(outcome).toEqual({ outcome: 'committed', version: found.version });
    expect(found.text).toBe('mine');
    expect(countOf(relay, 'PUT')).toBe(2);
  });

  it('as unknown what it can neither write nor look at, and leaves it', async () => {
    const { archive, other, expected } = await world(before, ({ method }) =>
      method === 'PUT' ? lost : refused(503, 'SlowDown'),
    );
    expect(await archive.publish(path, { text: 'mine' }, expected)).toMatchObject({ outcome: 'unknown' });
    expect((await other.get(path)).text).toBe('mine');
  });

  it('from one of twelve writers who lose every other reply', async () => {
    const { archive, other, relay, expected } = await world(before, ({ method }, n) =>
      method === 'PUT' && n % 2 === 1 ? lost : undefined,
    );
    const archives = [archive, await archiveAt(relay.url, other.bucket, { limits: {} })];
    const texts = Array.from({ length: 12 }, (_, n) => String.fromCharCode(65 + n).repeat(100_000));
    const outcomes = await Promise.all(texts.map((text, n) => archives[n % 2]!.publish(path, { text }, expected)));
    const count = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length;
    expect([count('committed'), count('conflict')]).toEqual([1, 11]);
    const found = await other.get(path);
    expect(found.text === texts[outcomes.findIndex(({ outcome }) => outcome === 'committed')]).toBe(true);
  });
});

describe('S3Archive', () => {
  it('does not make again what somebody deleted', async () => {
    const { archive, other, expected } = await world('before', ({ method }, _, other) =>
      method === 'PUT' ? preceded(() => other.remove(path)) : undefined,
    );
    expect(await archive.publish(path, { text: 'mine' }, expected)).toEqual({ outcome: 'missing' });
    expect(await archive.open(path)).toBeUndefined();
    await expect(other.get(path)).rejects.toThrow();
  });

  it('says missing where the object was deleted behind a lost reply', async () => {
    const { archive, expected } = await world('before', ({ method }, _, other) =>
      method === 'PUT' ? preceded(() => other.remove(path), dropped) : undefined,
    );
    expect(await archive.publish(path, { text: 'mine' }, expected)).toEqual({ outcome: 'missing' });
  });

  it('sends a large file whole, again after it was cut off, with what it says of itself', async () => {
    const { archive, other, relay } = await world(undefined, putsMeet(dropped, lost));
    const bytes = Buffer.alloc(20_000_000, 'large and larger ');
    const file = join(archive.scratch, 'large.tmp');
    await writeFile(file, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    const body = { path: file, bytes: bytes.length, sha256, metadata: [['row-count', '7'] as const] };
    const outcome = await archive.publish(path, body, undefined);
    const { text, version, metadata } = await other.get(path);
    expect(outcome).toEqual({ outcome: 'committed', version });
    expect(bytes.equals(Buffer.from(text))).toBe(true);
    expect(metadata).toEqual({ 'row-count': '7', 'write-id': expect.any(String) });
    expect(countOf(relay, 'PUT')).toBe(2);
  });

  it('finds the conflict of a large file, however early the refusal comes', async () => {
    const { archive, other } = await world('before', () => undefined);
    const direct = await archiveAt(service, other.bucket);
    const bytes = Buffer.alloc(60_000_000, 1);
    const file = join(archive.scratch, 'large.tmp');
    await writeFile(file, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    const body = { path: file, bytes: bytes.length, sha256, metadata: [] };
    expect(await direct.publish(path, body, undefined)).toEqual({ outcome: 'conflict' });
    expect((await other.get(path)).text).toBe('before');
  });

  it('publishes no bytes that were damaged on their way', async () => {
    const { archive, other } = await world('before', () => undefined);
    const file = join(archive.scratch, 'damaged.tmp');
    await writeFile(file, 'damaged');
    const sha256 = createHash('sha256').update('as it was').digest('base64');
    const body = { path: file, bytes: 7, sha256, metadata: [] };
    const expected = (await other.get(path)).version;
    const outcome = await archive.publish(path, body, expected).catch((error: unknown) => error);
    expect(outcome).not.toMatchObject({ outcome: 'committed' });
    expect((await other.get(path)).text).toBe('before');
  });

  it.each<[string, Fate]>([
    ['is cut', cut],
    ['is lost', lost],
    ['never comes', stalled],
    ['is a 503', refused(503, 'SlowDown')],
  ])('reads again a body that %s', async (_, fate) => {
    const text = 'abcdefghij'.repeat(20_000);
    const { archive, relay } = await world(
      text,
      ({ method }, n) => (method === 'GET' && n === 1 ? fate : undefined),
      fate === stalled ? impatient : {},
    );
    const object = (await archive.open(path))!;
    expect(Buffer.from(await object.read(5, 100_005)).toString() === text.slice(5, 100_005)).toBe(true);
    expect(countOf(relay, 'GET')).toBe(2);
  });

  it('says so where an object is replaced or deleted while it is read', async () => {
    const { archive, other } = await world('before', () => undefined);
    const first = (await archive.open(path))!;
    await other.put(path, 'after!');
    expect(await failureOf(first.read(0, 3))).toContain('was replaced while it was read');
    const second = (await archive.open(path))!;
    await other.remove(path);
    expect(await failureOf(second.read(0, 3))).toContain('was deleted while it was read');
  });

  it('locks and keeps what holds messages, and replaces it all the same', async () => {
    const other = await neighbour({ ObjectLockEnabledForBucket: true });
    const clock = { now: Date.now, sleep: async () => undefined, random: () => 0 };
    const objectLock = { mode: 'GOVERNANCE', days: 2 } as const;
    const archive = await archiveAt(service, other.bucket, { clock: clock, objectLock });
    const file = { text: '{}' };
    expect(await archive.publish(settingsPath, file, undefined)).toMatchObject({ outcome: 'committed' });
    const expected = await archive.publish(path, { text: 'one' }, undefined);
    if (expected.outcome !== 'committed') expect.fail(expected.outcome);
    expect(await archive.publish(path, { text: 'two' }, expected.version)).toMatchObject({ outcome: 'committed' });
    await archive.put(
      `${quarantineFolder(slot.id)}/${'ab'.repeat(32)}.jsonl`,
      Buffer.from('x'),
      'application/x-ndjson',
    );
    for (const locked of [path, `${quarantineFolder(slot.id)}/${'ab'.repeat(32)}.jsonl`]) {
      const { mode, until } = await other.lockOf(locked);
      expect(mode).toBe('GOVERNANCE');
      expect(until! - Date.now()).toBeGreaterThan(1.9 * 86_400_000);
      expect(until! - Date.now()).toBeLessThan(2.1 * 86_400_000);
    }
    expect(await other.lockOf(settingsPath)).toEqual({ mode: undefined, until: undefined });
    expect((await other.get(path)).text).toBe('two');
  });

  it('lists more than a page', async () => {
    const { archive, other, relay } = await world(undefined, () => undefined);
    const days = Array.from({ length: 1_005 }, (_, n) =>
      objectPath(slotAt(n * 86_400_000, { windowDays: 60, partitionBy: 'day' }), 'parquet'),
    );
    for (let n = 0; n < days.length; n += 50)
      await Promise.all(days.slice(n, n + 50).map((day) => other.put(day, 'x')));
    expect((await archive.list()).map((object) => object.path)).toEqual(days.toSorted());
    expect(countOf(relay, 'GET')).toBe(2);
  });

  it('refuses a bucket that is not there, and credentials that are not its', async () => {
    const { other, relay } = await world(undefined, () => undefined);
    const nowhere = await archiveAt(relay.url, `no-${other.bucket}`);
    expect(await failureOf(nowhere.prepare())).toContain('the bucket does not exist');
    expect(await failureOf(nowhere.list())).toContain('the bucket does not exist');
    expect(await failureOf(nowhere.publish(path, { text: 'x' }, undefined))).toContain('the bucket does not exist');
    const stranger = await archiveAt(relay.url, other.bucket, {
      credentials: { accessKeyId: 'nobody', secretAccessKey },
    });
    expect(await failureOf(stranger.prepare())).toContain('No user exists with the provided access key ID');
    const mistyped = await archiveAt(relay.url, other.bucket, {
      credentials: { accessKeyId, secretAccessKey: 'mistyped' },
    });
    expect(await failureOf(mistyped.list())).toContain('SignatureDoesNotMatch');
  });

  it('asks for whole objects, heads, ranges and listings, and deletes nothing', async () => {
    const { archive, relay } = await world(undefined, putsMeet(answered, lost));
    await archive.prepare();
    const first = await archive.publish(settingsPath, { text: '{"id":1}' }, undefined);
    expect(first).toMatchObject({ outcome: 'committed' });
    await archive.prepare();
    await archive.publish(path, { text: 'x' }, undefined);
    await archive.put(
      `${quarantineFolder(slot.id)}/${'ab'.repeat(32)}.jsonl`,
      Buffer.from('x'),
      'application/x-ndjson',
    );
    await archive.list();
    await (await archive.open(path))!.read(0, 1);
    const asked = relay.requests.map(({ method, path: asked }) => {
      const { pathname, searchParams } = new URL(asked, relay.url);
      return `${method} ${pathname.split('/').length > 3 ? 'object' : 'bucket'} ${[...searchParams.keys()].sort()}`;
    });
    expect(new Set(asked)).toEqual(
      new Set(['HEAD object ', 'GET object x-id', 'PUT object x-id', 'GET bucket list-type,prefix']),
    );
  });
});
