import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRule } from '../../../demo/source/faults.ts';
import { inputDefaults } from '../../../src/inputs/defaults.ts';
import { type ApiSettings, requestDays } from '../../../src/io/api/settings.ts';
import type { ApiSource } from '../../../src/io/api/source.ts';
import type { Pass } from '../../../src/io/ports.ts';
import { DAY_MS } from '../../../src/windows/interval.ts';
import { apiSource, bearer, endThreads, now, requestOf, startServer, token } from '../../support/api.ts';
import { TestClock } from '../../support/clock.ts';
import { failureOf } from '../../support/failure.ts';
import { testServer } from '../../support/http-server.ts';
import { messageText, pageBytes } from '../../support/messages.ts';
import { WatchedMemory } from '../../support/watched-memory.ts';
import { sourceConformance } from '../conformance/source.ts';

const server = await startServer();
const west = await startServer({ dayOffsetMinutes: -14 * 60, endInclusive: false });
const east = await startServer({ dayOffsetMinutes: 14 * 60 - 1, endInclusive: false });
afterAll(() => Promise.all([server.close(), west.close(), east.close(), endThreads()]));
beforeEach(() => {
  server.faults([]);
  server.resetRequests();
});

for (const [name, timeFormat, from] of [
  ['ApiSource with dates', 'date', server],
  ['ApiSource with dates, in the far west', 'date', west],
  ['ApiSource with dates, in the far east', 'date', east],
  ['ApiSource with instants', 'iso', server],
  ['ApiSource with epoch ms', 'epoch-ms', server],
] as const) {
  sourceConformance(name, async () => ({
    source: apiSource(from.url, { timeFormat }),
    now,
    known: ({ start, end }) => [...from.truth(now, { from: start, to: end })],
    cleanUp: async () => undefined,
  }));
}

const interval = { start: now - 40 * DAY_MS, end: now - 15 * DAY_MS };
const known = [...server.truth(now, { from: interval.start, to: interval.end })];
const held = known.length;

function apiTest(settings: Partial<ApiSettings> = {}, faults: readonly FaultRule[] = []) {
  server.faults(faults);
  const clock = new TestClock();
  return { clock, source: apiSource(server.url, settings, clock) };
}

/** The number of requests since the test began. */
function asked(): number {
  return server.requests().count;
}

/** Reads the interval; `missing` is how many messages were not handed over. */
async function read({ source }: { source: ApiSource }): Promise<{ pass: Pass; missing: number; taken: number }> {
  const missing = new Set(known.map(({ sha256 }) => sha256));
  let taken = 0;
  const pass = await source.read(interval, 0, async ({ messages, shas }) => {
    taken += messages.length;
    messages.forEach((_, n) => void missing.delete(Buffer.from(shas.subarray(n * 32, (n + 1) * 32)).toString('hex')));
  });
  return { pass, missing: missing.size, taken };
}

/** The message of a reading that fails, which holds no secret. */
async function failure(api: { source: ApiSource }): Promise<string> {
  const message = await failureOf(read(api));
  expect(message).not.toContain(token);
  expect(message).not.toContain('hush');
  expect(message).toContain(api.source.url);
  return message;
}

