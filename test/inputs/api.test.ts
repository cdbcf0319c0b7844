import { describe, expect, it } from 'vitest';
import { variableOf } from '../../src/inputs/defaults.ts';
import { readInputs } from '../../src/inputs/index.ts';
import { secretsIn } from '../../src/inputs/secrets.ts';
import { certificate, certificateKey } from '../support/certificate.ts';

type Texts = Readonly<Record<string, string>>;

const token = 'a-secret-token-17';
const usual = {
  archive: 'file:archive',
  staging: 'sqlite:staging.db',
  'api-url': 'https://api.example.com/messages',
  'api-token': token,
};
const range = 'from={start}&to={end}';
const environmentOf = (texts: Texts) =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [variableOf(name), text]));
const read = (texts: Texts) => readInputs(environmentOf({ ...usual, ...texts }), Date.UTC(2024, 6, 1)).api!;

function refusalOf(texts: Texts): string {
  try {
    read(texts);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`accepted: ${JSON.stringify(texts)}`);
}

describe('an invalid template is refused with the closest placeholder', () => {
  it.each<[string, Texts, string | RegExp]>([
    [
      'api-query',
      { 'api-query': `${range}&page={pge}` },
      'contains "{pge}": `{pge}` is not a placeholder here, the closest is `{page}`.',
    ],
    ['api-query', { 'api-query': `${range}&n={limit}` }, 'the closest is `{size}`'],
    ['api-query', { 'api-query': `${range}&n={whatever}` }, 'use one of `{start}`, `{end}`, `{size}`'],
    ['api-query', { 'api-query': `${range}&key={token}` }, 'use it in `api-headers`'],
    ['api-headers', { 'api-headers': 'X-Key: {key}' }, 'the closest is `{token}`'],
    ['api-headers', { 'api-headers': 'X-Key: {token}\nX-At: {start}' }, 'use it in `api-query` or `api-body`'],
    ['api-query', { 'api-query': 'to={end}&page={page}' }, '`{start}` is missing'],
    ['api-query', { 'api-query': 'from={start}&page={page}' }, '`{end}` is missing'],
    ['api-query', { 'api-query': `${range}&cursor={cursor}` }, /"\{cursor\}": it needs `api-next`/],
    [
      'api-query',
      { 'api-query': `${range}&page={page}`, 'api-next': '/next' },
      /"\{page\}": .*cannot be combined with `api-next`: leave `\{page\}` out, or leave `api-next` out/,
    ],
    [
      'api-query',
      { 'api-paging': 'next', 'api-next': 'link' },
      /"\{page\}": `\{page\}` cannot be combined with paging by `next`/,
    ],
    [
      'api-next',
      { 'api-query': `${range}&page={page}`, 'api-paging': 'page', 'api-next': '/next' },
      'does not use it, leave it out',
    ],
    ['api-query', { 'api-query': `${range}&page={page}&offset={offset}` }, /"\{offset\}": .*paging by `page`/],
    [
      'api-query',
      { 'api-query': `${range}&page={page}`, 'api-paging': 'none', 'api-max-results': '9' },
      'leave `{page}` out',
    ],
    ['api-paging', { 'api-query': range, 'api-paging': 'offset' }, 'use `{offset}` in `api-query`'],
    ['api-paging', { 'api-query': range, 'api-paging': 'next' }, 'it needs `api-next`'],
    ['api-paging', { 'api-query': range, 'api-paging': 'none' }, /nothing shows whether .*`api-max-results`/],
    ['api-query', { 'api-query': range }, /requests do not page.*`\{page\}`/],
    ['api-paging', { 'api-paging': 'cursor' }, 'use one of `page`, `offset`, `next`, `none`'],
    ['api-first-page', { 'api-query': range, 'api-next': 'link', 'api-first-page': '0' }, 'leave it out'],
    ['api-next', { 'api-query': range, 'api-next': 'next' }, 'use a JSON pointer'],
    ['api-next', { 'api-query': range, 'api-next': 'header:' }, 'use a JSON pointer'],
    ['api-body', { 'api-body': '{"from":"{start}"}' }, 'set `api-method: POST`'],
    [
      'api-body',
      { 'api-method': 'POST', 'api-body': '{"from":{start}}' },
      'use JSON, with placeholders within strings',
    ],
    ['api-body', { 'api-method': 'POST', 'api-body': '{"from":"{start}","page":"{page}"}' }, '`{end}` is missing'],
    [
      'api-body',
      { 'api-method': 'POST', 'api-body': '{"from":"{start:number}","to":"{end}","page":"{page}"}' },
      /"\{start:number\}": .*`api-time-format: date` is not numeric: use `\{start\}`, or `api-time-format: epoch-s`/,
    ],
    ['api-method', { 'api-method': 'PUT' }, 'use one of `GET`, `POST`'],
  ])('%s in %j', (name, texts, said) => {
    const message = refusalOf(texts);
    expect(message).toContain(`The input \`${name}\` `);
    expect(message).toMatch(said instanceof RegExp ? said : new RegExp(RegExp.escape(said)));
    expect(message).toMatch(/\.$/);
  });
});

