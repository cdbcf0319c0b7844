import { describe, expect, it } from 'vitest';
import {
  compileBody,
  compileHeaders,
  compileQuery,
  numbersIn,
  placeholdersIn,
  type RequestTemplate,
  renderBody,
  renderHeader,
  renderUrl,
  secretsOf,
  TemplateError,
  type Values,
} from '../../../src/io/api/template.ts';

const values: Values = { start: '2024-06-01', end: '2024-07-01', size: '10', page: '3', offset: '20' };
const get = (query: string): RequestTemplate => ({ method: 'GET', query: compileQuery(query), body: undefined });
const urlOf = (query: string, given = values, url = 'https://a.example/m') => renderUrl(url, get(query), given).href;

function refusalOf(compile: () => unknown): TemplateError {
  try {
    compile();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a query', () => {
  it('fills placeholders in, encoded, and keeps literals as they are written', () => {
    expect(urlOf('from={start}&tag=a%26b&tag=c&size={size}')).toBe(
      'https://a.example/m?from=2024-06-01&tag=a%26b&tag=c&size=10',
    );
    expect(urlOf('at={start}', { start: '2024-06-01T00:00:00+02:00&x=1' })).toBe(
      'https://a.example/m?at=2024-06-01T00%3A00%3A00%2B02%3A00%26x%3D1',
    );
  });

  it('encodes what a URL cannot hold', () => {
    const url = urlOf("$filter=sent ge '{start}' and sent lt {end}&DateSent>={start}&page[size]={size}");
    const query = new URL(url).searchParams;
    expect(url).not.toMatch(/[ <>'"]/);
    expect(Object.fromEntries(query)).toEqual({
      $filter: "sent ge '2024-06-01' and sent lt 2024-07-01",
      'DateSent>': '2024-06-01',
      'page[size]': '10',
    });
  });

  it('follows the query of the URL, and may be empty', () => {
    expect(urlOf('a={page}', values, 'https://a.example/m?tenant=1')).toBe('https://a.example/m?tenant=1&a=3');
    expect(urlOf('""', values, 'https://a.example/m?tenant=1')).toBe('https://a.example/m?tenant=1');
  });

  it('leaves a parameter out whose placeholder has no value', () => {
    expect(urlOf('size={size}&cursor={cursor}')).toBe('https://a.example/m?size=10');
    expect(urlOf('size={size}&cursor=x{cursor}', { ...values, cursor: 'a/b' })).toBe(
      'https://a.example/m?size=10&cursor=xa%2Fb',
    );
  });

  it('may hold JSON', () => {
    expect(new URL(urlOf('q={"range":{"gte":"{start}"}}')).searchParams.get('q')).toBe(
      '{"range":{"gte":"2024-06-01"}}',
    );
  });

  it.each([
    ['status', 'status'],
    ['?status=all', '?status='],
    ['status=all&', ''],
    ['=all', '='],
    ['a=%zz', 'a='],
    ['a=#b', 'a='],
    ['{page}=1', '{page}='],
  ])('is refused: %s', (query, shown) => {
    const { message, shown: said } = refusalOf(() => compileQuery(query));
    expect(message).toContain('use `name=value` pairs');
    expect(said).toBe(shown);
  });

  it.each([
    ['a={strat}', '`{strat}` is not a placeholder here', 'strat'],
    ['a={token}', '`{token}` is not a placeholder here', 'token'],
    ['a={start', 'close the placeholder: `{start}`', undefined],
    ['a={size:number}', '`:number` is for `api-body`', undefined],
    ['a={size:int}', 'use `{size:number}` for a number', undefined],
  ])('is refused: %s', (query, said, unknown) => {
    const refusal = refusalOf(() => compileQuery(query));
    expect(refusal.message).toContain(said);
    expect(refusal.unknown).toBe(unknown);
  });
});

describe('a body', () => {
  const body = (text: string, given = values) => JSON.parse(renderBody(compileBody(text), given));

  it('fills strings in, and whole ones as numbers where they say so', () => {
    expect(
      body(
        '{"range":{"from":"{start}","q":"sent:[{start} TO {end}]"},"size":"{size:number}","n":5,"ok":true,"z":null}',
      ),
    ).toEqual({
      range: { from: '2024-06-01', q: 'sent:[2024-06-01 TO 2024-07-01]' },
      size: 10,
      n: 5,
      ok: true,
      z: null,
    });
  });

  it('leaves members and elements out whose placeholder has no value', () => {
    expect(body('{"page":{"token":"{cursor}","size":"{size}"},"list":["{cursor}","{page}"]}')).toEqual({
      page: { size: '10' },
      list: ['3'],
    });
  });

  it('sends a cursor that is no number as a string', () => {
    expect(body('{"c":"{cursor:number}"}', { cursor: 'abc' })).toEqual({ c: 'abc' });
    expect(body('{"c":"{cursor:number}"}', { cursor: '12' })).toEqual({ c: 12 });
  });

  it.each([
    ['{"a":{start}}', '`"{start}"`, or `"{start:number}"` for a number'],
    ['{"a":', 'use valid JSON'],
    ['a=b', 'use valid JSON'],
    ['{"a":"{from}"}', '`{from}` is not a placeholder here'],
    ['{"a":"x{size:number}"}', 'must stand alone in its string'],
  ])('is refused: %s', (text, said) => {
    expect(refusalOf(() => compileBody(text)).message).toContain(said);
  });
});

describe('headers', () => {
  const secrets = { token: 't-17', username: 'anna', password: 'p', basic: 'YW5uYTpw' };

  it('hold secrets', () => {
    const [first, second] = compileHeaders('Authorization: Bearer {token}\r\n\nX-Pair:{username}/{password} \n');
    expect([first!.name, renderHeader(first!, secrets)]).toEqual(['Authorization', 'Bearer t-17']);
    expect(renderHeader(second!, secrets)).toBe('anna/p');
    expect(renderHeader(first!, {})).toBeUndefined();
    expect(secretsOf([first!, second!])).toEqual(new Set(['token', 'username', 'password']));
  });

  it.each([
    ['X-Key', 'use one `Name: value` per line'],
    ['X Key: 1', 'use one `Name: value` per line'],
    ['X-Key: {tokn}', '`{tokn}` is not a placeholder here'],
    ['X-Key: {start}', '`{start}` is not a placeholder here'],
    ['X-Key: ü', 'printable ASCII'],
    ['Host: b.example', 'leave `Host` out'],
    ['user-agent: x', 'leave `user-agent` out'],
    ['X-Key: a\nx-key: b', 'use each header once'],
  ])('are refused: %j', (text, said) => {
    expect(refusalOf(() => compileHeaders(text)).message).toContain(said);
  });
});

it('a request knows its placeholders, and which of them are numbers', () => {
  const request: RequestTemplate = {
    method: 'POST',
    query: compileQuery('n={size}'),
    body: compileBody('{"from":["{start:number}"],"to":{"at":"{end}"}}'),
  };
  expect(placeholdersIn(request)).toEqual(new Set(['size', 'start', 'end']));
  expect(numbersIn(request)).toEqual(new Set(['start']));
});