describe('ApiSource requests', () => {
  it('one page past the end if totals are stated, and one small page for each border', async () => {
    const api = apiTest();
    const { pass, missing } = await read(api);
    expect({ missing, totals: new Set(pass.totals) }).toEqual({ missing: 0, totals: new Set([held]) });
    const pages = Math.ceil(held / 10);
    const sizes = Map.groupBy(
      server.requests().log,
      ({ query }) => new URLSearchParams(query).get('page_size') === '10',
    );
    expect([sizes.get(true)?.length, sizes.get(false)?.length]).toEqual([pages + 1, pages - 1]);
    expect(pass.isDoubtful).toBeUndefined();
    expect(server.requests().concurrentMax).toBeLessThanOrEqual(4);
  });

  it('one page if the range is empty, or fits on it', async () => {
    const api = apiTest({ pageSize: 500 });
    await read(api);
    await api.source.read({ start: 0, end: DAY_MS }, 0, async () => undefined);
    expect(asked()).toBe(3);
  });

  it('more pages of a server that caps them', async () => {
    const api = apiTest({}, [{ kind: 'pageCap', pageCap: 7, times: 'always' }]);
    const { missing } = await read(api);
    expect(missing).toBe(0);
    const pages = Math.ceil(held / 7);
    expect(asked()).toBe(pages + 1 + pages - 1);
  });

  it('pages until one is empty if no total is stated, and few beyond it', async () => {
    const api = apiTest({}, [{ kind: 'noTotal', times: 'always' }]);
    const { pass, missing } = await read(api);
    expect(pass).toEqual({ totals: [] });
    expect(missing).toBe(0);
    expect(asked()).toBeLessThanOrEqual(Math.ceil(held / 10) + 4);
  });

  it('pages of half the size on every second attempt', async () => {
    const api = apiTest();
    for (const attempt of [0, 1, 2]) await api.source.read(interval, attempt, async () => undefined);
    const sizes = server.requests().log.map(({ query }) => Number(new URLSearchParams(query).get('page_size')));
    const ofPages = sizes.filter((size) => size === 10 || size === 5);
    expect(ofPages.filter((size, n) => size !== ofPages[n - 1])).toEqual([10, 5, 10]);
  });

  it('the query of its template, with a literal parameter as often as it is written', async () => {
    const api = apiTest({ request: requestOf(`${inputDefaults['api-query']}&tag=a%26b&tag=c`) });
    await api.source.count([interval]);
    const query = new URLSearchParams(server.requests().log[0]!.query);
    expect(query.getAll('tag')).toEqual(['a&b', 'c']);
    expect(query.getAll('page_size')).toEqual(['1']);
    expect(query.get('start_time')).toBe(new Date(interval.start - 1_000).toISOString());
    expect(query.get('end_time')).toBe(new Date(interval.end).toISOString());
  });

  it('a second more, for a server whose start is exclusive', async () => {
    const text = messageText('first', new Date(interval.start).toISOString());
    const leaving = await testServer((response, _, { url }) => {
      const query = new URL(url!, 'http://x').searchParams;
      const isThere = Date.parse(query.get('start_time')!) < interval.start && query.get('page_number') === '1';
      response.end(pageBytes(isThere ? [text] : [], 1));
    });
    const ids: (string | undefined)[] = [];
    await apiSource(leaving.url.href).read(interval, 0, async ({ messages }) => {
      ids.push(...messages.map(({ id }) => id));
    });
    expect(ids).toEqual(['first']);
  });

  it('no page after an empty one, however many a short first page suggests', async () => {
    const texts = Array.from({ length: 401 }, (_, n) =>
      messageText(`${n}`, new Date(interval.start + n).toISOString()),
    );
    const uneven = await testServer((response, _, { url }) => {
      const page = Number(new URL(url!, 'http://x').searchParams.get('page_number'));
      const some = page === 1 ? texts.slice(0, 1) : texts.slice(1 + (page - 2) * 10, 1 + (page - 1) * 10);
      response.end(pageBytes(some, texts.length));
    });
    let taken = 0;
    const pass = await apiSource(uneven.url.href).read(interval, 0, async ({ messages }) => {
      taken += messages.length;
    });
    expect(taken).toBe(texts.length);
    expect(pass.isDoubtful).toBe(true);
    expect(uneven.requests.length).toBeLessThan(50);
  });

  it('a day on each side for dates', () => {
    expect(requestDays(58, 'date')).toBe(60);
    expect(requestDays(60, 'iso')).toBe(60);
    expect(requestDays(60, 'epoch-ms')).toBe(60);
  });

  it('whole pages for counting if the source refuses pages of one message', async () => {
    const sizes: (string | null)[] = [];
    const picky = await testServer((response, _, { url }) => {
      const size = new URL(url!, 'http://x').searchParams.get('page_size');
      sizes.push(size);
      if (Number(size) < 5) return void response.writeHead(400).end();
      response.end(pageBytes([messageText('1', new Date(interval.start).toISOString())], 7));
    });
    const source = apiSource(picky.url.href, { concurrency: 1 });
    expect(await source.count([interval, interval])).toEqual([{ total: 7 }, { total: 7 }]);
    expect(sizes).toEqual(['1', '10', '10']);
  });

  it('no more small pages once the source refused them, and marks the pass doubtful', async () => {
    const texts = Array.from({ length: 25 }, (_, n) => messageText(`${n}`, new Date(interval.start + n).toISOString()));
    const sizes: number[] = [];
    const picky = await testServer((response, _, { url }) => {
      const query = new URL(url!, 'http://x').searchParams;
      const [size, page] = [Number(query.get('page_size')), Number(query.get('page_number'))];
      sizes.push(size);
      if (size < 5) return void response.writeHead(400).end();
      response.end(pageBytes(texts.slice((page - 1) * size, page * size), 25));
    });
    const source = apiSource(picky.url.href, { concurrency: 1 });
    for (const attempt of [0, 0])
      expect(await source.read(interval, attempt, async () => undefined)).toMatchObject({ isDoubtful: true });
    expect(sizes.filter((size) => size < 5)).toHaveLength(1);
  });

  it('no count of a source without totals', async () => {
    const api = apiTest({}, [{ kind: 'noTotal', times: 'always' }]);
    expect(await api.source.count([interval, interval])).toEqual([undefined, undefined]);
  });
});

