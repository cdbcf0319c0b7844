import { expect, it } from 'vitest';
import { api, Case, june, pageOf, sendJson } from '../support/run.ts';
import { credentials } from './simulator.ts';

const debug = { DEBUG: '*', NODE_DEBUG: '*', NODE_OPTIONS: '--trace-warnings' };

/** Everything a run shows, without the lines that ask the runner to mask. */
const shownOf = ({ printed, log, summary, outputs }: Awaited<ReturnType<Case['run']>>) =>
  `${printed.replaceAll(/^::add-mask::.*$/gm, '')}${log.replaceAll(/^::add-mask::.*$/gm, '')}${summary}${JSON.stringify(outputs)}`;

it('signed parameters of next URLs, issued tokens and client secrets are shown nowhere, whatever Node prints', async () => {
  const signature = 'a/signature+of=17';
  const held = june(25);
  const { url } = await api((asked, response) => {
    const { url: at, request } = asked;
    if (at.pathname === '/token') return void sendJson(response, { access_token: 'issued-token-41', expires_in: 60 });
    if (request.headers.authorization !== 'Bearer issued-token-41') return void sendJson(response, {}, 401);
    const page = Number(at.searchParams.get('page') ?? 1);
    const { messages } = pageOf(held, { ...asked, page, size: 10 });
    if (page === 3) return void sendJson(response, { message: `bad ${at.search}` }, 422);
    at.searchParams.set('page', String(page + 1));
    at.searchParams.set('X-Amz-Signature', signature);
    return { messages, next: at.pathname + at.search };
  });
  const made = await Case.make({
    'api-url': url.href,
    'api-query': 'start_time={start}&end_time={end}&size={size}',
    'api-next': '/next',
    'api-total': 'none',
    'api-token': '',
    'api-oauth-token-url': `${url.origin}/token?assertion=1`,
    'api-oauth-client-id': credentials.clientId,
    'api-oauth-client-secret': credentials.clientSecret,
  });
  const shown = shownOf(await made.run({}, debug));
  expect(shown).toContain('422');
  const secrets = [signature, encodeURIComponent(signature), 'issued-token-41', credentials.clientSecret];
  secrets.push(btoa(`${credentials.clientId}:${credentials.clientSecret}`));
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
});

it('user names, passwords and their pair are shown nowhere', async () => {
  const { username, password } = credentials;
  const { url } = await api(({ request }, response) =>
    sendJson(response, { message: `no: ${request.headers.authorization} ${username} ${password}` }, 403),
  );
  const made = await Case.make({
    'api-url': url.href,
    'api-headers': 'Authorization: Basic {basic}\nX-Api-Key: written-out-key',
    'api-token': '',
    'api-username': username,
    'api-password': password,
  });
  const shown = shownOf(await made.run({}, debug));
  expect(shown).toContain('403');
  const secrets = [username, password, btoa(`${username}:${password}`), 'written-out-key'];
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
});
