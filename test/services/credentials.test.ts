import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { roleCredentials } from '../../src/io/aws/credentials.ts';
import { clock } from '../../src/io/clock.ts';
import { testServer } from '../support/http-server.ts';
import { endpoints } from './endpoints.ts';
import { refused } from './fates.ts';
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
  const credentials = roleCredentials({ roleToAssume, region, sessionName: 'a-leg', clock, environment, mask });
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
});
