import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type RoleSettings, roleCredentials } from '../../../src/io/aws/credentials.ts';
import { TestClock } from '../../support/clock.ts';
import { errorOf, failureOf } from '../../support/failure.ts';
import { type TestServer, testServer } from '../../support/http-server.ts';

const role = 'arn:aws:iam::123456789012:role/some/archive';
const minute = 60_000;

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']) {
    vi.stubEnv(name, undefined);
  }
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
});

type Answer = (response: ServerResponse, count: number, request: IncomingMessage) => unknown;

interface Given {
  /** The lifetime of a session, in ms. */
  readonly lifeMs?: number;
  readonly issuer?: Answer;
  readonly sts?: Answer;
  readonly settings?: Partial<RoleSettings>;
}

interface World {
  readonly clock: TestClock;
  readonly issuer: TestServer;
  readonly sts: TestServer;
  /** The forms that STS was sent. */
  readonly forms: URLSearchParams[];
  /** The masked secrets and the requests, in order. */
  readonly events: string[];
  readonly credentials: ReturnType<typeof roleCredentials>;
}

/** A job on GitHub, its issuer of tokens, and STS, both on this machine. */
async function world(given: Given = {}): Promise<World> {
  const clock = new TestClock();
  const events: string[] = [];
  const forms: URLSearchParams[] = [];
  const issuer = await testServer((response, count, request) => {
    events.push('issuer');
    if (given.issuer) return void given.issuer(response, count, request);
    response.end(JSON.stringify({ count, value: `token-${count}` }));
  });
  const sts = await testServer(async (response, count, request) => {
    forms.push(new URLSearchParams(await text(request)));
    events.push('sts');
    if (given.sts) await given.sts(response, count, request);
    if (!response.writableEnded) response.end(session(count, clock.now() + (given.lifeMs ?? 60 * minute)));
  });
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url.origin);
  const credentials = roleCredentials({
    roleToAssume: role,
    region: 'eu-west-1',
    sessionName: 'a-session',
    clock,
    environment: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.url}?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
    },
    mask: (secret) => events.push(`mask ${secret}`),
    ...given.settings,
  });
  return { clock, issuer, sts, forms, events, credentials };
}

