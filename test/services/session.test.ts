import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startSource } from '../../demo/source/server.ts';
import { inputDefaults } from '../../src/inputs/defaults.ts';
import { parseCompactInstant } from '../../src/windows/interval.ts';
import { testServer } from '../support/http-server.ts';
import { Bundle } from './bundle.ts';
import { Cloud } from './cloud.ts';
import { endpoints } from './endpoints.ts';
import { edited, preceded, refused, replied } from './fates.ts';
import { type FateOf, type Relayed, relayTo } from './relay.ts';

const { moto } = endpoints();
/** S3 that gives sessions: versitygw has none. */
const services = { s3: { ...endpoints().s3, endpoint: moto }, moto };
const roleToAssume = 'arn:aws:iam::123456789012:role/archive';
const asOf = '2023-03-01T00:00:00Z';
const sessionMs = 2_000;
const sessionsMin = 4;

let folder: string;
let bundle: Bundle;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-archive-session-'));
  bundle = await Bundle.build(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The sessions that STS gave: when each ends. */
class Sessions {
  readonly ends = new Map<string, number>();
  /** Sessions that were over when a request with them was under way. */
  readonly outlived = new Set<string>();
  /** Requests that were signed with no session, or one that was over. */
  readonly strays: Relayed[] = [];

  /** Shortens a session that STS gives. */
  readonly shorten = (text: string) => {
    const end = Date.now() + sessionMs;
    this.ends.set(/<SessionToken>([^<]+)/.exec(text)![1]!, end);
    return text.replace(/<Expiration>[^<]*/, `<Expiration>${new Date(end).toISOString()}`);
  };

  /** Lets nobody in whose session is over; the first write of each session is not answered before its end. */
  guard(refuse: ReturnType<typeof replied>): FateOf {
    return (request) => {
      const token = String(request.headers['x-amz-security-token']);
      const end = this.ends.get(token) ?? 0;
      if (signedAt(request) >= end) {
        this.strays.push(request);
        return refuse;
      }
      if (request.method !== 'PUT' || this.outlived.has(token) || this.outlived.size >= sessionsMin) return undefined;
      this.outlived.add(token);
      return preceded(() => setTimeout(Math.max(0, end - Date.now())));
    };
  }
}

/** To the second: `20230301T000000Z`. */
function signedAt({ headers }: Relayed): number {
  return parseCompactInstant(String(headers['x-amz-date'])) ?? Number.POSITIVE_INFINITY;
}

it('a leg goes on past the end of its sessions, each had for a new token of GitHub', async () => {
  const issuer = await testServer((response, count) => response.end(JSON.stringify({ value: `header.${count}.sign` })));
  const sessions = new Sessions();
  const sts = await relayTo(moto, () => edited(sessions.shorten));
  const s3 = await relayTo(moto, sessions.guard(refused(400, 'ExpiredToken')));
  const expired = JSON.stringify({ __type: 'com.amazon.coral.service#ExpiredTokenException', message: 'It ended.' });
  const table = await relayTo(
    moto,
    sessions.guard(replied(400, expired, { 'content-type': 'application/x-amz-json-1.0' })),
  );
  const source = await startSource({ from: '2022-12-01T00:00:00Z', to: asOf, messages: 200, textBytesMax: 0 });
  onTestFinished(() => source.close());
  const cloud = await Cloud.make(services);
  onTestFinished(() => cloud.close());

  const { code, outputs, log } = await bundle.step(
    {
      ...cloud.inputs,
      command: 'run',
      from: '2022-12-01T00:00:00Z',
      'as-of': asOf,
      'partition-by': 'day',
      'api-url': source.url,
      'api-token': source.token,
      'api-query': `${inputDefaults['api-query']}&as_of=${asOf}`,
      'role-to-assume': roleToAssume,
      'aws-region': 'us-east-1',
    },
    {
      GITHUB_ACTIONS: 'true',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.url}?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_ENDPOINT_URL_DYNAMODB: table.url,
      AWS_ENDPOINT_URL_STS: sts.url,
    },
  );

  expect([code, outputs.complete], log).toEqual([0, 'true']);
  expect(sessions.strays.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(sessions.outlived.size).toBe(sessionsMin);
  expect((await cloud.objects()).size).toBeGreaterThan(60);
  const tokens = sts.requests.map(({ body }) => new URLSearchParams(body.toString()).get('WebIdentityToken'));
  expect(tokens).toEqual(issuer.requests.map((_, n) => `header.${n + 1}.sign`));
  const lines = log.split('\n');
  const masked = lines
    .filter((line) => line.startsWith('::add-mask::'))
    .map((line) => line.slice('::add-mask::'.length));
  expect(masked).toEqual(expect.arrayContaining([...tokens, ...sessions.ends.keys()]));
  const others = lines.filter((line) => !line.startsWith('::add-mask::')).join('\n');
  expect(masked.filter((secret) => others.includes(secret))).toEqual([]);
}, 120_000);
