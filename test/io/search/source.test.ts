import type { ServerResponse } from 'node:http';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import type { ElasticsearchSettings } from '../../../src/io/elasticsearch/settings.ts';
import { ElasticsearchSource } from '../../../src/io/elasticsearch/source.ts';
import { LostReading, Unavailable } from '../../../src/io/ports.ts';
import { BufferPool } from '../../../src/memory/buffer-pool.ts';
import { pageScanner } from '../../../src/worker/pages.ts';
import { Threads } from '../../../src/worker/threads.ts';
import { TestClock } from '../../support/clock.ts';
import { type TestServer, testServer } from '../../support/http-server.ts';
import { plainShape } from '../../support/messages.ts';
import { WatchedMemory } from '../../support/watched-memory.ts';

const threads = new Threads(1);
afterAll(() => threads.close());

const apiKey = 'a-key-that-nobody-may-see';
const june = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const headers = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };
const wholeResponse = { pit_id: 'q', timed_out: false, _shards: { total: 1, successful: 1, failed: 0 } };
const nothing = { ...wholeResponse, hits: { total: { value: 0, relation: 'eq' }, hits: [] } };
const capabilities = {
  indices: ['messages'],
  fields: { timestamp: { date: { searchable: true, aggregatable: true } } },
};

function open(
  url: string,
  settings: Partial<ElasticsearchSettings> = {},
  memory = new BufferPool(0),
  shape = plainShape,
) {
  const clock = new TestClock();
  const said: string[] = [];
  const warned: string[] = [];
  const log = { line: (text: string) => void said.push(text), warning: (text: string) => void warned.push(text) };
  const all = { url, index: 'messages', apiKey, ...settings };
  const scan = pageScanner(threads, shape, false);
  const source = new ElasticsearchSource(all, shape, scan, memory, clock, log);
  onTestFinished(() => source.close());
  return { source, clock, said, warned, read: () => source.read(june, 0, async () => {}) };
}

async function failure(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  const failed = error as UserError;
  expect(failed.message).not.toContain(apiKey);
  return failed;
}

/** An Elasticsearch without messages. `first` may respond in its place, and returns whether it did. */
function emptyCluster(first: (response: ServerResponse, path: string, count: number) => boolean = () => false) {
  return testServer((response, count, { url = '' }) => {
    const path = url.replace(/\?.*/, '');
    if (first(response, path, count)) return;
    const body = path.endsWith('/_field_caps') ? capabilities : path.endsWith('/_pit') ? { id: 'p' } : nothing;
    response.writeHead(200, headers).end(JSON.stringify(body));
  });
}

const failureOver = (server: TestServer) => failure(open(server.url.origin).read());

