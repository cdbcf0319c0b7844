import { describe, expect, it } from 'vitest';
import { inputDefaults, variableOf } from '../../src/inputs/defaults.ts';
import { readInputs } from '../../src/inputs/index.ts';
import { errorOf } from '../support/failure.ts';

type Texts = Readonly<Record<string, string>>;

const local = { archive: 'file:archive', staging: 'sqlite:staging.db' };
const token = 'a-secret-token-17';

async function read(inputs: Texts, variables: Texts = {}) {
  const given = Object.entries({ ...local, ...inputs }).map(([name, text]) => [variableOf(name), text]);
  return readInputs({ ...Object.fromEntries(given), ...variables }, Date.UTC(2024, 6, 1));
}

const api = (url: string) => ({ 'api-url': url, 'api-token': token });
const elasticsearch = (url: string) => ({ 'elasticsearch-url': url, 'elasticsearch-index': 'messages' });
const opensearch = (url: string) => ({ 'opensearch-url': url, 'opensearch-index': 'messages' });
const user = { username: 'reader', password: token };
const userOf = (engine: string) =>
  Object.fromEntries(Object.entries(user).map(([name, text]) => [`${engine}-${name}`, text]));
const repository = { GITHUB_REPOSITORY: 'acme/messages' };

describe('a secret to another host over http://', () => {
  it.each([
    [
      'the token',
      api('http://api.example.com/messages?key=hush'),
      {},
      /`api-url` \S+ "http:\/\/api\.example\.com\/messages": the token /,
    ],
    [
      'the key',
      { ...elasticsearch('http://10.0.0.7:9200'), 'elasticsearch-api-key': token },
      {},
      /`elasticsearch-url` .*: the API key /,
    ],
    [
      'the password for Elasticsearch',
      { ...elasticsearch('http://10.0.0.7:9200'), ...userOf('elasticsearch') },
      {},
      /`elasticsearch-url` .*: the password /,
    ],
    [
      'the password for OpenSearch',
      { ...opensearch('http://10.0.0.7:9200'), 'opensearch-auth': 'basic', ...userOf('opensearch') },
      {},
      /`opensearch-url` .*: the password /,
    ],
    ['an AWS session token', opensearch('http://10.0.0.7:9200'), {}, /`opensearch-url` .*: the session token /],
    [
      "GitHub's token",
      { ...api('https://a.example.com'), 'github-token': token },
      { ...repository, GITHUB_API_URL: 'http://github.example.com/api/v3' },
      /GITHUB_API_URL is "http:/,
    ],
    [
      'the identity token',
      { ...api('https://a.example.com'), archive: 's3://bucket', 'role-to-assume': 'arn:aws:iam::123456789012:role/a' },
      { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://tokens.example.com/?x=1' },
      /ACTIONS_ID_TOKEN_REQUEST_URL is "http:/,
    ],
  ])('is refused: %s', async (_, inputs, variables, words) => {
    const { code, message } = await errorOf(read(inputs, variables));
    expect(code).toBe('input-invalid');
    expect(message).toMatch(words);
    expect(message).toContain('`allow-http: true`');
    expect(message).not.toMatch(/hush|a-secret/);
    await read({ ...inputs, 'allow-http': 'true' }, variables);
  });

  it.each(['127.0.0.1:8080', '127.1.2.3', 'localhost:9200', 'LOCALHOST', '[::1]:9200'])(
    'is accepted on this machine: %s',
    async (host) => {
      await read({
        ...api(`http://${host}/messages`),
        ...elasticsearch(`http://${host}`),
        'elasticsearch-api-key': token,
      });
    },
  );

  it.each(['localhost.example.com', '127.0.0.1.example.com', '128.0.0.1', '[::2]'])(
    'is refused for %s',
    async (host) => {
      expect(await errorOf(read(api(`http://${host}/messages`)))).toMatchObject({
        code: 'input-invalid',
        message: expect.stringContaining(host),
      });
    },
  );

  it('does not concern a service without a secret', async () => {
    await read(elasticsearch('http://search.example.com:9200'));
    await read({ ...opensearch('http://search.example.com:9200'), 'opensearch-auth': 'none' });
    expect(inputDefaults['allow-http']).toBe('false');
  });
});