function session(count: number, end: number): string {
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>key-${count}</AccessKeyId><SecretAccessKey>secret-${count}</SecretAccessKey><SessionToken>session-${count}</SessionToken><Expiration>${new Date(end).toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}

function refuse(response: ServerResponse, status: number, code: string, message = ''): void {
  response
    .writeHead(status, { 'content-type': 'text/xml' })
    .end(
      `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
    );
}

describe('roleCredentials', () => {
  it('exchanges a GitHub token for a session of the role, and masks every secret', async () => {
    const { credentials, issuer, forms, events, clock } = await world();
    expect(await credentials()).toEqual({
      accessKeyId: 'key-1',
      secretAccessKey: 'secret-1',
      sessionToken: 'session-1',
      expiration: new Date(clock.now() + 60 * minute),
    });
    expect(issuer.requests[0]!.url).toBe('/messages?api-version=2.0&audience=sts.amazonaws.com');
    expect(issuer.requests[0]!.headers.authorization).toBe('Bearer a-bearer');
    expect(Object.fromEntries(forms[0]!)).toMatchObject({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: role,
      RoleSessionName: 'a-session',
      WebIdentityToken: 'token-1',
    });
    expect(events).toEqual(['issuer', 'mask token-1', 'sts', 'mask secret-1', 'mask session-1']);
  });

  it.each([
    ['an hour', 60, 55],
    ['twelve hours', 720, 715],
    ['ten minutes', 10, 5],
    ['four minutes', 4, 2],
  ])('keeps a session of %s until it is about to expire, then requests a new one', async (_, minutes, renewedAfter) => {
    const { credentials, clock } = await world({ lifeMs: minutes * minute });
    const ids = [(await credentials()).accessKeyId];
    await clock.sleep(renewedAfter * minute - 1);
    ids.push((await credentials()).accessKeyId);
    await clock.sleep(1);
    ids.push((await credentials()).accessKeyId, (await credentials()).accessKeyId);
    expect(ids).toEqual(['key-1', 'key-1', 'key-2', 'key-2']);
  });

  it('shares one request among concurrent callers', async () => {
    const { credentials, sts, issuer } = await world();
    const all = await Promise.all([credentials(), credentials(), credentials()]);
    expect(new Set(all).size).toBe(1);
    expect([issuer.requests.length, sts.requests.length]).toEqual([1, 1]);
  });

  it.each<[string, Answer]>([
    ['STS fails', (response) => refuse(response, 500, 'InternalFailure')],
    ['STS throttles', (response) => refuse(response, 400, 'Throttling')],
    ['the token has expired', (response) => refuse(response, 400, 'ExpiredTokenException')],
    ['STS cannot reach GitHub', (response) => refuse(response, 400, 'IDPCommunicationError')],
    [
      'STS cannot fetch its keys',
      (response) => refuse(response, 400, 'InvalidIdentityToken', "Couldn't retrieve verification key"),
    ],
    ['the connection is cut', (response) => response.socket?.resetAndDestroy()],
  ])('retries with a new token if %s', async (_, spoil) => {
    const { credentials, forms, clock } = await world({
      sts: (response, count, request) => (count === 1 ? spoil(response, count, request) : undefined),
    });
    expect((await credentials()).accessKeyId).toBe('key-2');
    expect(forms.map((form) => form.get('WebIdentityToken'))).toEqual(['token-1', 'token-2']);
    expect(clock.waits).toEqual([500]);
  });

  it('retries if GitHub has no token for a moment', async () => {
    const { credentials, issuer } = await world({
      issuer: (response, count) =>
        count === 1 ? response.writeHead(503).end() : response.end(JSON.stringify({ value: 'later' })),
    });
    expect((await credentials()).accessKeyId).toBe('key-1');
    expect(issuer.requests).toHaveLength(2);
  });

  it('keeps using a valid session if there is no new one', async () => {
    const { credentials, clock } = await world({
      sts: (response, count) => (count === 2 || count === 3 ? refuse(response, 403, 'AccessDenied') : undefined),
    });
    await credentials();
    await clock.sleep(57 * minute);
    expect((await credentials()).accessKeyId).toBe('key-1');
    await clock.sleep(3 * minute);
    expect(await failureOf(credentials())).toContain('AccessDenied');
    expect((await credentials()).accessKeyId).toBe('key-4');
  });
});

describe('roleCredentials reports', () => {
  it.each([{}, { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1/?' }, { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x' }])(
    'a job without the permission for a token, with %o',
    async (environment) => {
      expect(await errorOf(world({ settings: { environment } }))).toMatchObject({
        code: 'aws-permission',
        message: expect.stringContaining('`id-token: write`'),
      });
    },
  );

  it('a refused or invalid response of the token issuer', async () => {
    const refused = await world({ issuer: (response) => response.writeHead(403).end() });
    expect(await errorOf(refused.credentials())).toMatchObject({
      code: 'aws-credentials',
      message: expect.stringContaining('`id-token: write`'),
    });
    for (const body of ['no JSON', '{}', '{"value":7}', '{"value":""}', 'null']) {
      const { credentials } = await world({ issuer: (response) => response.end(body) });
      expect(await errorOf(credentials())).toMatchObject({ code: 'aws-credentials' });
    }
  });

  it.each([
    [403, 'AccessDenied', '', 'aws-permission', 'sts:AssumeRoleWithWebIdentity'],
    [400, 'InvalidIdentityToken', 'No OpenIDConnect provider', 'aws-permission', 'token.actions.githubusercontent.com'],
    [400, 'ValidationError', 'Value token-1 failed', 'aws-credentials', '400, ValidationError'],
    [403, 'RegionDisabledException', '', 'aws-credentials', '403, RegionDisabledException'],
  ])('a role that cannot be assumed: %i %s', async (status, name, message, code, value) => {
    const { credentials, sts } = await world({ sts: (response) => refuse(response, status, name, message) });
    const error = await errorOf(credentials());
    expect(error.code).toBe(code);
    expect(error.message).toContain(role);
    expect(error.message).toContain(value);
    expect(error.message).not.toMatch(/token-1|bearer/);
    expect(sts.requests).toHaveLength(1);
  });

  it('that STS fails, after 8 attempts', async () => {
    const { credentials, sts, clock } = await world({
      sts: (response) => refuse(response, 503, 'ServiceUnavailable'),
    });
    expect(await errorOf(credentials())).toMatchObject({
      code: 'aws-credentials',
      message: expect.stringContaining('503'),
    });
    expect(sts.requests).toHaveLength(8);
    expect(clock.waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('a response of STS without a session', async () => {
    const { credentials } = await world({
      sts: (response) =>
        response.end(
          '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>',
        ),
    });
    expect(await errorOf(credentials())).toMatchObject({ code: 'aws-credentials' });
  });

  it('an unknown region', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    const { credentials } = await world({ settings: { region: undefined } });
    expect(await errorOf(credentials())).toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('`aws-region`'),
    });
  });
});