describe('ElasticsearchSource', () => {
  it('has a URL without secrets', () => {
    expect(open('https://search.example:9200').source.url).toBe('https://search.example:9200/messages');
    expect(open('https://search.example/es/?token=x').source.url).toBe('https://search.example/es//messages');
  });

  it('sends the media type that Elasticsearch 8 and 9 both accept, and the key, below the path of the URL', async () => {
    const server = await emptyCluster();
    const { pathname } = new URL(server.url);
    const { read, source } = open(`${server.url.origin}/es`);
    expect(pathname).toBe('/messages');
    expect(await read()).toEqual({ totals: [0, 0], count: { total: 0 } });
    expect(await source.strays(june)).toEqual({ withoutTimestamp: 0, outside: 0 });
    const media = 'application/vnd.elasticsearch+json; compatible-with=8';
    for (const request of server.requests) {
      expect(request.url).toMatch(/^\/es\//);
      expect(request.headers).toMatchObject({
        accept: media,
        'content-type': media,
        authorization: `ApiKey ${apiKey}`,
      });
    }
  });

  it('waits for as long as Retry-After says before every request', async () => {
    const server = await emptyCluster((response, _, count) => {
      if (count > 2) return false;
      response.writeHead(429, { ...headers, 'retry-after': '9' }).end('{}');
      return true;
    });
    const { clock, read } = open(server.url.origin);
    await read();
    expect(clock.waits).toEqual([9_000, 9_000]);
  });

  it('looks up the fields once, and again after a failure', async () => {
    const server = await emptyCluster((response, path, count) => {
      if (!path.endsWith('/_field_caps') || count > 1) return false;
      response.writeHead(403, headers).end('{}');
      return true;
    });
    const { read, source } = open(server.url.origin);
    await failure(read());
    await read();
    await source.strays(june);
    expect(server.requests.filter(({ url }) => url?.includes('_field_caps')).length).toBe(2);
  });

  it('fails on field capabilities of only some indices', async () => {
    const server = await emptyCluster((response, path, count) => {
      if (!path.endsWith('/_field_caps') || count > 1) return false;
      response.writeHead(200, headers).end(JSON.stringify({ ...capabilities, failed_indices: 1 }));
      return true;
    });
    const { read } = open(server.url.origin);
    const error = await failure(read());
    expect(error.code).toBe('source-refused');
    expect(error.message).toContain('1 of the indices of messages');
    await read();
  });

  it('uses the proxy of the environment', async () => {
    const server = await emptyCluster();
    vi.stubEnv('http_proxy', server.url.origin);
    vi.stubEnv('no_proxy', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    await open('http://search.example:9200').read();
    expect(server.requests[0]?.url).toMatch(/^http:\/\/search\.example:9200\/messages\/_field_caps\?/);
    vi.stubEnv('no_proxy', '127.0.0.1');
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
    await open(server.url.origin).read();
  });

  it('throws LostReading when its point in time is lost, and skips the audit', async () => {
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      const error = { root_cause: [{ type: 'search_context_missing_exception', reason: '' }] };
      response.writeHead(404, headers).end(JSON.stringify({ error, status: 404 }));
      return true;
    });
    const { read, source, warned } = open(server.url.origin);
    await expect(read()).rejects.toEqual(new LostReading('its point in time was lost'));
    expect(await source.count([june])).toEqual([]);
    expect(warned.at(-1)).toContain(`The audit of 1 slot was skipped: Elasticsearch at ${server.url.origin}`);
    expect(warned.at(-1)).toContain('5 times, and each time its point in time was lost');
  });

  it.each<[string, object, string]>([
    ['a shard', { _shards: { total: 2, successful: 1, failed: 1 } }, 'searched only 1 of 2 shards'],
    [
      'a shard that is not reported as failed',
      { _shards: { total: 2, successful: 1, failed: 0 } },
      'searched only 1 of 2 shards',
    ],
    ['a cluster', { _clusters: { total: 2, successful: 1, skipped: 1 } }, 'searched only 1 of 2 clusters'],
    ['its time', { timed_out: true }, 'timed out during a search'],
    ['its exactness', { hits: { total: { value: 0, relation: 'gte' }, hits: [] } }, 'does not count exactly'],
  ])('rejects a response that lacks %s', async (_, change, said) => {
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      response.writeHead(200, headers).end(JSON.stringify({ ...nothing, ...change }));
      return true;
    });
    const error = await failureOver(server);
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain(`Elasticsearch at ${server.url.origin} ${said}`);
  });

  it('returns the buffer of every response to the pool, once', async () => {
    const server = await emptyCluster((response, _, count) => {
      if (count > 1) return false;
      response.writeHead(503, headers).end('{}');
      return true;
    });
    const memory = new WatchedMemory();
    const { read, source } = open(server.url.origin, {}, memory);
    await read();
    await source.strays(june);
    expect(memory.taken).toBe(server.requests.length);
    expect(memory.out).toBe(0);
  });

  it('throws LostReading when the next search lacks a message that the last one found', async () => {
    const message = { message_id: 'm', timestamp: '2024-06-01T00:00:00Z', alerts: [{ status: 'closed' }] };
    const hit = { _index: 'messages', _id: '1', _source: message, sort: [june.start, 1] };
    const found = { total: { value: 1, relation: 'eq' }, hits: [hit] };
    const none = { total: { value: 0, relation: 'eq' }, hits: [] };
    // No message is predicted to be closed; among the others, one is closed, and has to be fetched.
    const searches = [none, none, found, none];
    let asked = 0;
    const server = await emptyCluster((response, path) => {
      const status = { keyword: { searchable: true, aggregatable: true } };
      const aggregations = { alerted: { doc_count: 0 }, 0: { buckets: [], sum_other_doc_count: 0 } };
      if (path.endsWith('/_field_caps')) {
        const fields = { ...capabilities.fields, 'alerts.status': status };
        response.writeHead(200, headers).end(JSON.stringify({ ...capabilities, fields }));
        return true;
      }
      if (path !== '/_search') return false;
      asked += 1;
      const hits = searches[asked - 1] ?? none;
      response.writeHead(200, headers).end(JSON.stringify({ ...wholeResponse, hits, aggregations }));
      return true;
    });
    await expect(open(server.url.origin).read()).rejects.toEqual(
      new LostReading('1 messages that one search found were missing from the next'),
    );
  });

  /** An Elasticsearch that counts one message, and sends it on this many pages. */
  function clusterOfOne(timestamp: string | readonly string[], pages: number) {
    const message = { message_id: 'm', timestamp, alerts: [] };
    const hit = { _index: 'messages', _id: '1', _source: message, sort: [june.start, 1] };
    const one = { total: { value: 1, relation: 'eq' } };
    // The first search counts.
    let sent = 0;
    return emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      // The last search is for messages without a timestamp: there are none.
      const hits = sent <= pages ? { ...one, hits: [hit] } : nothing.hits;
      sent += 1;
      response.writeHead(200, headers).end(JSON.stringify({ ...wholeResponse, hits }));
      return true;
    });
  }

  it('makes a message invalid, and names it, if its own timestamp lies in another slot than its field', async () => {
    const server = await clusterOfOne('2024-05-31T23:00:00+00:00', 1);
    const { source, warned } = open(server.url.origin);
    const came: unknown[] = [];
    const pass = await source.read(june, 0, async ({ messages }) => {
      came.push(...messages.map(({ id, state, reason, timestamp }) => ({ id, state, reason, timestamp })));
    });
    expect(pass.totals).toEqual([1, 1]);
    const reason = 'timestamp and indexed field are in different slots';
    expect(came).toEqual([{ id: 'm', state: 'invalid', reason, timestamp: undefined }]);
    expect(warned.at(-1)).toContain('1 message between 2024-06-01T00:00:00.000Z and 2024-07-01T00:00:00.000Z');
    expect(warned.at(-1)).toContain('where no search finds it: "m"');
  });

  it('accepts a message with a list of timestamps, one of which lies in the slot', async () => {
    const server = await clusterOfOne(['2024-05-31T23:00:00Z', '2024-06-01T00:00:00Z'], 1);
    const shape = { ...plainShape, timestamp: ['timestamp', '0'] };
    expect((await open(server.url.origin, {}, new BufferPool(0), shape).read()).totals).toEqual([1, 1]);
  });

  it('rejects a page whose total is not exact', async () => {
    let asked = 0;
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      asked += 1;
      const hits = { total: { value: 0, relation: asked === 1 ? 'eq' : 'gte' }, hits: [] };
      response.writeHead(200, headers).end(JSON.stringify({ ...wholeResponse, hits }));
      return true;
    });
    const error = await failureOver(server);
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain('does not count exactly');
  });

  it('throws LostReading at the first message beyond the total', async () => {
    const server = await clusterOfOne('2024-06-01T00:00:00Z', 9);
    const { read } = open(server.url.origin);
    await expect(read()).rejects.toEqual(new LostReading('a search counted 1 messages and sent 2'));
  });

  it('rejects a response of more than 256 MiB', async () => {
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      response.writeHead(200, { ...headers, 'content-length': 300 * 2 ** 20 });
      response.flushHeaders();
      return true;
    });
    const error = await failureOver(server);
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain('sent more than 256 MiB in one response');
  });

  it.each([
    [401, headers, '{}', 'source-unauthorized', 'check elasticsearch-api-key'],
    [403, headers, '{}', 'source-unauthorized', 'messages'],
    [404, {}, 'nothing', 'source-response-invalid', '404 (nothing)'],
    [302, {}, '', 'source-response-invalid', 'elasticsearch-url'],
    [200, {}, '{}', 'source-response-invalid', 'opensearch-url'],
    [200, headers, '<html>', 'source-response-invalid', 'elasticsearch-url'],
  ])(
    'reports a response with status code %s, headers %j and body %j as %s',
    async (status, head, body, code, detail) => {
      const server = await testServer((response) => response.writeHead(status, head).end(body));
      const error = await failureOver(server);
      expect(error.code).toBe(code);
      expect(error.message).toContain(server.url.origin);
      expect(error.message).toContain(detail);
      expect(server.requests.length).toBe(1);
    },
  );

  it('is unavailable after 7 responses with status code 500', async () => {
    const server = await testServer((response) => response.writeHead(500).end());
    expect(await failureOver(server)).toBeInstanceOf(Unavailable);
    expect(server.requests.length).toBe(7);
  });

  it.each<[string, Partial<ElasticsearchSettings>, string | undefined, string]>([
    ['no credentials', { apiKey: undefined }, undefined, 'set elasticsearch-api-key'],
    [
      'a user and a password',
      { apiKey: undefined, username: 'reader', password: 'pässword' },
      `Basic ${Buffer.from('reader:pässword').toString('base64')}`,
      'elasticsearch-username',
    ],
  ])('sends %s, and says which input to check after a 401', async (_, settings, authorization, detail) => {
    const server = await testServer((response) => response.writeHead(401, headers).end());
    const error = await failure(open(server.url.origin, settings).read());
    expect(error.code).toBe('source-unauthorized');
    expect(error.message).toContain(detail);
    expect(server.requests[0]?.headers.authorization).toBe(authorization);
  });

  it('does not repeat a request to a server without TLS', async () => {
    const { url } = await testServer((response) => response.writeHead(200, headers).end());
    const origin = url.origin.replace('http:', 'https:');
    const { read, said } = open(origin);
    expect((await failure(read())).message).toContain('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(said).toEqual([]);
  });

  it('logs long waits for a server that is down, and gives up', async () => {
    const { url, close } = await testServer(() => undefined);
    await close();
    const { read, said } = open(url.origin);
    const error = await failure(read());
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain('ECONNREFUSED');
    expect(said.length).toBe(4);
    for (const line of said) expect(line).toContain(`Elasticsearch at ${url.origin}`);
  });
});
