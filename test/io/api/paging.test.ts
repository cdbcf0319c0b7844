import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import type { ApiSettings } from '../../../src/io/api/settings.ts';
import type { Pass } from '../../../src/io/ports.ts';
import { LostReading, TooDeep } from '../../../src/io/ports.ts';
import { DAY_MS, type Interval } from '../../../src/windows/interval.ts';
import { apiSource, endThreads, requestOf, token } from '../../support/api.ts';
import { testServer } from '../../support/http-server.ts';
import { messageText } from '../../support/messages.ts';

afterAll(endThreads);

const interval: Interval = { start: Date.UTC(2024, 5, 1), end: Date.UTC(2024, 5, 21) };

/** One message an hour, from noon of the first day on. */
function messages(count: number) {
  return Array.from({ length: count }, (_, n) => {
    const at = interval.start + DAY_MS / 2 + n * 3_600_000;
    return { id: `m-${n}`, at, json: JSON.parse(messageText(`m-${n}`, new Date(at).toISOString())) as object };
  });
}

interface Asked {
  readonly query: URLSearchParams;
  readonly count: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Messages in the range, and a slice of them as a page. */
  readonly found: readonly object[];
}

type Body = Readonly<Record<string, unknown>>;

/** A server of messages, which responds by `handle` unless that writes the response itself. */
async function server(held: ReturnType<typeof messages>, handle: (asked: Asked) => Body | undefined) {
  return testServer((response, count, request) => {
    const query = new URL(request.url!, 'http://x').searchParams;
    const [start, end] = ['start_time', 'end_time'].map((name) => Date.parse(query.get(name) ?? ''));
    const found = held.filter(({ at }) => !(at < start! || at >= end!)).map(({ json }) => json);
    const body = handle({ query, count, request, response, found });
    if (body !== undefined) response.end(JSON.stringify(body));
  });
}

const range = 'start_time={start}&end_time={end}';
const byCursor: Partial<ApiSettings> = {
  request: requestOf(`${range}&limit={size}&cursor={cursor}`),
  paging: { kind: 'next', next: { pointer: ['next'] } },
  total: undefined,
};
const byUrl: Partial<ApiSettings> = { ...byCursor, request: requestOf(`${range}&limit={size}`) };

/** Reads the interval: the pass, and the ids in the order in which they came. */
async function read(url: URL, settings: Partial<ApiSettings>, within = interval) {
  const ids: string[] = [];
  const source = apiSource(url.href, settings);
  const pass: Pass = await source.read(within, 0, async (page) => {
    ids.push(...page.messages.map(({ id }) => id!));
  });
  return { pass, ids };
}

/** A page of a server whose cursors are positions. */
function cursorPage({ query, found }: Asked, name = 'cursor'): Body {
  const at = Number(query.get(name) ?? 0);
  const size = Number(query.get('limit'));
  return { messages: found.slice(at, at + size), next: at + size < found.length ? at + size : null };
}

const idsOf = (held: ReturnType<typeof messages>) => held.map(({ id }) => id);

