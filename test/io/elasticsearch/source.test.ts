import type { ServerResponse } from 'node:http';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ElasticsearchSettings } from '../../../src/io/elasticsearch/settings.ts';
import { ElasticsearchSource } from '../../../src/io/elasticsearch/source.ts';
import { LostReading, Unavailable } from '../../../src/io/ports.ts';
import { BufferPool } from '../../../src/memory/buffer-pool.ts';
import { pageScanner } from '../../../src/worker/pages.ts';
import { Threads } from '../../../src/worker/threads.ts';
import { TestClock } from '../../support/clock.ts';
import { failureOf } from '../../support/failure.ts';
import { type TestServer, testServer } from '../../support/http-server.ts';
import { plainShape } from '../../support/messages.ts';
import { WatchedMemory } from '../../support/watched-memory.ts';

const threads = new Threads(1);
afterAll(() => threads.close());

const apiKey = 'a-key-that-nobody-may-see';
const june = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const headers = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };
const wholeAnswer = { pit_id: 'q', timed_out: false, _shards: { total: 1, successful: 1, failed: 0 } };
const nothing = { ...wholeAnswer, hits: { total: { value: 0, relation: 'eq' }, hits: [] } };
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

async function failure(work: Promise<unknown>): Promise<string> {
  const message = await failureOf(work);
  expect(message).not.toContain(apiKey);
  return message;
}

/** An Elasticsearch that holds nothing; what is told answers first, and says whether it did. */
function emptyCluster(first: (response: ServerResponse, path: string, count: number) => boolean = () => false) {
  return testServer((response, count, { url = '' }) => {
    const path = url.replace(/\?.*/, '');
    if (first(response, path, count)) return;
    const answer = path.endsWith('/_field_caps') ? capabilities : path.endsWith('/_pit') ? { id: 'p' } : nothing;
    response.writeHead(200, headers).end(JSON.stringify(answer));
  });
}

const sentenceOf = async (server: TestServer) =>
  (await failure(open(server.url.origin).read())).replace(server.url.origin, 'URL');

