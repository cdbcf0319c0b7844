import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../../demo/source/faults.ts';
import type { SourceOptions } from '../../../demo/source/options.ts';
import type { Source } from '../../../demo/source/server.ts';
import { startSource } from '../../../demo/source/server.ts';
import type { Truth } from '../../../demo/source/truth.ts';
import type { Found } from './reading.ts';
import { ask, readAll, readPage } from './reading.ts';

const OPTIONS: SourceOptions = {
  seed: 4,
  from: '2024-01-01',
  to: '2024-03-01',
  messages: 260,
  oddities: 12,
  messageBytes: [2_000, 4_000],
  textBytesMax: 0,
  now: () => Date.UTC(2025, 0, 1),
};
const WHOLE = { start_time: '2024-01-01', end_time: '2024-02-29' };
const INSTANTS = ['2024-01-20', '2024-03-01', '2024-04-15T12:00:00Z', '2025-06-01'];
let source: Source;

beforeAll(async () => {
  source = await startSource(OPTIONS);
});
beforeEach(() => {
  source.faults([]);
  source.resetRequests();
});
afterAll(() => source.close());

const idsOf = (messages: readonly Found[]): (string | null)[] => messages.map(({ sha256 }) => sha256);
const control = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(source.origin + path, { ...init, headers: { authorization: `Bearer ${source.token}` } });

describe('messages', () => {
  test.each(INSTANTS)('as of %s match the truth', async (asOf) => {
    const { total, messages } = await readAll(source, { ...WHOLE, as_of: asOf });
    const truths = [...source.truth(asOf)];
    expect(total).toBe(truths.length);
    expect(messages.map(({ state, sha256 }) => ({ state, sha256 }))).toEqual(
      truths.map(({ state, sha256 }) => ({ state, sha256 })),
    );
    const readable = messages.filter(({ state }) => state !== 'invalid');
    expect(readable.map(({ id, timestamp }) => ({ id, timestamp }))).toEqual(
      truths.filter(({ state }) => state !== 'invalid').map(({ id, timestamp }) => ({ id, timestamp })),
    );
    expect(messages.map(({ id }) => id)).toEqual(truths.map(({ id }) => id));
  });

  test('are unique and sorted by timestamp, then id', async () => {
    const { messages } = await readAll(source, WHOLE);
    const readable = messages.filter(({ state }) => state !== 'invalid');
    const keys = readable.map(({ id, timestamp }) => `${timestamp} ${id}`);
    expect(keys.toSorted()).toEqual(keys);
    expect(new Set(readable.map(({ id }) => id)).size).toBe(readable.length);
    expect(new Set(readable.map(({ timestamp }) => timestamp)).size).toBeLessThan(readable.length);
  });

  test('are the same for an equal seed, and different for another seed', async () => {
    await using same = await startSource(OPTIONS);
    await using other = await startSource({ ...OPTIONS, seed: 5 });
    const [text, sameText, otherText] = await Promise.all(
      [source, same, other].map(async (each) => (await readPage(each, WHOLE)).text),
    );
    expect(sameText).toBe(text);
    expect(otherText).not.toBe(text);
  });

  test('have the members of an email or a chat', async () => {
    const { messages } = await readAll(source, WHOLE);
    for (const { message } of messages) {
      expect(message).toMatchObject({
        channel: expect.stringMatching(/^(email|chat)$/),
        subject: expect.any(String),
        from: expect.any(String),
        to: expect.any(Array),
        body: expect.any(String),
        language: expect.stringMatching(/^(en|de|fr|ru|ja|ar)$/),
        risk_score: expect.any(Number),
        thread_size: expect.any(Number),
      });
    }
    const sizes = messages.map(({ message }) => JSON.stringify(message).length).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(4_500);
    expect(sizes.at(-1)).toBeGreaterThan(10_000);
  });

  test('are the same for any page size, and at most pageSizeMax per page', async () => {
    const { messages } = await readAll(source, WHOLE);
    for (const page_size of [23, 250]) {
      expect(idsOf((await readAll(source, { ...WHOLE, page_size })).messages)).toEqual(idsOf(messages));
    }
    await using small = await startSource({ ...OPTIONS, pageSizeMax: 20 });
    expect((await readPage(small, { ...WHOLE, page_size: 500 })).messages).toHaveLength(20);
  });

  test('of adjacent ranges add up to the whole, in any notation of the bounds', async () => {
    const { messages } = await readAll(source, WHOLE);
    const ranges = [
      { start_time: '2024-01-01', end_time: '2024-01-15' },
      { start_time: '2024-01-16T00:00:00Z', end_time: '2024-02-02T13:37:00+01:00' },
      { start_time: Date.UTC(2024, 1, 2, 12, 37), end_time: Date.UTC(2024, 2, 1) },
    ];
    const parts = await Promise.all(ranges.map((range) => readAll(source, range)));
    expect(idsOf(parts.flatMap((part) => part.messages))).toEqual(idsOf(messages));
  });

  test('change, arrive late and are deleted as their history says', async () => {
    const histories = [...source.history(INSTANTS)];
    const reads = await Promise.all(INSTANTS.map((as_of) => readAll(source, { ...WHOLE, as_of })));
    reads.forEach(({ messages }, place) => {
      const expected = histories.flatMap(({ versions }) => versions[place]?.sha256 ?? []);
      expect(idsOf(messages)).toEqual(expected);
    });
    const seen = (from: number, to: number) => histories.filter(({ versions }) => versions[from] && versions[to]);
    expect(seen(1, 3).length).toBeGreaterThan(100);
    expect(histories.filter(({ versions }) => versions[1] && !versions[3]).length).toBeGreaterThan(0);
    expect(histories.filter(({ versions }) => !versions[1] && versions[3]).length).toBeGreaterThan(0);
    const amended = seen(2, 3).filter(
      ({ versions }) => versions[2]?.state === versions[3]?.state && versions[2]?.sha256 !== versions[3]?.sha256,
    );
    expect(amended.length).toBeGreaterThan(0);
  });

  test('are as of now by default', async () => {
    let now = Date.UTC(2024, 0, 20);
    await using moving = await startSource({ ...OPTIONS, now: () => now });
    const before = await readPage(moving, WHOLE);
    now = Date.UTC(2024, 1, 20);
    const after = await readPage(moving, WHOLE);
    expect(before.total).toBe([...moving.truth('2024-01-20')].length);
    expect(after.total).toBe([...moving.truth('2024-02-20')].length);
    expect(after.total).toBeGreaterThan(before.total as number);
  });

  test('need the token and a range within the limit', async () => {
    expect((await ask(source, WHOLE, 'other')).status).toBe(401);
    const long = await ask(source, { ...WHOLE, end_time: '2024-03-01' });
    expect(long.status).toBe(400);
    expect(await long.json()).toEqual({ error: 'The range is longer than 60 days.' });
    expect(source.requests()).toMatchObject({ count: 2, statuses: { 400: 1, 401: 1 } });
  });
});

