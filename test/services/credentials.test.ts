import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { objectPath } from '../../src/archive/layout.ts';
import { roleCredentials } from '../../src/io/credentials.ts';
import { nature } from '../../src/io/nature.ts';
import { S3Archive } from '../../src/io/s3.ts';
import { slotAt } from '../../src/windows/slots.ts';
import { testFolder } from '../support/folders.ts';
import { testServer } from '../support/http-server.ts';
import { endpoints } from './endpoints.ts';
import { edited, refused } from './fates.ts';
import { type Fate, relayTo } from './relay.ts';

const service = endpoints().moto;
const roleToAssume = 'arn:aws:iam::123456789012:role/archive';
const region = 'us-east-1';

beforeEach(() => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** A job that may ask GitHub for tokens, and STS, whose answers meet their fates. */
async function world(stsFate: (n: number) => Fate | undefined = () => undefined) {
  const issuer = await testServer((response, count) => response.end(JSON.stringify({ value: `header.${count}.sign` })));
  const sts = await relayTo(service, (_, n) => stsFate(n));
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url);
  const masked: string[] = [];
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.url}?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
  };
  const mask = (secret: string) => void masked.push(secret);
  const credentials = roleCredentials({ roleToAssume, region, sessionName: 'a-leg', nature, environment, mask });
  return { credentials, issuer, sts, masked };
}

describe('roleCredentials', () => {
  it('gets a session of STS for a token of GitHub', async () => {
    const { credentials, masked } = await world();
    const session = await credentials();
    expect(session.sessionToken.length).toBeGreaterThan(100);
    expect(session.expiration.getTime()).toBeGreaterThan(Date.now() + 50 * 60_000);
    expect(masked).toEqual(['header.1.sign', session.secretAccessKey, session.sessionToken]);
    expect(await credentials()).toBe(session);
  });

  it('gets one through an STS that fails for a moment, with a new token', async () => {
    const { credentials, issuer, sts } = await world((n) => (n === 1 ? refused(503, 'ServiceUnavailable') : undefined));
    await credentials();
    expect([issuer.requests.length, sts.requests.length]).toEqual([2, 2]);
  });

  it('lets a leg go on past the end of its session', async () => {
    const lifeMs = 2_000;
    const { credentials, sts } = await world(() =>
      edited((text) => text.replace(/<Expiration>[^<]*/, `<Expiration>${new Date(Date.now() + lifeMs).toISOString()}`)),
    );
    const ends = new Map<string, number>();
    const noted = async () => {
      const session = await credentials();
      ends.set(session.sessionToken, session.expiration.getTime());
      return session;
    };
    const used = new Set<string>();
    const s3 = await relayTo(service, ({ headers }) => {
      const token = String(headers['x-amz-security-token']);
      if (Date.now() >= (ends.get(token) ?? 0)) return refused(400, 'ExpiredToken');
      used.add(token);
      return undefined;
    });
    const bucket = `b-${randomUUID()}`;
    const owner = { accessKeyId: 'any', secretAccessKey: 'any' };
    await new S3Client({ endpoint: service, forcePathStyle: true, region, credentials: owner }).send(
      new CreateBucketCommand({ Bucket: bucket }),
    );
    vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.url);
    const scratch = await testFolder();
    const archive = new S3Archive({
      bucket,
      prefix: '',
      region,
      credentials: noted,
      scratch,
      nature,
      newId: randomUUID,
    });
    onTestFinished(() => archive.close());
    await archive.prepare();
    const written: string[] = [];
    for (let day = 0; used.size < 4; day += 1) {
      const path = objectPath(slotAt(day * 86_400_000, { windowDays: 60, partitionBy: 'day' }), 'parquet');
      expect(await archive.publish(path, { text: path }, undefined)).toMatchObject({ outcome: 'committed' });
      written.push(path);
    }
    const listed = await archive.list();
    expect(listed.map(({ path }) => path)).toEqual(written.toSorted());
    expect(sts.requests.length).toBeGreaterThanOrEqual(4);
  });
});