describe('ApiSource reports that', () => {
  it('a message came on two pages', async () => {
    const api = apiTest({}, [{ kind: 'repeat' }]);
    const { pass, missing, taken } = await read(api);
    expect({ missing, taken }).toEqual({ missing: 0, taken: held + 1 });
    expect(new Set(pass.totals)).toEqual(new Set([held]));
  });

  it('the total moved', async () => {
    const api = apiTest({}, [{ kind: 'drift', times: 3 }]);
    const { pass } = await read(api);
    expect(new Set(pass.totals)).toEqual(new Set([held - 3, held - 2, held - 1, held]));
  });

  it('a message was dropped', async () => {
    const api = apiTest({}, [{ kind: 'dropOne', match: { page_number: 3 } }]);
    const { pass, missing, taken } = await read(api);
    expect({ missing, taken }).toEqual({ missing: 1, taken: held - 1 });
    expect(new Set(pass.totals)).toContain(held);
  });
});

it('ApiSource releases the memory of every page once', async () => {
  const memory = new WatchedMemory();
  const source = apiSource(server.url, {}, new TestClock(), memory);
  await source.read(interval, 0, async () => undefined);
  await source.count([interval, interval]);
  expect(memory.taken).toBeGreaterThan(10);
  expect(memory.out).toBe(0);
});

describe('ApiSource recovers from', () => {
  it.each(['500', '502', '503', '504', 'cut', 'badJson', '429'] as const)('%s', async (kind) => {
    const api = apiTest({}, [
      { kind, times: 3 },
      { kind, match: { page_number: 4 } },
    ]);
    expect((await read(api)).missing).toBe(0);
    expect(api.clock.waits.length).toBeGreaterThanOrEqual(kind === '429' ? 1 : 3);
  });

  it('a body that stalls', async () => {
    const api = apiTest({ stallMs: 250 }, [{ kind: 'stall', match: { page_number: 2 } }]);
    expect((await read(api)).missing).toBe(0);
  });

  it('a slow body', async () => {
    const api = apiTest({ stallMs: 2_000 }, [{ kind: 'slow', bytesPerSecond: 100_000 }]);
    expect((await read(api)).missing).toBe(0);
    expect(server.requests().statuses).toEqual({ 200: 2 * Math.ceil(held / 10) });
  });

  it('a 429 with Retry-After, which delays all requests', async () => {
    const api = apiTest({}, [{ kind: '429', retryAfter: 9, match: { page_number: 2 } }]);
    const began = api.clock.now();
    expect((await read(api)).missing).toBe(0);
    expect(api.clock.now() - began).toBeGreaterThanOrEqual(9_000);
  });
});