describe('truth', () => {
  test('is served as NDJSON', async () => {
    const range = { from: '2024-01-05', to: '2024-02-01' };
    const response = await control(`/truth?as_of=2024-06-01&from=${range.from}&to=${range.to}`);
    const lines = (await response.text()).trimEnd().split('\n');
    const served = lines.map((line) => JSON.parse(line) as Omit<Truth, 'timestamp'> & { timestamp: number });
    const expected = [...source.truth('2024-06-01', range)];
    expect(served.map((each) => ({ ...each, timestamp: BigInt(each.timestamp) }))).toEqual(expected);
    expect(expected.length).toBeGreaterThan(50);
    expect(expected.length).toBeLessThan([...source.truth('2024-06-01')].length);
  });

  test('and all other resources need the token', async () => {
    for (const path of ['/truth', '/requests', '/faults', '/']) {
      expect((await fetch(source.origin + path)).status).toBe(401);
    }
    expect((await control('/else')).status).toBe(404);
  });

  test('of an invalid instant is rejected', async () => {
    expect((await control('/truth?as_of=soon')).status).toBe(400);
    expect(() => [...source.truth('soon')]).toThrow(RangeError);
  });
});

describe('faults', () => {
  const hit = async (rule: FaultRule, query = {}): ReturnType<typeof ask> => {
    source.faults([rule]);
    return ask(source, { ...WHOLE, page_size: 100, ...query });
  };

  test.each(['429', '500', '503'] as const)('%s is returned once, with its Retry-After', async (kind) => {
    const response = await hit({ kind, retryAfter: '0' });
    expect(response.status).toBe(Number(kind));
    expect(response.headers.get('retry-after')).toBe('0');
    expect(await response.json()).toHaveProperty('error');
    expect((await ask(source, WHOLE)).status).toBe(200);
    expect(source.requests()).toMatchObject({ count: 2, statuses: { 200: 1, [kind]: 1 } });
  });

  test('are set over HTTP, and rejected if invalid', async () => {
    const post = (body: string) => control('/faults', { method: 'POST', body });
    expect((await post('[{"kind":"500"}]')).status).toBe(200);
    expect((await ask(source, WHOLE)).status).toBe(500);
    expect((await post('[{"kind":"flood"}]')).status).toBe(400);
    expect((await post('{')).status).toBe(400);
  });

  test('can be set from the start', async () => {
    await using faulty = await startSource({ ...OPTIONS, faults: [{ kind: '404', times: 'always' }] });
    expect((await ask(faulty, WHOLE)).status).toBe(404);
  });

  test('cut closes the connection before the body is complete', async () => {
    const response = await hit({ kind: 'cut' });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test('badJson sends a complete body that is not valid JSON', async () => {
    const response = await hit({ kind: 'badJson' });
    const body = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-length')).toBe(String(body.length));
    expect(() => JSON.parse(body.toString())).toThrow(SyntaxError);
  });

  test('slow limits the rate', async () => {
    const started = performance.now();
    const { text } = await readPage(source, { ...WHOLE, page_size: 1 });
    source.faults([{ kind: 'slow', bytesPerSecond: 10 * text.length }]);
    const slow = await ask(source, { ...WHOLE, page_size: 1 });
    expect(await slow.text()).toBe(text);
    expect(performance.now() - started).toBeGreaterThan(50);
  });

  test('stall sends headers and no body while other requests succeed', async () => {
    source.faults([{ kind: 'stall' }]);
    let bytes = 0;
    const stalled = request(`${source.url}?start_time=2024-01-01&end_time=2024-01-03`, {
      headers: { authorization: `Bearer ${source.token}` },
      agent: false,
    });
    const head = await new Promise<IncomingMessage>((resolve) => {
      stalled.once('response', resolve).end();
    });
    head.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => {});
    expect(head.statusCode).toBe(200);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1_000);
    expect((await readPage(source, WHOLE)).messages.length).toBeGreaterThan(0);
    expect(bytes).toBe(0);
    expect(source.requests()).toMatchObject({ count: 2, concurrent: 1, concurrentMax: 2 });
    stalled.destroy();
  });

  test('pageCap reduces the page size, and all pages together are complete', async () => {
    const whole = await readAll(source, WHOLE);
    source.faults([{ kind: 'pageCap', pageCap: 40, times: 'always' }]);
    const capped = await readAll(source, WHOLE);
    expect(source.requests().log.at(-1)?.query).toContain('page_number=8');
    expect(idsOf(capped.messages)).toEqual(idsOf(whole.messages));
    expect(capped.total).toBe(whole.total);
  });

  test('repeat returns one message on two pages', async () => {
    source.faults([{ kind: 'repeat' }]);
    const { total, messages } = await readAll(source, WHOLE);
    expect(messages).toHaveLength((total as number) + 1);
    expect(new Set(idsOf(messages)).size).toBe(total);
  });

  test('dropOne omits one message that the total includes', async () => {
    source.faults([{ kind: 'dropOne' }]);
    const { total, messages } = await readAll(source, WHOLE);
    expect(messages).toHaveLength((total as number) - 1);
  });

  test('drift adds messages during the read', async () => {
    const before = await readPage(source, { ...WHOLE, page_size: 10 });
    source.faults([{ kind: 'drift', times: 2 }]);
    const pages = [];
    for (const page_number of [1, 2, 3]) pages.push(await readPage(source, { ...WHOLE, page_size: 10, page_number }));
    const total = before.total as number;
    expect(pages.map((page) => page.total)).toEqual([total - 2, total - 1, total]);
    expect(pages[0]?.messages[0]?.sha256).toBe(before.messages[2]?.sha256);
    expect(pages[1]?.messages[0]?.sha256).toBe(pages[0]?.messages.at(-1)?.sha256);
  });

  test('ignoreRange returns all messages', async () => {
    const whole = await readPage(source, WHOLE);
    source.faults([{ kind: 'ignoreRange' }]);
    const day = { start_time: '2024-01-01', end_time: '2024-01-01' };
    expect((await readPage(source, day)).total).toBe(whole.total);
    expect((await readPage(source, day)).total).toBeLessThan(whole.total as number);
  });

  test('noTotal omits the total', async () => {
    source.faults([{ kind: 'noTotal' }]);
    const page = await readPage(source, WHOLE);
    expect(page.text).toMatch(/^\{"messages":\[/);
    expect(page.messages.length).toBeGreaterThan(0);
  });
});

describe('requests', () => {
  test('are counted and can be reset', async () => {
    await Promise.all([1, 2, 3].map((page_number) => readPage(source, { ...WHOLE, page_number })));
    const counters = (await (await control('/requests')).json()) as ReturnType<Source['requests']>;
    expect(counters).toMatchObject({ count: 3, statuses: { 200: 3 } });
    expect(counters.concurrentMax).toBeGreaterThanOrEqual(1);
    expect(counters.bytes).toBeGreaterThan(100_000);
    expect(counters.log.map(({ status }) => status)).toEqual([200, 200, 200]);
    await control('/requests', { method: 'DELETE' });
    expect(source.requests().count).toBe(0);
  });
});
