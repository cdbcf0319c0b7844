import { describe, expect, it } from 'vitest';
import { type Asked, api, Case, june, message, pageOf, sendJson } from './support/run.ts';

/** The messages in the requested range, in time order. */
function within<Message extends { readonly timestamp: string }>(messages: readonly Message[], { start, end }: Asked) {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  return messages.filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) < to);
}

const slice = <Message>(found: readonly Message[], { page, size }: Asked) =>
  found.slice((page - 1) * size, page * size);
const idsOf = (messages: readonly { readonly message_id: string }[]) => messages.map(({ message_id }) => message_id);

describe('a total is one witness', () => {
  it('case 1: a total that is the length of the page is no total, and the run is red and names api-total', async () => {
    const messages = june(25);
    const { url } = await api((asked) => {
      const { messages: found } = pageOf(messages, asked);
      return { messages: found, total: found.length };
    });
    const made = await Case.make({ 'api-url': url.href });
    const ran = await made.run();
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toContain('total of 10 messages');
    expect(ran.log).toContain('Point api-total at');
    expect(await made.archivedIds()).toEqual([]);
  });

  /** Counts no further than `cap`, and refuses pages beyond it. */
  const capped =
    (messages: ReturnType<typeof june>, cap: number, refuse: number) =>
    (asked: Asked, response: Parameters<typeof sendJson>[0]) => {
      if (asked.page * asked.size > cap) return void sendJson(response, { error: 'too deep' }, refuse);
      const found = within(messages, asked);
      return { messages: slice(found, asked), total: Math.min(cap, found.length) };
    };

  it.each(['iso', 'epoch-ms', 'date'])(
    'case 2: 75 messages behind a total that is capped at 40 are read in parts (%s)',
    async (format) => {
      const messages = june(75);
      const { url } = await api((asked, response) => {
        const ms = (text: string) => new Date(/^\d+$/.test(text) ? Number(text) : text).toISOString();
        return capped(messages, 40, 400)({ ...asked, start: ms(asked.start), end: ms(asked.end) }, response);
      });
      const made = await Case.make({ 'api-url': url.href, 'api-time-format': format });
      const ran = await made.run();
      expect(ran).toMatchObject({ code: 0, outputs: { archived: '75', complete: 'true' } });
      expect(await made.archivedIds()).toEqual(idsOf(messages));
      const [slot] = (await made.ledger()).ledger;
      expect(slot).toMatchObject({ counts: { read: 75, closed: 75, duplicates: 0 } });
      expect(await made.run()).toMatchObject({ code: 0, outputs: { 'objects-written': '0', complete: 'true' } });
    },
  );

  it('case 2: a true total of 75 with pages beyond 40 refused is read in parts too', async () => {
    const messages = june(75);
    const { url } = await api((asked, response) => {
      if (asked.page * asked.size > 40) return void sendJson(response, {}, 404);
      return pageOf(messages, asked);
    });
    const made = await Case.make({ 'api-url': url.href, 'api-time-format': 'iso' });
    expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '75', complete: 'true' } });
    expect((await made.ledger()).ledger[0]).toMatchObject({ source_count: { total: 75 } });
  });

  it('case 2: 75 messages of one second behind a cap of 40 are red, and api-total is named', async () => {
    const messages = june(75).map((one) => ({ ...one, timestamp: '2024-06-10T10:00:00.500Z' }));
    const { url } = await api(capped(messages, 40, 400));
    const made = await Case.make({ 'api-url': url.href, 'api-time-format': 'iso' });
    const ran = await made.run();
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toMatch(
      /serves 40 messages for 2024-06-10T10:00:00.000Z to 2024-06-10T10:00:01.000Z .*`api-total`/,
    );
    expect(await made.archivedIds()).toEqual([]);
  });
});

