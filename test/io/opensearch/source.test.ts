import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import type { OpenSearchAuth } from '../../../src/io/opensearch/settings.ts';
import { OpenSearchSource } from '../../../src/io/opensearch/source.ts';
import { BufferPool } from '../../../src/memory/buffer-pool.ts';
import { pageScanner } from '../../../src/worker/pages.ts';
import { Threads } from '../../../src/worker/threads.ts';
import { TestClock } from '../../support/clock.ts';
import { testServer } from '../../support/http-server.ts';
import { plainShape } from '../../support/messages.ts';
import { WatchedMemory } from '../../support/watched-memory.ts';

const threads = new Threads(1);
afterAll(() => threads.close());

const june = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const json = { 'content-type': 'application/json' };
const whole = { pit_id: 'q', timed_out: false, _shards: { total: 1, successful: 1, failed: 0 } };
const fields = { timestamp: { date: { searchable: true, aggregatable: true } } };

interface Search {
  readonly size: number;
  readonly query: object;
  readonly sort?: readonly object[];
  readonly search_after?: readonly (string | number)[];
}

/** A document by its sort values after the time: its index and sequence number. */
type Place = readonly [index: string, number: number];

/** An OpenSearch whose documents of one time have these places; `limit` is the largest page. */
function cluster(places: readonly Place[], limit = 10_000, bytes = 0) {
  const sorted = places
    .map(([index, number], n) => ({
      _index: index,
      _id: String(n),
      _source: { message_id: `m${n}`, timestamp: june.start, alerts: [], body: 'x'.repeat(bytes) },
      sort: [june.start, index, number],
    }))
    .sort((a, b) => compare(a.sort, b.sort));
  return testServer((response, _, incoming) => {
    const path = incoming.url!.replace(/\?.*/, '');
    const respond = (body: object, status = 200) => response.writeHead(status, json).end(JSON.stringify(body));
    void text(incoming).then((body) => {
      if (path.endsWith('/_field_caps')) return respond({ indices: ['messages'], fields });
      if (path.endsWith('/_search/point_in_time')) return respond({ pit_id: 'p' });
      if (path !== '/_search') return respond({ error: { type: 'parsing_exception', reason: 'no such option' } }, 400);
      const { size, sort, search_after: after, query } = JSON.parse(body) as Search;
      if (size > limit)
        return respond({ error: { type: 'illegal_argument_exception', reason: 'see index.max_result_window' } }, 400);
      const isOfTime = JSON.stringify(query).includes('range');
      const found = isOfTime ? sorted : [];
      const rest = found.filter((each) => after === undefined || compare(each.sort, after) > 0);
      const hits = sort === undefined ? [] : rest.slice(0, size);
      return respond({ ...whole, hits: { total: { value: found.length, relation: 'eq' }, hits } });
    });
  });
}

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const at = a.findIndex((value, n) => value !== b[n]);
  return at === -1 ? 0 : a[at]! < b[at]! ? -1 : 1;
}

function open(url: string, auth: OpenSearchAuth = { kind: 'none' }, memory = new BufferPool(0)) {
  const log = { line: () => undefined, warning: () => undefined };
  const scan = pageScanner(threads, plainShape, false);
  const settings = { url, index: 'messages', auth };
  const source = new OpenSearchSource(settings, {}, plainShape, scan, memory, new TestClock(), log);
  onTestFinished(() => source.close());
  return source;
}

async function idsOf(source: OpenSearchSource): Promise<string[]> {
  const ids: string[] = [];
  await source.read(june, 0, async ({ messages }) => void ids.push(...messages.map(({ id }) => id!)));
  return ids;
}

async function failure(source: OpenSearchSource): Promise<UserError> {
  const error = await idsOf(source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('OpenSearchSource', () => {
  it.each<[string, Place[], number]>([
    ['no two are equal', Array.from({ length: 1_234 }, (_, n): Place => ['a', n]), 10_000],
    ['a page is exactly full', Array.from({ length: 100 }, (_, n): Place => ['a', n]), 10_000],
    ['7 shards have equal numbers', Array.from({ length: 2_000 }, (_, n): Place => ['a', Math.floor(n / 7)]), 10_000],
    ['more are equal than the first page has', Array.from({ length: 300 }, (): Place => ['a', 1]), 10_000],
    ['pages are small', Array.from({ length: 90 }, (_, n): Place => [n % 2 ? 'a' : 'b', Math.floor(n / 6)]), 8],
  ])('reads each message once if %s', async (_, places, limit) => {
    const server = await cluster(places, limit);
    const memory = new WatchedMemory();
    const ids = await idsOf(open(server.url.origin, undefined, memory));
    expect(ids.length).toBe(places.length);
    expect(new Set(ids).size).toBe(places.length);
    expect(memory.out).toBe(0);
  });

  it('reads large messages that are equal in pages of a few', async () => {
    const server = await cluster(
      Array.from({ length: 12 }, (_, n): Place => ['a', Math.floor(n / 3)]),
      4,
      1_000,
    );
    expect(new Set(await idsOf(open(server.url.origin))).size).toBe(12);
  });

  it('fails if more messages are equal than a page may have', async () => {
    const server = await cluster(
      Array.from({ length: 30 }, (): Place => ['a', 1]),
      10,
    );
    expect((await failure(open(server.url.origin))).code).toBe('source-limit');
  });

  it('sends a user name and a password with every request, and no media type of Elasticsearch', async () => {
    const server = await cluster([]);
    await idsOf(open(`${server.url.origin}/search`, { kind: 'basic', username: 'reader', password: 'pässword' })).catch(
      () => undefined,
    );
    expect(server.requests.length).toBeGreaterThan(0);
    for (const { url, headers } of server.requests) {
      expect(url).toMatch(/^\/search\//);
      expect(headers).toMatchObject({
        authorization: `Basic ${Buffer.from('reader:pässword').toString('base64')}`,
        accept: 'application/json',
        host: server.url.host,
      });
    }
  });

  it.each([
    [200, { 'x-elastic-product': 'Elasticsearch' }, '{}', 'source-response-invalid', 'elasticsearch-url'],
    [404, {}, 'nothing', 'source-response-invalid', '404 (nothing)'],
    [302, {}, '', 'source-response-invalid', 'opensearch-url'],
    [401, {}, 'Unauthorized', 'source-unauthorized', 'opensearch-auth'],
    [403, {}, '{"Message":"User: x is not authorized"}', 'source-unauthorized', 'User: x is not authorized'],
  ])(
    'reports a response with status code %s, headers %j and body %j as %s',
    async (status, head, body, code, detail) => {
      const server = await testServer((response) => response.writeHead(status, head).end(body));
      const error = await failure(open(server.url.origin));
      expect(error.code).toBe(code);
      expect(error.message).toContain(server.url.origin);
      expect(error.message).toContain(detail);
      expect(server.requests.length).toBe(1);
    },
  );
});