describe('ElasticsearchSource', () => {
  it('is told by an address without what is secret', () => {
    expect(open('https://search.example:9200').source.url).toBe('https://search.example:9200/messages');
    expect(open('https://search.example/es/?token=x').source.url).toBe('https://search.example/es//messages');
  });

  it('speaks so that Elasticsearch 8 and 9 understand it, with the key, below the path given', async () => {
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

  it('waits at least as long as it is told, and as all wait', async () => {
    const server = await emptyCluster((response, _, count) => {
      if (count > 2) return false;
      response.writeHead(429, { ...headers, 'retry-after': '9' }).end('{}');
      return true;
    });
    const { clock, read } = open(server.url.origin);
    await read();
    expect(clock.waits).toEqual([9_000, 9_000]);
  });

  it('looks the fields up once, and again where that failed', async () => {
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

  it('does not take a part of the fields for all', async () => {
    const server = await emptyCluster((response, path, count) => {
      if (!path.endsWith('/_field_caps') || count > 1) return false;
      response.writeHead(200, headers).end(JSON.stringify({ ...capabilities, failed_indices: 1 }));
      return true;
    });
    const { read } = open(server.url.origin);
    expect(await failure(read())).toContain('cannot tell the fields of 1 of the indices of messages');
    await read();
  });

  it('goes through the proxy that the environment names', async () => {
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

  it('loses a reading whose point in time is gone', async () => {
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      const error = { root_cause: [{ type: 'search_context_missing_exception', reason: '' }] };
      response.writeHead(404, headers).end(JSON.stringify({ error, status: 404 }));
      return true;
    });
    const { read, source, warned } = open(server.url.origin);
    await expect(read()).rejects.toEqual(new LostReading('its point in time was lost'));
    expect(await source.count([june])).toEqual([]);
    expect(warned.at(-1)).toBe(
      `The audit of 1 slot was skipped: Elasticsearch at ${server.url.origin} was asked to count 5 times, and each time its point in time was lost: see whether it is well, then run again.`,
    );
  });

  it.each<[string, object, string]>([
    ['a shard', { _shards: { total: 2, successful: 1, failed: 1 } }, 'searched only 1 of 2 shards'],
    [
      'a shard that nobody speaks of',
      { _shards: { total: 2, successful: 1, failed: 0 } },
      'searched only 1 of 2 shards',
    ],
    ['a cluster', { _clusters: { total: 2, successful: 1, skipped: 1 } }, 'searched only 1 of 2 clusters'],
    ['its time', { timed_out: true }, 'ran out of time in a search'],
    ['its exactness', { hits: { total: { value: 0, relation: 'gte' }, hits: [] } }, 'does not count exactly'],
  ])('does not take an answer for whole that lacks %s', async (_, change, said) => {
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      response.writeHead(200, headers).end(JSON.stringify({ ...nothing, ...change }));
      return true;
    });
    expect(await sentenceOf(server)).toBe(
      `Elasticsearch at URL ${said}, 7 times in a row: see whether it is well, then run again.`,
    );
    await expect(open(server.url.origin).read()).rejects.toBeInstanceOf(Unavailable);
  });

  it('gives the memory of every answer back, once', async () => {
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

  it('loses a reading where what one search found is not there for the next', async () => {
    const message = { message_id: 'm', timestamp: '2024-06-01T00:00:00Z', alerts: [{ status: 'closed' }] };
    const hit = { _index: 'messages', _id: '1', _source: message, sort: [june.start, 1] };
    const found = { total: { value: 1, relation: 'eq' }, hits: [hit] };
    const none = { total: { value: 0, relation: 'eq' }, hits: [] };
    // Nothing is likely closed; of the others, one is; it is to be fetched.
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
      response.writeHead(200, headers).end(JSON.stringify({ ...wholeAnswer, hits, aggregations }));
      return true;
    });
    await expect(open(server.url.origin).read()).rejects.toEqual(
      new LostReading('1 messages that one search found were not there for the next'),
    );
  });

  /** An Elasticsearch that counts one message, and sends it on so many pages. */
  function clusterOfOne(timestamp: string | readonly string[], pages: number) {
    const message = { message_id: 'm', timestamp, alerts: [] };
    const hit = { _index: 'messages', _id: '1', _source: message, sort: [june.start, 1] };
    const one = { total: { value: 1, relation: 'eq' } };
    // The first search counts.
    let sent = 0;
    return emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      // The last one asks for messages without a timestamp: there are none.
      const hits = sent <= pages ? { ...one, hits: [hit] } : nothing.hits;
      sent += 1;
      response.writeHead(200, headers).end(JSON.stringify({ ...wholeAnswer, hits }));
      return true;
    });
  }

  it('counts a message whose own timestamp lies in another slot than its field as invalid, and names it', async () => {
    const server = await clusterOfOne('2024-05-31T23:00:00+00:00', 1);
    const { source, warned } = open(server.url.origin);
    const came: unknown[] = [];
    const pass = await source.read(june, 0, async ({ messages }) => {
      came.push(...messages.map(({ id, state, reason, timestamp }) => ({ id, state, reason, timestamp })));
    });
    expect(pass.totals).toEqual([1, 1]);
    const reason = 'timestamp and indexed field are in different slots';
    expect(came).toEqual([{ id: 'm', state: 'invalid', reason, timestamp: undefined }]);
    expect(warned.at(-1)).toBe(
      `Elasticsearch at ${server.url.origin} finds 1 message between 2024-06-01T00:00:00.000Z and 2024-07-01T00:00:00.000Z whose own timestamp lies in another slot, where no search finds it: "m". Kept in quarantine, not archived; see message-timestamp and the mapping of the field "timestamp".`,
    );
  });

  it('leaves a message to its own slot that has a list of timestamps, one of them in this', async () => {
    const server = await clusterOfOne(['2024-05-31T23:00:00Z', '2024-06-01T00:00:00Z'], 1);
    const shape = { ...plainShape, timestamp: ['timestamp', '0'] };
    expect((await open(server.url.origin, {}, new BufferPool(0), shape).read()).totals).toEqual([1, 1]);
  });

  it('does not take a page for exact whose own count is not', async () => {
    let asked = 0;
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      asked += 1;
      const hits = { total: { value: 0, relation: asked === 1 ? 'eq' : 'gte' }, hits: [] };
      response.writeHead(200, headers).end(JSON.stringify({ ...wholeAnswer, hits }));
      return true;
    });
    expect(await sentenceOf(server)).toContain('does not count exactly, 7 times in a row');
  });

  it('loses a reading that is sent more than was counted, and does not go on with it', async () => {
    const server = await clusterOfOne('2024-06-01T00:00:00Z', 9);
    const { read } = open(server.url.origin);
    await expect(read()).rejects.toEqual(new LostReading('a search counted 1 messages and sent 2'));
  });

  it('does not take in more than it can hold', async () => {
    const server = await emptyCluster((response, path) => {
      if (path !== '/_search') return false;
      response.writeHead(200, { ...headers, 'content-length': 300 * 2 ** 20 });
      response.flushHeaders();
      return true;
    });
    expect(await sentenceOf(server)).toContain('sent more than 256 MiB in one answer, 7 times in a row');
  });

  it.each([
    [401, headers, '{}', 'Elasticsearch at URL answers 401: it does not accept the key; see elasticsearch-api-key.'],
    [
      403,
      headers,
      '{}',
      'Elasticsearch at URL answers 403: the key may not read messages; give the key of elasticsearch-api-key the privileges read and view_index_metadata on it.',
    ],
    [404, {}, 'nothing', 'There is no Elasticsearch at URL: it answers 404 (nothing); see elasticsearch-url.'],
    [302, {}, '', 'There is no Elasticsearch at URL: it answers 302; see elasticsearch-url.'],
    [
      200,
      {},
      '{}',
      'There is no Elasticsearch at URL: what answers does not say that it is one; see elasticsearch-url.',
    ],
    [
      200,
      headers,
      '<html>',
      'There is no Elasticsearch at URL: it answers with something else than is asked for; see elasticsearch-url.',
    ],
    [500, {}, '', 'Elasticsearch at URL answers 500, 7 times in a row: see whether it is well, then run again.'],
  ])('says in one sentence what %s means', async (status, answerHeaders, body, sentence) => {
    const server = await testServer((response) => response.writeHead(status, answerHeaders).end(body));
    expect(await sentenceOf(server)).toBe(sentence);
  });

  it('says in one sentence that it wants a key, where none is given', async () => {
    const server = await testServer((response) => response.writeHead(401, headers).end());
    const { origin } = server.url;
    expect(await failure(open(origin, { apiKey: undefined }).read())).toBe(
      `Elasticsearch at ${origin} answers 401: it wants a key; give one in elasticsearch-api-key.`,
    );
  });

  it('says in one sentence that its server speaks no TLS, without waiting', async () => {
    const { url } = await testServer((response) => response.writeHead(200, headers).end());
    const origin = url.origin.replace('http:', 'https:');
    const { read, said } = open(origin);
    expect(await failure(read())).toContain(`Elasticsearch at ${origin} speaks no TLS, ERR_SSL_WRONG_VERSION_NUMBER: `);
    expect(said).toEqual([]);
  });

  it('says in one sentence that nobody answers, and meanwhile for how long it waits', async () => {
    const { url, close } = await testServer(() => undefined);
    await close();
    const { read, said } = open(url.origin);
    expect(await failure(read())).toBe(
      `Elasticsearch at ${url.origin} cannot be reached (ECONNREFUSED), 7 times in a row: see whether it is well, then run again.`,
    );
    expect(said).toEqual(
      ['4 of 7 in 2 s', '5 of 7 in 4 s', '6 of 7 in 8 s', '7 of 7 in 15 s'].map(
        (when) => `Elasticsearch at ${url.origin} cannot be reached (ECONNREFUSED); try ${when}.`,
      ),
    );
  });
});