describe('an end has many spellings', () => {
  it('case 9: an API without totals that takes certain page sizes only is read twice with the same size', async () => {
    const messages = june(25);
    const sizes = new Set<number>();
    const { url } = await api((asked, response) => {
      if (![10, 25, 50].includes(asked.size)) return void sendJson(response, { error: 'page_size' }, 400);
      sizes.add(asked.size);
      return { messages: slice(within(messages, asked), asked) };
    });
    const made = await Case.make({ 'api-url': url.href });
    expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
    expect(sizes).toEqual(new Set([10]));
  });

  it.each([{ messages: null, total: 0 }, { messages: null }, { messages: null, error: null }, { total: 0 }])(
    'case 12: an empty page is spelled %j',
    async (empty) => {
      const messages = june(25);
      const { url } = await api((asked) => {
        const found = pageOf(messages, asked);
        return found.messages.length === 0 ? empty : found;
      });
      const made = await Case.make({ 'api-url': url.href, from: '2024-05-01' });
      expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
    },
  );

  it('case 12: `messages: null` beside an error is no empty page', async () => {
    const { url } = await api(() => ({ messages: null, error: { code: 'E17' } }));
    const ran = await (await Case.make({ 'api-url': url.href })).run();
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toContain('it has no list of messages at /messages');
  });

  it.each(['date', 'iso'].flatMap((format) => [404, 400, 416, 204].map((status) => [status, format] as const)))(
    'case 13: without totals, %i after the last page is its end (%s)',
    async (status, format) => {
      const messages = june(20);
      const { url } = await api((asked, response) => {
        const found = slice(within(messages, asked), asked);
        if (found.length === 0 && asked.page > 1) return void response.writeHead(status).end();
        return { messages: found };
      });
      const made = await Case.make({ 'api-url': url.href, 'api-time-format': format });
      expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '20', complete: 'true' } });
      expect(await made.archivedIds()).toEqual(idsOf(messages));
    },
  );

  it('case 13: without totals, a refusal that is a limit hides nothing', async () => {
    const messages = june(75);
    const { url } = await api((asked, response) => {
      const found = slice(within(messages, asked), asked);
      if (asked.page * asked.size > 40 || found.length === 0) return void sendJson(response, {}, 404);
      return { messages: found };
    });
    const made = await Case.make({ 'api-url': url.href, 'api-time-format': 'iso' });
    expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '75', complete: 'true' } });
  });

  it('case 14: without totals, a last page that comes again and again is the end', async () => {
    const messages = june(25);
    const { url } = await api((asked) => {
      const found = within(messages, asked);
      const last = Math.max(1, Math.ceil(found.length / asked.size));
      return { messages: slice(found, { ...asked, page: Math.min(asked.page, last) }) };
    });
    const made = await Case.make({ 'api-url': url.href });
    expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
    expect(await made.archivedIds()).toEqual(idsOf(messages));
  });

  it.each([undefined, 10, 25])('case 14: a page 2 that is page 1 is red, with a total of %s', async (total) => {
    const messages = june(25);
    const { url } = await api((asked) => ({ messages: slice(within(messages, asked), { ...asked, page: 1 }), total }));
    const ran = await (await Case.make({ 'api-url': url.href })).run();
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toContain('sent page 1 again as page 2');
    expect(ran.log).toContain('it ignores {page}');
  });
});

