import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authenticator } from '../../../src/io/api/authenticator.ts';
import type { Authentication, OauthSettings } from '../../../src/io/api/settings.ts';
import { compileHeaders } from '../../../src/io/api/template.ts';
import { masked } from '../../../src/text/secrets.ts';
import { TestClock } from '../../support/clock.ts';
import { testServer } from '../../support/http-server.ts';

const clientId = 'a client:id';
const clientSecret = 'a-client-secret/+41';
const bearer = compileHeaders('Authorization: Bearer {token}');

interface TokenRequest {
  readonly request: IncomingMessage;
  readonly form: URLSearchParams;
  readonly count: number;
}

/** A token endpoint, which gives out `token-1`, `token-2` and so on unless it responds otherwise. */
async function tokens(respond: (asked: TokenRequest) => { status?: number; body?: unknown } = () => ({})) {
  const server = await testServer((response, count, request) => {
    void text(request).then((body) => {
      const { status = 200, body: sent } = respond({ request, form: new URLSearchParams(body), count });
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(sent ?? { access_token: `issued-${count}-token`, expires_in: 3600 }));
    });
  });
  return server;
}

function authenticator(settings: Authentication) {
  const clock = new TestClock();
  const made = new Authenticator(settings, clock, () => undefined);
  onTestFinished(() => made.close());
  return { clock, made };
}

function withOauth(url: URL, more: Partial<OauthSettings> = {}) {
  const oauth = { tokenUrl: url.href, clientId, clientSecret, scope: undefined, ...more };
  return authenticator({ headers: bearer, oauth });
}

it('fills headers with static secrets', async () => {
  const headers = compileHeaders('X-Key: {token}\nAuthorization: Basic {basic}\nAccept: text/json');
  const { made } = authenticator({ headers, token: 't-17', username: 'ann', password: 'p:w' });
  expect(await made.headers()).toEqual({
    headers: { 'x-key': 't-17', authorization: `Basic ${btoa('ann:p:w')}`, accept: 'text/json' },
    token: 't-17',
  });
  expect(await made.giveUp('t-17')).toBe(false);
  expect(masked(`Basic ${btoa('ann:p:w')}`)).toBe('Basic ***');
});

describe('OAuth client credentials', () => {
  it('are sent as RFC 6749 says, once for many requests', async () => {
    const seen: string[] = [];
    const { url, requests } = await tokens(({ request, form }) => {
      seen.push(`${request.method} ${request.headers['content-type']} ${form}`, request.headers.authorization!);
      return {};
    });
    const { made } = withOauth(url, { scope: 'messages.read all' });
    const all = await Promise.all([made.headers(), made.headers(), made.headers()]);
    expect(new Set(all.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer issued-1-token']));
    expect(requests).toHaveLength(1);
    expect(seen).toEqual([
      'POST application/x-www-form-urlencoded grant_type=client_credentials&scope=messages.read+all',
      `Basic ${btoa('a+client%3Aid:a-client-secret%2F%2B41')}`,
    ]);
    expect(masked('Bearer issued-1-token')).toBe('Bearer ***');
    expect(masked(seen[1]!)).toBe('Basic ***');
  });

  it.each([400, 401])('are sent in the body where the header is refused with %i', async (status) => {
    const { url, requests } = await tokens(({ request, form }) => {
      if (request.headers.authorization !== undefined) return { status, body: { error: 'invalid_client' } };
      return form.get('client_id') === clientId && form.get('client_secret') === clientSecret ? {} : { status: 401 };
    });
    const { made, clock } = withOauth(url);
    expect((await made.headers()).token).toBe('issued-2-token');
    await clock.sleep(3_600_000);
    expect((await made.headers()).token).toBe('issued-3-token');
    expect(requests).toHaveLength(3);
  });

  it('keep a grant that the URL states', async () => {
    const { url } = await tokens(({ form }) => ({ status: form.has('grant_type') ? 400 : 200 }));
    url.searchParams.set('grant_type', 'account_credentials');
    expect((await withOauth(url).made.headers()).token).toBe('issued-1-token');
  });

  it('are renewed a minute before the token expires, not earlier', async () => {
    const { url } = await tokens();
    const { made, clock } = withOauth(url);
    expect((await made.headers()).token).toBe('issued-1-token');
    await clock.sleep(3_539_000);
    expect((await made.headers()).token).toBe('issued-1-token');
    await clock.sleep(1_000);
    expect((await made.headers()).token).toBe('issued-2-token');
  });

  it('are renewed where the API refuses the token, once for all requests that carried it', async () => {
    const { url, requests } = await tokens(() => ({}));
    const { made } = withOauth(url);
    const { token } = await made.headers();
    expect(await Promise.all([made.giveUp(token), made.giveUp(token)])).toEqual([true, true]);
    expect((await made.headers()).token).toBe('issued-2-token');
    expect(await made.giveUp(token)).toBe(true);
    expect((await made.headers()).token).toBe('issued-2-token');
    expect(requests).toHaveLength(2);
  });

  it('are requested again where a request failed', async () => {
    const { url } = await tokens(({ count }) => (count < 3 ? { status: 401 } : {}));
    const { made } = withOauth(url);
    await expect(made.headers()).rejects.toThrow('api-oauth-client-secret');
    expect((await made.headers()).token).toBe('issued-3-token');
  });

  it('are retried where the endpoint fails for a while', async () => {
    const { url } = await tokens(({ count }) => (count < 3 ? { status: 503 } : {}));
    expect((await withOauth(url).made.headers()).token).toBe('issued-3-token');
  });

  it.each([
    [{ status: 401, body: { error: 'invalid_client', error_description: clientSecret } }, 'api-oauth-client-secret'],
    [{ status: 400, body: { error: 'invalid_scope' } }, 'api-oauth-scope'],
    [{ status: 404 }, 'api-oauth-token-url'],
    [{ body: { token: 'x' } }, 'api-oauth-token-url'],
    [{ body: { access_token: 'a b' } }, 'api-oauth-token-url'],
    [{ body: '<html>' }, 'api-oauth-token-url'],
  ])('that are refused end in a sentence that names the input (%j)', async (response, input) => {
    const { url } = await tokens(() => response);
    const error = await withOauth(url)
      .made.headers()
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(input);
    expect(String(error)).toContain('The OAuth token endpoint');
    expect(masked(String(error))).not.toContain(clientSecret);
  });
});