describe('credentials that do not go together are refused', () => {
  const oauth = {
    'api-token': '',
    'api-oauth-token-url': 'https://login.example.com/token',
    'api-oauth-client-id': 'client',
    'api-oauth-client-secret': 'hush-hush-client',
  };

  it.each<[string, Texts, string]>([
    ['api-token', { 'api-token': '' }, 'is missing'],
    [
      'api-headers',
      { 'api-token': '', 'api-username': 'ann', 'api-password': 'hush-hush' },
      '`Authorization: Basic {basic}`',
    ],
    ['api-password', { 'api-password': 'hush-hush' }, 'no header contains it'],
    ['api-token', { 'api-headers': 'Accept: text/json' }, 'no header contains it, use `{token}`'],
    [
      'api-password',
      { 'api-token': '', 'api-headers': 'Authorization: Basic {basic}', 'api-username': 'ann' },
      'is missing',
    ],
    [
      'api-username',
      { 'api-token': '', 'api-headers': 'Authorization: Basic {basic}', 'api-username': 'a:b', 'api-password': 'p' },
      'without a colon',
    ],
    ['api-token', { ...oauth, 'api-token': token }, 'leave one of them out'],
    ['api-oauth-client-secret', { ...oauth, 'api-oauth-client-secret': '' }, 'is missing'],
    ['api-oauth-token-url', { 'api-oauth-scope': 'all' }, 'is missing'],
    ['api-oauth-token-url', { ...oauth, 'api-oauth-token-url': 'login' }, 'use the URL of the token endpoint'],
    ['api-oauth-token-url', { ...oauth, 'api-headers': 'Accept: text/json' }, 'use `{token}` in `api-headers`'],
    ['api-oauth-token-url', { ...oauth, 'api-oauth-token-url': 'http://login.example.com/token' }, 'sent unencrypted'],
    ['api-client-certificate', { 'api-client-certificate': certificate }, 'it needs `api-client-key`'],
    ['api-client-key', { 'api-client-key': certificateKey }, 'it needs `api-client-certificate`'],
    ['api-client-certificate', { 'api-client-certificate': 'hush-hush', 'api-client-key': certificateKey }, 'in PEM'],
    ['api-client-key', { 'api-client-certificate': certificate, 'api-client-key': 'hush-hush' }, 'in PEM'],
  ])('%s in %j', (name, texts, said) => {
    const message = refusalOf(texts);
    expect(message).toContain(`The input \`${name}\` `);
    expect(message).toContain(said);
    expect(message).not.toMatch(/hush-hush|a-secret-token/);
  });
});

describe('inputs that go together', () => {
  it.each<[Texts, object]>([
    [{}, { paging: { kind: 'page', first: 1 } }],
    [{ 'api-first-page': '0' }, { paging: { kind: 'page', first: 0 } }],
    [{ 'api-query': `${range}&o={offset}` }, { paging: { kind: 'offset', first: 0 } }],
    [{ 'api-query': `${range}&o={offset}`, 'api-first-page': '1' }, { paging: { kind: 'offset', first: 1 } }],
    [
      { 'api-query': `${range}&c={cursor}`, 'api-next': '/a/0' },
      { paging: { kind: 'next', next: { pointer: ['a', '0'] } } },
    ],
    [{ 'api-query': range, 'api-next': 'link' }, { paging: { kind: 'next', next: 'link' } }],
    [{ 'api-query': range, 'api-next': 'header: X-Next' }, { paging: { kind: 'next', next: { header: 'x-next' } } }],
    [
      { 'api-query': range, 'api-paging': 'none', 'api-max-results': '9' },
      { paging: { kind: 'none' }, maxResults: 9 },
    ],
    [{ 'api-total': 'none' }, { total: undefined }],
    [{ 'api-total': 'header:Content-Range' }, { total: { header: 'content-range' } }],
    [{ 'api-message': '/attributes' }, { message: ['attributes'] }],
    [
      { 'api-method': 'POST', 'api-body': '{"f":"{start}","t":"{end}","p":"{page}"}' },
      { request: { method: 'POST', query: [] }, paging: { kind: 'page' } },
    ],
    [
      { 'api-client-certificate': certificate, 'api-client-key': certificateKey },
      { tls: { cert: certificate.trim() } },
    ],
    [
      { 'api-headers': 'Authorization: Basic {basic}', 'api-token': '', 'api-username': 'ann', 'api-password': 'p' },
      { authentication: { username: 'ann', password: 'p' } },
    ],
    [{ 'api-headers': 'Accept: text/json', 'api-token': '' }, { authentication: { token: undefined } }],
  ])('are read from %j', (texts, accepted) => {
    expect(read(texts)).toMatchObject(accepted);
  });
});

describe('secretsIn', () => {
  const found = (texts: Texts) => secretsIn(environmentOf(texts));

  it('finds what the API is given', () => {
    expect(
      found({
        'api-token': token,
        'api-username': 'ann',
        'api-password': 'p4ssword',
        'api-oauth-client-secret': 'client-secret',
        'api-client-key': certificateKey,
        'api-oauth-token-url': 'https://login.example.com/?signature=url-secret',
      }),
    ).toEqual(
      expect.arrayContaining([
        token,
        'ann',
        'p4ssword',
        'client-secret',
        certificateKey.trim(),
        'url-secret',
        btoa('ann:p4ssword'),
      ]),
    );
  });

  it('finds what is written out where a placeholder would do, and no placeholder', () => {
    const headers = 'X-Api-Key: written-out\nAuthorization: Bearer bearer-written\nAccept: text/json\nX-Token: {token}';
    const body = '{"auth":{"password":"in-the-\\"body"},"name":"n","token":"{cursor}"}';
    const query = 'api_key=in-query&page_token={cursor}&sort=asc';
    expect(found({ 'api-headers': headers, 'api-body': body, 'api-query': query }).toSorted()).toEqual(
      ['in-query', 'written-out', 'Bearer bearer-written', 'bearer-written', 'in-the-"body'].toSorted(),
    );
  });
});