describe('one bad thing is not all', () => {
  it.each(['1970-01-01T00:00:00Z', '2038-01-19T03:14:07Z'])(
    'case 11: a stray of %s among 25 is quarantined, and the others are archived',
    async (timestamp) => {
      const messages = june(25);
      const stray = message('stray', timestamp);
      const { url } = await api((asked) => {
        const found = [...within(messages, asked), ...(within(messages, asked).length > 0 ? [stray] : [])];
        return { messages: slice(found, asked), total: found.length };
      });
      const made = await Case.make({ 'api-url': url.href });
      expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '25', invalid: '1', complete: 'true' } });
      const quarantined = await made.quarantined();
      expect(JSON.stringify(quarantined)).toContain('timestamp is far outside the requested range');
      expect(quarantined).toHaveLength(1);
    },
  );

  it.each([2, 26])('case 11: where most of a page lies outside, the range is ignored (%i of 30)', async (at) => {
    const old = june(28).map((one) => ({ ...one, timestamp: one.timestamp.replace('2024', '2019') }));
    const all = at === 2 ? [...june(2), ...old] : [...old, ...june(2)];
    const { url } = await api((asked) => ({ messages: slice(all, asked), total: all.length }));
    const ran = await (await Case.make({ 'api-url': url.href })).run();
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toMatch(/it ignores the range\. .*`api-time-format`/);
  });

  it('case 16: an API that responds 502 to large pages receives requests for smaller ones', async () => {
    const messages = june(25);
    const { url, requests } = await api((asked, response) => {
      if (asked.size > 3) return void sendJson(response, {}, 502);
      return pageOf(messages, asked);
    });
    const made = await Case.make({ 'api-url': url.href });
    const ran = await made.run();
    expect(ran).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
    expect(ran.log).toContain('502 to pages of 10 messages: requesting pages of 5 instead');
    const sizes = requests.map(({ url: path }) => new URL(path ?? '', 'http://api').searchParams.get('page_size'));
    expect(sizes.filter((size) => size === '10').length).toBeLessThan(7);
  });

  it('case 20: with dates, no request goes beyond today in the easternmost zone', async () => {
    const ends = new Set<string>();
    const messages = june(25);
    const { url } = await api((asked) => {
      ends.add(asked.end);
      return pageOf(messages, asked);
    });
    const made = await Case.make({ 'api-url': url.href, 'as-of': '2024-06-15T12:00:00Z' });
    await made.run();
    expect([...ends].sort().at(-1)).toBe('2024-06-16');
  });

  it('case 21: one id with two contents on two pages, both in the total, is two records of one id', async () => {
    const messages = june(25);
    const alert = (day: number) => [{ alert_id: 'a', status: 'closed', updated_at: `2024-07-0${day}T00:00:00Z` }];
    const older = { ...messages[3]!, alerts: alert(1), version: 'older' };
    const newer = { ...messages[3]!, timestamp: messages[22]!.timestamp, alerts: alert(2), version: 'newer' };
    const held = [...messages.slice(0, 3), older, ...messages.slice(4, 23), newer, ...messages.slice(23)];
    const { url, requests } = await api((asked) => pageOf(held, asked));
    const made = await Case.make({ 'api-url': url.href });
    const ran = await made.run();
    expect(ran).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
    expect(await made.archivedIds()).toEqual(idsOf(messages));
    expect((await made.ledger()).ledger[0]).toMatchObject({
      counts: { read: 26, closed: 25, duplicates: 1 },
      cases: { conflicting: 1 },
      source_count: { total: 26 },
    });
    expect(ran.log).toContain('more than one version at the source');
    expect(ran.log).toContain('m-00003');
    expect(requests.length).toBeLessThan(20);
  });

  it('case 25: a page with more elements than requested is refused before it takes up memory', async () => {
    const { url } = await api((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"messages":[${'0,'.repeat(3_500_000)}0],"total":3500001}`);
    });
    const made = await Case.make({ 'api-url': url.href, 'api-page-size': '500' });
    const ran = await made.run();
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toContain('it has more messages than requested');
    expect(ran.log).toContain('api-page-size');
  });
});

describe('a source that moves', () => {
  it.each([undefined, 7])(
    'a message that is held twice, on two pages, is accepted and named (page cap %s)',
    async (cap) => {
      const messages = june(60);
      const held = [...messages.slice(0, 45), messages[2]!, ...messages.slice(45)].map((one, n) => ({ ...one, n }));
      held[45] = held[2]!;
      const { url } = await api((asked) => {
        const size = Math.min(asked.size, cap ?? asked.size);
        const found = within(messages, asked).length > 0 ? held : [];
        return { messages: slice(found, { ...asked, size }), total: found.length };
      });
      const made = await Case.make({ 'api-url': url.href });
      const ran = await made.run();
      expect(ran).toMatchObject({ code: 0, outputs: { archived: '60', complete: 'true' } });
      expect((await made.ledger()).ledger[0]).toMatchObject({ counts: { read: 61, duplicates: 1 } });
      expect(ran.log).toMatch(/more than once.*"m-00002"/);
    },
  );

  it.each([
    [2, 3],
    [3, 14],
    [4, 25],
  ])('what is deleted before page %i, while another message appears, hides nothing', async (page, deleted) => {
    const messages = june(45);
    const all = [...messages];
    const late = message('late', '2024-06-29T23:00:00Z');
    let hasMoved = false;
    const { url } = await api((asked) => {
      if (asked.page === page && asked.size === 10 && !hasMoved) {
        hasMoved = true;
        all.splice(deleted, 1);
        all.push(late);
      }
      return pageOf(all, asked);
    });
    const made = await Case.make({ 'api-url': url.href, 'api-concurrency': '1' });
    expect(await made.run()).toMatchObject({ code: 0, outputs: { complete: 'true' } });
    expect(await made.archivedIds()).toEqual(idsOf(all).sort());
  });

  it.each([
    [true, '2024-06-30T12:00:00Z'],
    [true, '2024-06-01T12:00:00Z'],
    [false, '2024-06-30T12:00:00Z'],
    [false, '2024-06-14T12:00:00Z'],
  ])(
    'with dates, a late message does not hide behind one that leaves the days around (end inclusive: %s, %s)',
    async (isInclusive, timestamp) => {
      const inclusiveMs = isInclusive ? 86_400_000 : 0;
      const messages = [...june(25), message('leaver', '2024-07-01T12:00:00Z')];
      const { url } = await api((asked) =>
        pageOf(messages, { ...asked, end: new Date(Date.parse(asked.end) + inclusiveMs).toISOString() }),
      );
      const made = await Case.make({ 'api-url': url.href, 'scrub-windows': '0' });
      await made.run();
      expect(await made.run()).toMatchObject({ outputs: { 'objects-written': '0' } });
      messages.splice(25, 1);
      messages.push(message('late', timestamp));
      messages.sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
      await made.run();
      expect(await made.archivedIds()).toContain('late');
    },
  );
});