describe('ApiSource fails', () => {
  it.each([
    ['400', /api-query/],
    ['401', /api-token/],
    ['403', /api-token/],
    ['404', /api-url/],
  ] as const)('at once on %s, naming the input', async (kind, input) => {
    const api = apiTest({}, [{ kind, times: 'always' }]);
    const message = await failure(api);
    expect(message).toContain(`responded ${kind}`);
    expect(message).toMatch(input);
    expect(asked()).toBe(1);
    expect(api.clock.waits).toEqual([]);
  });

  it.each([
    ['429', 'responded 429'],
    ['500', 'responded 500'],
    ['cut', 'closed the connection before the response was complete'],
    ['badJson', 'it is truncated after'],
  ] as const)('after a bounded number of attempts on %s', async (kind, what) => {
    const api = apiTest({ concurrency: 1 }, [{ kind, times: 'always' }]);
    expect(await failure(api)).toContain(`${what}`);
    expect(asked()).toBe(7);
  });

  it('after a bounded number of attempts on 503, halving the page size each time', async () => {
    const api = apiTest({ concurrency: 1 }, [{ kind: '503', times: 'always' }]);
    expect(await failure(api)).toContain('responded 503');
    const sizes = server.requests().log.map(({ query }) => new URLSearchParams(query).get('page_size'));
    expect(sizes.join(' ')).toBe('10 10 10 5 5 5 2 2 2 1 1 1 1 1 1 1');
  });

  it('on a 503 with Retry-After, without requesting smaller pages', async () => {
    const api = apiTest({ concurrency: 1 }, [{ kind: '503', retryAfter: 7, times: 'always' }]);
    expect(await failure(api)).toContain('responded 503');
    expect(asked()).toBe(7);
  });

  it('if nothing listens', async () => {
    const gone = await testServer(() => undefined);
    await gone.close();
    const clock = new TestClock();
    const source = apiSource(gone.url.href, {}, clock);
    expect(await failureOf(source.count([interval]))).toMatch(/was unreachable after 7 attempts \(ECONNREFUSED\)/);
    expect(clock.waits).toHaveLength(6);
  });

  it('on a refused count, requests no other and leaves none in flight', async () => {
    const refused = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const counting = await testServer(async (response, count) => {
      if (count === 1) return void response.writeHead(403).end(() => refused.resolve());
      await held.promise;
      response.end('{"total":0,"messages":[]}');
    });
    const source = apiSource(counting.url.href, { concurrency: 2 });
    let hasEnded = false;
    const failed = failureOf(source.count([interval, interval, interval, interval])).finally(() => {
      hasEnded = true;
    });
    await refused.promise;
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(hasEnded).toBe(false);
    held.resolve();
    expect(await failed).toContain('responded 403');
    expect(counting.requests).toHaveLength(2);
  });

  it('on a page that is not JSON, after one request', async () => {
    const website = await testServer((response) => response.end('<html><body>Sign in</body></html>'));
    expect(await failureOf(apiSource(website.url.href).read(interval, 0, async () => undefined))).toMatch(
      /page 1 for .*\(it is HTML or XML rather than JSON, perhaps a sign-in page\).*`api-messages` \(\/messages\).*`api-total` \(\/total\)/,
    );
    expect(website.requests).toHaveLength(1);
  });

  it('on an impossible total', async () => {
    const text = messageText('1', new Date(interval.start).toISOString());
    const boasting = await testServer((response) => response.end(pageBytes([text], Number.MAX_SAFE_INTEGER)));
    const message = await failureOf(apiSource(boasting.url.href).read(interval, 0, async () => undefined));
    expect(message).toContain('more than 1000000 pages');
    expect(boasting.requests).toHaveLength(1);
  });

  it.each([
    ['no total', undefined],
    ['a total', 1000],
  ])('if page 2 repeats page 1, with %s', async (_, total) => {
    const text = messageText('1', new Date(interval.start).toISOString());
    const page = JSON.stringify({ ...(total && { total }), messages: [JSON.parse(text)] });
    const repeating = await testServer((response) => response.end(page));
    const message = await failureOf(apiSource(repeating.url.href).read(interval, 1, async () => undefined));
    expect(message).toMatch(/sent page 1 again as page 2 for .*: it ignores \{page\}/);
    expect(repeating.requests.length).toBeLessThan(20);
  });

  it('on a response without a list at `api-messages`', async () => {
    const api = apiTest({ messages: ['data', 'items'] });
    expect(await failure(api)).toContain('`api-messages` (/data/items)');
  });

  it.each(['date', 'iso', 'epoch-ms'] as const)('if the range is ignored, sent as %s', async (timeFormat) => {
    const api = apiTest({ timeFormat }, [{ kind: 'ignoreRange', times: 'always' }]);
    expect(await failure(api)).toMatch(/ignores the range\. .*`api-time-format`/);
  });

  it('on a redirect to another origin, which receives no token', async () => {
    const elsewhere = await testServer((response) => response.end('{"total":0,"messages":[]}'));
    const redirecting = await testServer((response) => response.writeHead(302, { location: elsewhere.url.href }).end());
    const source = apiSource(redirecting.url.href);
    expect(await failureOf(source.count([interval]))).toContain('responded 302');
    expect(redirecting.requests).toHaveLength(1);
    expect(redirecting.requests[0]!.headers.authorization).toBe(`Bearer ${token}`);
    expect(elsewhere.requests).toEqual([]);
  });

  it('without requesting the remaining pages', async () => {
    const api = apiTest({ pageSize: 1 }, [{ kind: '400', match: { page_number: 5 } }]);
    let taken = 0;
    await failureOf(
      api.source.read(interval, 0, async () => {
        taken += 1;
      }),
    );
    const [takenBefore, askedBefore] = [taken, asked()];
    await api.source.count([interval]);
    expect(taken).toBe(takenBefore);
    expect(asked()).toBe(askedBefore + 1);
    expect(askedBefore).toBeLessThan(12);
  });

  it('on a wrong token, without showing it', async () => {
    const wrong = `not-${token}`;
    const message = await failureOf(apiTest({ authentication: bearer(wrong) }).source.count([interval]));
    expect(message).not.toContain(token);
    expect(message).toContain('api-token');
  });

  it('on a token that is not valid in a header, without showing it', async () => {
    const api = apiTest({ authentication: bearer(`${token}\n`) });
    expect(await failureOf(api.source.count([interval]))).not.toContain(token);
  });
});