describe('a chain of pages', () => {
  it('is followed by a cursor, one page after the other', async () => {
    const held = messages(25);
    const { url, requests } = await server(held, cursorPage);
    expect(await read(url, byCursor)).toEqual({ pass: { totals: [] }, ids: idsOf(held) });
    const cursors = requests.map((request) => new URL(request.url!, 'http://x').searchParams.get('cursor'));
    expect(cursors).toEqual([null, '10', '20']);
  });

  it('is followed by a URL, which carries the token within its origin', async () => {
    const held = messages(25);
    const { url, requests } = await server(held, (asked) => {
      const { next, ...page } = cursorPage(asked, 'at');
      const { query } = asked;
      if (next !== null) query.set('at', String(next));
      return { ...page, next: next === null ? undefined : `/messages?${query}` };
    });
    expect((await read(url, byUrl)).ids).toEqual(idsOf(held));
    expect(new Set(requests.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${token}`]));
  });

  it('is refused where a URL leads to another origin, which receives nothing', async () => {
    const other = await server([], () => ({ messages: [] }));
    const { url } = await server(messages(25), (asked) => ({ ...cursorPage(asked), next: `${other.url.href}?at=10` }));
    await expect(read(url, byUrl)).rejects.toMatchObject({ code: 'source-refused' });
    expect(other.requests).toEqual([]);
  });

  it('goes on at pages without messages, as long as they state a next one', async () => {
    const held = messages(12);
    const { url } = await server(held, ({ query, found }) => {
      const at = Number(query.get('cursor') ?? 0);
      return {
        messages: at % 2 === 0 ? found.slice(at / 2, at / 2 + 4) : [],
        next: at >= 22 ? null : at + (at % 2 === 0 ? 7 : 1),
      };
    });
    expect((await read(url, byCursor)).ids).toEqual(idsOf(held));
  });

  it('ends at an empty page that states the cursor it was asked for', async () => {
    const held = messages(20);
    const { url } = await server(held, (asked) => {
      const at = Number(asked.query.get('cursor') ?? 0);
      return { ...cursorPage(asked), next: Math.min(at + 10, 20) };
    });
    expect((await read(url, byCursor)).ids).toEqual(idsOf(held));
  });

  it.each([400, 404, 410, 422])('is lost where %i refuses a later page, as an expired cursor', async (status) => {
    const { url } = await server(messages(25), (asked) => {
      if (asked.count < 3) return cursorPage(asked);
      asked.response.writeHead(status).end();
      return undefined;
    });
    await expect(read(url, byCursor)).rejects.toThrow(LostReading);
  });

  it('needs another pass where pages state a total, since messages may move between pages', async () => {
    const held = messages(25);
    const { url } = await server(held, (asked) => ({ ...cursorPage(asked), total: asked.found.length }));
    const { pass } = await read(url, { ...byCursor, total: { pointer: ['total'] } });
    expect(pass).toEqual({ totals: [25, 25, 25], count: { total: 25 }, isDoubtful: true });
  });

  it('is given up where more comes than the total allows', async () => {
    const { url } = await server(messages(25), (asked) => ({ ...cursorPage(asked), total: 10 }));
    const { pass } = await read(url, { ...byCursor, total: { pointer: ['total'] } });
    expect(pass).toEqual({ totals: [10, 10], isBeyondTotal: true });
  });

  it.each([
    ['the same cursor', () => 7],
    ['new cursors', (count: number) => count],
  ])('is refused where the server ignores the cursor and states %s', async (_, next) => {
    const { url, requests } = await server(messages(25), ({ found, count }) => ({
      messages: found.slice(0, 10),
      next: next(count),
    }));
    await expect(read(url, byCursor)).rejects.toMatchObject({ code: 'source-paging-ignored' });
    expect(requests.length).toBeLessThan(4);
  });

  it('is refused where the next page is stated elsewhere than `api-next` says', async () => {
    const { url } = await server(messages(25), (asked) => {
      const { next, ...page } = cursorPage(asked);
      return { ...page, meta: { next } };
    });
    await expect(read(url, byCursor)).rejects.toMatchObject({
      code: 'source-paging-ignored',
      message: expect.stringContaining('at /next'),
    });
  });

  it('is refused there too where the server pages as it likes, and hides what it cuts off', async () => {
    const { url } = await server(messages(25), ({ found }) => ({ messages: found.slice(0, 10) }));
    await expect(read(url, byCursor)).rejects.toThrow(LostReading);
  });

  it('may be one page, which a smaller one shows once', async () => {
    const { url, requests } = await server(messages(8), cursorPage);
    const source = apiSource(url.href, byCursor);
    for (let n = 0; n < 3; n += 1)
      expect(await source.read(interval, 0, async () => undefined)).toEqual({ totals: [] });
    expect(requests.map((request) => new URL(request.url!, 'http://x').searchParams.get('limit'))).toEqual([
      '10',
      '4',
      '10',
      '10',
    ]);
  });

  it('may be one page of a server that takes no page size, which its halves show', async () => {
    const { url, requests } = await server(messages(8), ({ found }) => ({ messages: found }));
    expect((await read(url, { ...byCursor, request: requestOf(`${range}&cursor={cursor}`) })).ids).toHaveLength(8);
    expect(requests.length).toBeLessThan(15);
  });
});

describe('offsets', () => {
  const byOffset = (first = 0): Partial<ApiSettings> => ({
    request: requestOf(`${range}&limit={size}&offset={offset}`),
    paging: { kind: 'offset', first },
  });
  const page = ({ query, found }: Asked, max = Number.POSITIVE_INFINITY, first = 0): Body => {
    const at = Number(query.get('offset')) - first;
    return { messages: found.slice(at, at + Math.min(Number(query.get('limit')), max)), total: found.length };
  };

  it.each([0, 1])('begin at %i', async (first) => {
    const held = messages(25);
    const { url } = await server(held, (asked) => page(asked, undefined, first));
    const { pass, ids } = await read(url, byOffset(first));
    expect(new Set(ids)).toEqual(new Set(idsOf(held)));
    expect(pass).toMatchObject({ count: { total: 25 } });
    expect(pass.isDoubtful).toBeUndefined();
  });

  it('go by what a server gives that caps its pages', async () => {
    const held = messages(45);
    const { url } = await server(held, (asked) => page(asked, 7));
    const { pass, ids } = await read(url, byOffset());
    expect(ids.toSorted()).toEqual(idsOf(held).toSorted());
    expect(pass.isDoubtful).toBeUndefined();
  });
});

describe('an API that does not page', () => {
  const unpaged: Partial<ApiSettings> = {
    request: requestOf(range),
    paging: { kind: 'none' },
    total: undefined,
    maxResults: 10,
  };

  it('is read in one request, while its limit is not reached', async () => {
    const { url, requests } = await server(messages(9), ({ found }) => ({ messages: found }));
    expect((await read(url, unpaged)).ids).toHaveLength(9);
    expect(requests).toHaveLength(1);
  });

  it('is read in halves where a response reaches the limit', async () => {
    const { url } = await server(messages(25), ({ found }) => ({ messages: found.slice(0, 10) }));
    const error = await read(url, unpaged).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TooDeep);
    expect((error as TooDeep).halves.map(({ end, start }) => end - start)).toEqual([10 * DAY_MS, 10 * DAY_MS]);
  });

  it('fails where one second reaches it', async () => {
    const held = messages(1).flatMap((one) => Array.from({ length: 12 }, () => one));
    const { url } = await server(held, ({ found }) => ({ messages: found.slice(0, 10) }));
    const second = { start: held[0]!.at, end: held[0]!.at + 1000 };
    await expect(read(url, unpaged, second)).rejects.toMatchObject({ code: 'source-limit' });
  });
});

describe('a limit', () => {
  it('of results halves a range whose total reaches it, before its second page', async () => {
    const { url, requests } = await server(messages(25), ({ query, found }) => {
      const size = Number(query.get('page_size'));
      const at = (Number(query.get('page_number')) - 1) * size;
      return { messages: found.slice(at, at + size), total: found.length };
    });
    await expect(read(url, { maxResults: 20 })).rejects.toThrow(TooDeep);
    expect(requests).toHaveLength(1);
  });

  it('of the range halves it without a request', async () => {
    const { url, requests } = await server([], () => ({ messages: [] }));
    await expect(read(url, { maxMs: DAY_MS })).rejects.toThrow(TooDeep);
    expect(await apiSource(url.href, { maxMs: DAY_MS }).count([interval])).toEqual([undefined]);
    expect(requests).toEqual([]);
  });
});

describe('a total', () => {
  it('is taken from a header', async () => {
    const held = messages(25);
    const { url } = await server(held, ({ query, found, response }) => {
      const size = Number(query.get('page_size'));
      const at = (Number(query.get('page_number')) - 1) * size;
      response.writeHead(206, { 'content-range': `items ${at}-${at + size - 1}/${found.length}` });
      return { messages: found.slice(at, at + size), total: 3 };
    });
    const { pass, ids } = await read(url, { total: { header: 'content-range' } });
    expect(new Set(pass.totals)).toEqual(new Set([25]));
    expect(ids).toHaveLength(25);
    expect(await apiSource(url.href, { total: { header: 'content-range' } }).count([interval])).toEqual([
      { total: 25 },
    ]);
  });
});

describe('a redirect', () => {
  it('is followed within the origin', async () => {
    const { url, requests } = await server(messages(3), ({ query, found, response, request }) => {
      const isOld = !request.url!.startsWith('/new');
      if (isOld) response.writeHead(307, { location: `/new?${query}` });
      return isOld ? {} : { messages: query.get('page_number') === '1' ? found : [], total: found.length };
    });
    expect((await read(url, {})).ids).toHaveLength(3);
    expect(requests.every(({ headers }) => headers.authorization === `Bearer ${token}`)).toBe(true);
  });

  it('is followed five times at most, and its query is not shown', async () => {
    const { url, requests } = await server([], ({ count, response }) => {
      response.writeHead(302, { location: `/again?session=hush-hush-${count}` });
      return {};
    });
    await expect(read(url, {})).rejects.toThrow(/302.*\/again/);
    await expect(read(url, {})).rejects.not.toThrow('hush-hush');
    expect(requests).toHaveLength(12);
  });
});
