import { hash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { StagedMessage } from '../../src/archive/ledger.ts';
import { UserError } from '../../src/errors.ts';
import { LostReading } from '../../src/io/ports.ts';
import type { SearchSettings } from '../../src/io/search/settings.ts';
import type { MessageShape } from '../../src/messages/message.ts';
import type { Page } from '../../src/messages/page.ts';
import { compileShape, readMessage } from '../../src/messages/read.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import { sourceConformance } from '../io/conformance/source.ts';
import { embed, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { plainShape } from '../support/messages.ts';
import { type Held, tell } from '../support/model-source.ts';
import { closePointInTime, type Engine, type Opened, openSource, searchEngines, secret } from './engines.ts';
import { cut, edited } from './fates.ts';
import { type IndexBody, Indices } from './indices.ts';
import { type Fate, relayTo } from './relay.ts';
import { type Search, searches, searchRefused } from './searches.ts';

const threads = new Threads(1);
afterAll(() => threads.close());

const now = Date.parse('2024-08-20T21:00:07.123Z');
const june: Interval = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const date = { timestamp: { type: 'date' } };
const keyword = { type: 'keyword' };
const textWithKeyword = { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } };

function openEngine(
  engine: Engine,
  url: string,
  index: string,
  more: Partial<SearchSettings & { shape: MessageShape }> = {},
): Opened {
  const { shape = plainShape, ...settings } = more;
  const opened = openSource(engine, { url, index, ...settings }, shape, pageScanner(threads, shape, false));
  onTestFinished(() => opened.source.close());
  return opened;
}

/** A message that was handed over: its bytes if the archive stores it, else its open alerts. */
interface Came {
  readonly id: string | undefined;
  readonly state: string;
  readonly kept: string | readonly string[];
}

function came(text: string, shape: MessageShape = plainShape): Came {
  const bytes = Buffer.from(text);
  const { id, state, openAlerts } = readMessage(bytes, 0, compileShape(shape));
  return { id, state, kept: state === 'closed' || state === 'invalid' ? text : openAlerts };
}

const inOrder = (all: readonly Came[]) => all.map((each) => JSON.stringify(each)).sort();

/** Collects the messages of pages, and verifies their hashes and states. */
class Taker {
  readonly came: Came[] = [];
  readonly pageBytes: number[] = [];
  readonly #shape: MessageShape;

  constructor(shape: MessageShape = plainShape) {
    this.#shape = shape;
  }

  readonly take = async ({ bytes, messages, shas }: Page): Promise<void> => {
    this.pageBytes.push(bytes.length);
    messages.forEach(({ start, end, id, state }, n) => {
      const text = Buffer.from(bytes.subarray(start, end)).toString();
      const sha = Buffer.from(shas.subarray(n * 32, (n + 1) * 32)).toString('hex');
      if (sha !== hash('sha256', text)) throw new Error('The hash is that of other bytes.');
      const read = came(text, this.#shape);
      if (read.id !== id || read.state !== state) throw new Error('The state is that of other bytes.');
      this.came.push(read);
    });
  };
}

async function readAll({ source }: Opened, interval: Interval = june, shape: MessageShape = plainShape) {
  const taker = new Taker(shape);
  const pass = await source.read(interval, 0, taker.take);
  return { pass, came: taker.came, pageBytes: taker.pageBytes };
}

async function failure(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  const failed = error as UserError;
  expect(failed.message).not.toContain(secret);
  return failed;
}

const staged = (id: string, at: number) => ({ message_id: id, timestamp: String(at * 1000) }) as StagedMessage;

const anyAlert = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('closed', 'Closed', 'CLOSED').map((status) => ({ alert_id: 'a', status })) },
  { weight: 3, arbitrary: fc.constantFrom('open', 'new', 'é', '5', '').map((status) => ({ alert_id: 'b', status })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<object>({ alert_id: 'c' }, {}, { status: null }, { status: 'closed', x: {} }),
  },
);

/** Alerts of every kind that an index which maps them accepts. */
const anyAlerts = fc.oneof(
  { weight: 8, arbitrary: fc.array(anyAlert, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, undefined, [null], { alert_id: 'x', status: 'closed' }) },
);

/** Alerts that only an index which does not map them accepts. */
const oddAlerts = [{}, 'x', 5, '', false, [[]], [5], ['x', { status: 'closed' }], [[{ status: 'closed' }]], [null, {}]];

function messagesOf(count: number, more: readonly unknown[] = []): Held[] {
  const all = [...fc.sample(anyAlerts, { numRuns: count, seed: 7 }), ...more];
  return all.map((alerts, n) => {
    const at = june.start - DAY_MS + Math.floor((n * 32 * DAY_MS) / all.length);
    const timestamp = `${new Date(at).toISOString().slice(0, -1)}${String(n % 1_000).padStart(3, '0')}Z`;
    const json = JSON.stringify({ message_id: `m${n}`, timestamp, alerts, body: 'é'.repeat(n % 50), n: 1 });
    return { id: `m${n}`, at, json: json.replace('"n":1', ' "n" : 1.50e0') };
  });
}

const nestedStatus = (status: unknown) => ({ alerts: { type: 'nested', properties: { status } } });
const objectStatus = (status: unknown) => ({ alerts: { properties: { status } } });

/** Name, properties, whether odd alerts are accepted, whether statuses are searchable, the rest of the mapping. */
type Mapping = [name: string, properties: IndexBody, takesOdd: boolean, knowsStatus: boolean, more?: IndexBody];

const mappingsOf = ({ product }: Engine): Mapping[] => [
  ['a keyword', { ...date, ...objectStatus(keyword) }, false, true],
  ['a text with a keyword', { ...date, ...objectStatus(textWithKeyword) }, false, true],
  ['a text alone', { ...date, ...objectStatus({ type: 'text' }) }, false, false],
  ['a short keyword', { ...date, ...objectStatus({ type: 'keyword', ignore_above: 3 }) }, false, true],
  [
    'a keyword of doc values',
    { ...date, ...objectStatus({ type: 'keyword', index: false }) },
    false,
    product === 'Elasticsearch',
  ],
  ['nested keywords', { ...date, ...nestedStatus(keyword) }, false, true],
  ['nested texts with keywords', { ...date, ...nestedStatus(textWithKeyword) }, false, true],
  product === 'Elasticsearch'
    ? ['flattened alerts', { ...date, alerts: { type: 'flattened' } }, false, true]
    : ['flat objects', { ...date, alerts: { type: 'flat_object' } }, false, false],
  ['unmapped alerts', date, true, false, { dynamic: false }],
  ['alerts that are not indexed', { ...date, alerts: { type: 'object', enabled: false } }, true, false],
  ['a dynamic mapping', date, false, true],
  ['nanoseconds', { timestamp: { type: 'date_nanos' }, ...objectStatus(keyword) }, false, true],
];

describe.each(searchEngines())('$name', (engine) => {
  const { url, product, prefix } = engine;
  const indices = new Indices(url);
  const open = (at: string, index: string, more: Parameters<typeof openEngine>[3] = {}) =>
    openEngine(engine, at, index, more);
  const mappings = mappingsOf(engine);
  afterAll(() => indices.removeAll());

  /** An index as most are, with these messages. */
  const usual = (documents: readonly Held[]) =>
    indices.make({ ...date, message_id: keyword, ...objectStatus(keyword) }, documents);

  describe('conforms', () => {
    let index = '';
    const held: Held[] = [];
    beforeAll(async () => {
      const states = [['closed'], ['open'], [], ['closed', 'CLOSED'], ['closed', 'new']];
      for (let n = 0; n < 300; n += 1) {
        const at = now - Math.floor(((n + 0.5) * 60 * DAY_MS) / 300);
        held.push(tell({ id: `m${n}`, at, statuses: states[n % states.length]! }));
      }
      held.push({ id: '', at: now - 22 * DAY_MS, json: `{"timestamp":${now - 22 * DAY_MS},"alerts":[]}` });
      index = await usual(held);
    });
    sourceConformance(`${product}Source`, async () => {
      const { source } = open(url, index);
      const known = ({ start, end }: Interval) =>
        held
          .filter(({ at }) => at >= start && at < end)
          .map(({ json }) => {
            const { id, state } = readMessage(Buffer.from(json), 0, compileShape(plainShape));
            return { id: id ?? null, state, sha256: hash('sha256', json) };
          });
      return { source, now, known, cleanUp: async () => undefined };
    });
  });

  describe('reads the same messages with any mapping', () => {
    const inJune = (held: readonly Held[]) => held.filter(({ at }) => at >= june.start && at < june.end);
    const truthOf = (held: readonly Held[]) => inOrder(inJune(held).map(({ json }) => came(json)));

    it.each<Mapping>(mappings)('%s', async (_, properties, takesOdd, knowsStatus, more) => {
      const held = messagesOf(250, takesOdd ? oddAlerts : []);
      const index = await indices.make(properties, held, { mappings: more ?? {} });
      const opened = open(url, index);
      const { pass, came: all } = await readAll(opened);
      expect(inOrder(all)).toEqual(truthOf(held));
      expect(pass.totals).toEqual([all.length, all.length]);
      expect(opened.warnings.length).toBe(knowsStatus ? 0 : 1);
      expect(pass.count?.closed === undefined).toBe(!knowsStatus);
      expect(await opened.source.count([june])).toEqual([pass.count]);
    });

    it('an alias over all of them', async () => {
      const all: Held[] = [];
      const made: string[] = [];
      for (const [n, [, properties, takesOdd, , more]] of mappings.entries()) {
        const held = messagesOf(60, takesOdd ? oddAlerts : []).map((each) => ({
          ...each,
          json: each.json.replace('"message_id":"', `"message_id":"${n}-`),
        }));
        all.push(...held);
        made.push(await indices.make(properties, held, { mappings: more ?? {} }));
      }
      const opened = open(url, await indices.alias(...made));
      const { pass, came: found } = await readAll(opened);
      expect(inOrder(found)).toEqual(truthOf(all));
      expect(pass.totals[0]).toBe(found.length);
    });

    it('an alias over nested, plain and flattened alerts', async () => {
      const isElasticsearch = product === 'Elasticsearch';
      const flattened = { alerts: { type: isElasticsearch ? 'flattened' : 'flat_object' } };
      const ways = [nestedStatus(keyword), objectStatus(keyword), flattened];
      const all: Held[] = [];
      const made: string[] = [];
      for (const [n, way] of ways.entries()) {
        const held = messagesOf(60).map(({ id, at, json }) => ({ id, at, json: json.replace('"m', `"${n}-m`) }));
        all.push(...held);
        made.push(await indices.make({ ...date, ...way }, held));
      }
      const opened = open(url, await indices.alias(...made));
      const { pass, came: found } = await readAll(opened);
      expect(inOrder(found)).toEqual(truthOf(all));
      // OpenSearch has no query that covers both nested and plain alerts.
      expect(opened.warnings.length).toBe(isElasticsearch ? 0 : 1);
      const statuses = inJune(all).map(({ json }) => {
        const alerts = [(JSON.parse(json) as { alerts?: unknown }).alerts ?? []].flat() as ({
          status?: string;
        } | null)[];
        return alerts.map((alert) => alert?.status).filter((status) => status !== undefined && status !== null);
      });
      const counts = {
        alerted: statuses.filter(({ length }) => length > 0).length,
        closed: statuses.filter((each) => each.length > 0 && each.every((s) => s.toLowerCase() === 'closed')).length,
      };
      expect(pass.count).toEqual({ total: found.length, ...(isElasticsearch && counts) });
      expect(await opened.source.count([june])).toEqual([pass.count]);
    });

    it('a data stream, with pointers of its own', async () => {
      const shape: MessageShape = {
        ...plainShape,
        id: ['mail', 'ids', '0'],
        timestamp: ['@timestamp'],
        alerts: ['review', 'alerts'],
        alertStatus: ['state', 'name'],
      };
      // This build of Elasticsearch has no request that deletes a stream.
      const stream = `s-${randomUUID()}`;
      const properties = {
        review: {
          properties: { alerts: { type: 'nested', properties: { state: { properties: { name: keyword } } } } },
        },
      };
      await indices.ask('PUT', `/_index_template/${stream}`, {
        index_patterns: [stream],
        data_stream: {},
        priority: 500,
        template: { settings: { number_of_replicas: 0 }, mappings: { dynamic: false, properties } },
      });
      const held = Array.from({ length: 40 }, (_, n): Held => {
        const at = june.start + n * 3_600_000;
        const alerts = Array.from({ length: n % 3 }, (_, a) => ({ state: { name: (n + a) % 4 ? 'closed' : 'open' } }));
        const mail = { ids: [{}, null, `m${n}`, n].slice(n % 2 ? 2 : 3) };
        return { id: `m${n}`, at, json: JSON.stringify({ '@timestamp': at, mail, review: { alerts }, body: 'x' }) };
      });
      await indices.fill(stream, held.slice(0, 20));
      await indices.ask('POST', `/${stream}/_rollover`);
      await indices.fill(stream, held.slice(20));
      const { pass, came: all } = await readAll(open(url, stream, { shape }), june, shape);
      expect(inOrder(all)).toEqual(inOrder(held.map(({ json }) => came(json, shape))));
      expect(pass.totals).toEqual([40, 40]);
    });
  });

  it('reads each of 50,000 messages of one millisecond once, in two indices', async () => {
    const held = Array.from({ length: 50_000 }, (_, n) => {
      const statuses = n % 10 === 0 ? ['open'] : ['closed'];
      return tell({ id: `m${n}`, at: june.start + 5, statuses, text: '' });
    });
    const properties = { ...date, ...objectStatus(keyword) };
    const one = await indices.make(properties, held.slice(0, 30_000));
    const other = await indices.make({ ...properties, timestamp: { type: 'date_nanos' } }, held.slice(30_000));
    const { pass, came: all } = await readAll(open(url, await indices.alias(one, other)));
    expect(pass).toEqual({ totals: [50_000, 50_000], count: { total: 50_000, alerted: 50_000, closed: 45_000 } });
    expect(new Set(all.map(({ id }) => id)).size).toBe(50_000);
    expect(all.length).toBe(50_000);
  }, 60_000);

  it('reads each of 15,000 messages of one millisecond once, in two indices of several shards', async () => {
    const held = Array.from({ length: 15_000 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + 5, statuses: n % 10 === 0 ? ['open'] : ['closed'], text: '' }),
    );
    const properties = { ...date, message_id: { type: 'text' }, ...objectStatus(keyword) };
    const shards = (count: number) => ({ settings: { number_of_shards: count, number_of_replicas: 0 } });
    const one = await indices.make(properties, held.slice(0, 9_000), shards(5));
    const other = await indices.make(properties, held.slice(9_000), shards(3));
    const opened = open(url, await indices.alias(one, other));
    const { pass, came: all } = await readAll(opened);
    expect(pass.totals).toEqual([15_000, 15_000]);
    expect(all.length).toBe(15_000);
    expect(new Set(all.map(({ id }) => id)).size).toBe(15_000);
    // Without an exact field for ids, all of them are searched for by their timestamps, in no order of time.
    const taker = new Taker();
    await opened.source.find([staged('m1', june.start + 5)], taker.take);
    expect(taker.came.length).toBe(15_000);
    expect(new Set(taker.came.map(({ id }) => id)).size).toBe(15_000);
  }, 60_000);

  it('reads equal messages of more shards than a page has messages', async () => {
    const held = Array.from({ length: 24 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + 5, statuses: ['closed'], text: 'x'.repeat(3 * 2 ** 20) }),
    );
    const index = await indices.make({ ...date, ...objectStatus(keyword) }, held, {
      settings: { number_of_shards: 8, number_of_replicas: 0 },
    });
    const { came: all } = await readAll(open(url, index));
    expect(new Set(all.map(({ id }) => id)).size).toBe(24);
    expect(all.length).toBe(24);
  }, 60_000);

  it('sizes pages by bytes', async () => {
    const held = Array.from({ length: 350 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + n, statuses: ['closed'], text: 'x'.repeat(50_000) }),
    );
    const { pageBytes } = await readAll(open(url, await usual(held)));
    expect(Math.max(...pageBytes)).toBeLessThan(9 * 2 ** 20);
    expect(pageBytes.length).toBeLessThan(7);
  });

  it('requests pages that the index allows', async () => {
    const held = Array.from({ length: 90 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + n, statuses: [['closed'], ['open']][n % 2]! }),
    );
    const index = await indices.make(date, held, { settings: { 'index.max_result_window': 10 } });
    const { came: all } = await readAll(open(url, index));
    expect(all.length).toBe(90);
  });

  it.runIf(product === 'Elasticsearch')('removes nothing from a message, not even vectors', async () => {
    const json = JSON.stringify({
      message_id: 'm',
      timestamp: june.start,
      alerts: [{ status: 'closed' }],
      vector: [1, 2],
    });
    const index = await indices.make({ ...date, vector: { type: 'dense_vector', dims: 2 } }, [
      { id: 'm', at: june.start, json },
    ]);
    const { came: all } = await readAll(open(url, index));
    expect(JSON.parse(all[0]!.kept as string)).toEqual(JSON.parse(json));
  });

  it('distinguishes documents of the same _id', async () => {
    const shards = { settings: { number_of_shards: 4 } };
    const index = await indices.make({ ...date, ...objectStatus(keyword) }, [], shards);
    const other = await indices.make({ timestamp: { type: 'date' } }, [], { ...shards, mappings: { dynamic: false } });
    const put = async (to: string, routing: string, id: string, statuses: string[]) => {
      const path = `/${to}/_doc/1?refresh=true&routing=${routing}`;
      const { result } = await indices.ask('PUT', path, JSON.parse(tell({ id, at: june.start, statuses }).json));
      expect(result).toBe('created');
    };
    await put(index, 'a', 'one', ['closed', 'open']);
    await put(index, 'b', 'two', ['closed']);
    await put(other, 'a', 'three', ['closed']);
    await put(other, 'b', 'four', ['open']);
    const { came: all } = await readAll(open(url, await indices.alias(index, other)));
    const expected = ['four open', 'one open', 'three closed', 'two closed'];
    expect(all.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(expected);
  });

  it('combines every search with the query', async () => {
    const held = Array.from({ length: 30 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + n, statuses: [['closed'], ['open']][n % 2]! }),
    );
    const query = JSON.stringify({ terms: { message_id: ['m1', 'm2', 'm3', 'm40'] } });
    const opened = open(url, await usual(held), { query });
    const { pass, came: all } = await readAll(opened);
    expect(all.map(({ id }) => id).sort()).toEqual(['m1', 'm2', 'm3']);
    expect(pass.count).toEqual({ total: 3, alerted: 3, closed: 1 });
    expect(await opened.source.count([june])).toEqual([pass.count]);
    expect(await opened.source.strays({ start: 0, end: june.start + 2 })).toEqual({
      withoutTimestamp: 0,
      outside: 2,
      unsearched: [],
    });
    const taker = new Taker();
    await opened.source.find([staged('m3', june.start + 3), staged('m5', june.start + 5)], taker.take);
    expect(taker.came.map(({ id }) => id)).toEqual(['m3']);
  });

  it('counts any number of slots, empty ones too', async () => {
    const held = Array.from({ length: 20 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + n * DAY_MS, statuses: [['closed'], ['open'], []][n % 3]! }),
    );
    const opened = open(url, await usual(held));
    const slots = Array.from({ length: 1_530 }, (_, n) => {
      const start = june.start + (n - 1_500) * DAY_MS;
      return { start, end: start + DAY_MS };
    });
    const counts = await opened.source.count(slots);
    expect(counts.length).toBe(slots.length);
    expect(
      counts.slice(0, 1_500).every((count) => count.total === 0 && count.alerted === 0 && count.closed === 0),
    ).toBe(true);
    expect(counts.slice(1_500, 1_504)).toEqual([
      { total: 1, alerted: 1, closed: 1 },
      { total: 1, alerted: 1, closed: 0 },
      { total: 1, alerted: 0, closed: 0 },
      { total: 1, alerted: 1, closed: 1 },
    ]);
    expect(counts.reduce((sum, { total }) => sum + total, 0)).toBe(20);
  });

  it('counts the messages that are in no slot', async () => {
    const json = (timestamp: unknown) => JSON.stringify({ message_id: 'm', timestamp });
    const bodies = ['soon', undefined, null, june.start - 1, june.start, june.end - 1, june.end];
    const held = bodies.map((timestamp): Held => ({ id: 'm', at: 0, json: json(timestamp) }));
    const index = await indices.make({ timestamp: { type: 'date', ignore_malformed: true } }, held);
    expect(await open(url, index).source.strays(june)).toEqual({
      withoutTimestamp: 3,
      outside: 2,
      unsearched: [],
    });
  });

  describe('finds staged messages', () => {
    const held = Array.from({ length: 2_600 }, (_, n) => {
      const id = n % 500 === 3 ? `${'long'.repeat(100)}${n}` : `m${n}`;
      return tell({ id, at: june.start + Math.floor(n / 2) * 1_000, statuses: [['closed'], ['open'], []][n % 3]! });
    });
    const wanted = held.filter((_, n) => n % 2 === 1);
    const expected = inOrder(wanted.map(({ json }) => came(json)));
    const whereIds: readonly [string, IndexBody][] = [
      ['keywords', { message_id: keyword }],
      ['short keywords', { message_id: textWithKeyword }],
      ['texts', { message_id: { type: 'text' } }],
      ['not mapped', {}],
    ];
    it.each(whereIds)('by ids that are %s', async (_, properties) => {
      const index = await indices.make({ ...date, ...properties }, held, { mappings: { dynamic: false } });
      const taker = new Taker();
      await open(url, index).source.find(
        [...wanted.map(({ id, at }) => staged(id, at)), staged('removed', june.start)],
        taker.take,
      );
      const ids = new Set(wanted.map(({ id }) => id));
      expect(inOrder(taker.came.filter(({ id }) => ids.has(id!)))).toEqual(expected);
      expect(new Set(taker.came.map(({ id }) => id)).size).toBe(taker.came.length);
    });
  });

  it('yields a complete archive if two documents have the same message id', async () => {
    const slot = slotAt(june.start, plainSettings.layout);
    const at = (n: number) => slot.start + n * 60_000;
    const held = Array.from({ length: 400 }, (_, n) =>
      tell({ id: `m${n % 390}`, at: at(n % 390), statuses: [['closed'], ['open'], []][n % 3]! }),
    );
    const { source } = open(url, await usual(held));
    const embedded = await embed(threads, { now });
    onTestFinished(() => embedded.close());
    const { report, tally } = await runAll(embedded.parts, source, { start: slot.start, end: slot.end });
    expect(tally.failed).toEqual([]);
    expect(report.isComplete).toBe(true);
    expect((await embedded.parts.staging.slot(slot)).record?.counts).toMatchObject({ read: 400, duplicates: 10 });
    expect((await storedRows(embedded.parts, slot)).length).toBe(130);
  });

  describe('under faults', () => {
    let index = '';
    let truth: string[] = [];
    beforeAll(async () => {
      const held = messagesOf(900);
      index = await usual(held);
      truth = inOrder(held.filter(({ at }) => at >= june.start && at < june.end).map(({ json }) => came(json)));
    });

    const opened = async (fateOf: (search: Search) => Fate | undefined | Promise<Fate | undefined>) => {
      const relay = await relayTo(url, searches(fateOf));
      return { relay, ...open(relay.url, index) };
    };
    const failedShard = edited((text) =>
      text.replace(/"_shards":\{[^}]*\}/, '"_shards":{"total":2,"successful":1,"skipped":0,"failed":1,"failures":[]}'),
    );
    const timedOut = edited((text) => text.replace('"timed_out":false', '"timed_out":true'));
    const breaker = searchRefused(product, 429, 'circuit_breaking_exception');
    const busy = searchRefused(product, 503, '', '', { 'retry-after': '7' });

    it.each<[string, (search: Search) => Fate | undefined]>([
      ['a failed shard', ({ kind, count }) => (kind === 'page' && count % 2 ? failedShard : undefined)],
      ['a search that ran out of time', ({ kind, count }) => (kind === 'page' && count % 2 ? timedOut : undefined)],
      ['a circuit breaker', ({ kind, count }) => (kind === 'page' && count % 2 ? breaker : undefined)],
      ['a busy server', ({ count }) => (count % 2 ? busy : undefined)],
      ['a cut response', ({ count }) => (count % 2 ? cut : undefined)],
      ['a failed shard of a count', ({ kind, count }) => (kind === 'tally' && count % 2 ? failedShard : undefined)],
    ])('recovers from %s', async (_, fate) => {
      const { clock, ...rest } = await opened(fate);
      const { pass, came: all } = await readAll({ clock, ...rest });
      expect(inOrder(all)).toEqual(truth);
      expect(pass.totals).toEqual([truth.length, truth.length]);
      expect(clock.waits.length).toBeGreaterThan(0);
    });

    it.each<[string, (search: Search) => Fate | undefined, string]>([
      ['a failed shard', ({ kind }) => (kind === 'page' ? failedShard : undefined), 'searched only 1 of 2 shards'],
      ['no time', ({ kind }) => (kind === 'page' ? timedOut : undefined), 'timed out during a search'],
      ['no memory', ({ kind }) => (kind === 'page' ? breaker : undefined), 'circuit_breaking_exception'],
      ['cut responses', ({ kind }) => (kind === 'page' ? cut : undefined), 'before the response was complete'],
      [
        'an invalid page',
        ({ kind }) => (kind === 'page' ? edited(() => '{"hits":1}') : undefined),
        'an invalid page of messages',
      ],
      [
        'an approximate total',
        ({ kind }) => (kind === 'page' ? edited((text) => text.replace('"eq"', '"gte"')) : undefined),
        'does not count exactly',
      ],
    ])('fails after %s', async (_, fate, said) => {
      const { message } = await failure(readAll(await opened(fate)));
      expect(message).toContain(product);
      expect(message).toContain(said);
    });

    it('throws LostReading if hits are missing', async () => {
      const fewer = (text: string) => text.replace(/\{"_index"((?!\{"_index").)*,(?=\{"_index")/, '');
      const reading = readAll(
        await opened(({ kind, count }) => (kind === 'page' && count === 2 ? edited(fewer) : undefined)),
      );
      await expect(reading).rejects.toThrow(/^a search counted \d+ messages and sent \d+$/);
      await expect(reading).rejects.toBeInstanceOf(LostReading);
    });

    it('returns totals that differ if its searches do not add up', async () => {
      const more = (text: string) => text.replace(/"total":\{"value":\d+/, '"total":{"value":99999');
      const { pass } = await readAll(await opened(({ kind }) => (kind === 'tally' ? edited(more) : undefined)));
      expect(pass.totals).toEqual([99_999, truth.length]);
    });

    it('throws LostReading if the next search lacks messages that were found', async () => {
      const short = { type: 'keyword', ignore_above: 3 };
      const made = await indices.make({ ...date, ...objectStatus(short) }, messagesOf(50));
      const none = (text: string) =>
        text.replace(/"total":\{"value":\d+/, '"total":{"value":0').replace(/"hits":\[.*\]/, '"hits":[]');
      const relay = await relayTo(
        url,
        searches(({ kind, body }) => (kind === 'page' && body.includes('"_id"') ? edited(none) : undefined)),
      );
      const reading = readAll(open(relay.url, made));
      await expect(reading).rejects.toBeInstanceOf(LostReading);
      await expect(reading).rejects.toThrow(/^\d+ messages that one search found were missing from the next$/);
    });

    it('repeats a read that loses its point in time, and archives every message', async () => {
      let gone = 0;
      const { source } = await opened(async ({ kind, count, body }) => {
        if (kind !== 'page' || count < 4 || gone > 1) return undefined;
        gone += 1;
        await closePointInTime(engine, JSON.parse(body).pit.id);
        return undefined;
      });
      const embedded = await embed(threads, { now });
      onTestFinished(() => embedded.close());
      const { report, tally } = await runAll(embedded.parts, source, june);
      expect(tally.failed).toEqual([]);
      expect(report.isComplete).toBe(true);
      expect(gone).toBe(2);
      expect(tally.done.some(({ added }) => added > 0)).toBe(true);
    });

    it('fails if it loses every point in time, and archives nothing', async () => {
      const { source } = await opened(async ({ kind, body }) => {
        if (kind === 'page') await closePointInTime(engine, JSON.parse(body).pit.id);
        return undefined;
      });
      const embedded = await embed(threads, { now });
      onTestFinished(() => embedded.close());
      const { report, tally } = await runAll(embedded.parts, source, june);
      expect(report.isComplete).toBe(false);
      expect(tally.failed[0]?.message).toContain('its point in time was lost');
    });

    it('closes its points in time', async () => {
      const { relay, ...rest } = await opened(() => undefined);
      await readAll(rest);
      const of = (method: string) =>
        relay.requests.filter(
          (each) => each.method === method && /\/(_pit|point_in_time)$/.test(each.path.split('?')[0]!),
        ).length;
      expect(of('POST')).toBeGreaterThan(0);
      expect(of('DELETE')).toBe(of('POST'));
    });
  });

  describe('rejects', () => {
    const rejection = async (opened: Opened) => failure(readAll(opened));
    const invalidIndex = { code: 'source-index-invalid' };

    it.each(['m-none', 'm-none-*'])('an index that does not exist: %s', async (index) => {
      const error = await rejection(open(url, index));
      expect(error).toMatchObject(invalidIndex);
      expect(error.message).toBe(
        `${product} at ${url} has no index, alias or data stream ${index}: check ${prefix}-index.`,
      );
    });

    it('a closed index', async () => {
      const index = await usual([]);
      await indices.ask('POST', `/${index}/_close`);
      const error = await rejection(open(url, index));
      expect(error).toMatchObject(invalidIndex);
      expect(error.message).toContain(index);
    });

    it.each<[string, IndexBody]>([
      ['is not a date', { timestamp: keyword }],
      ['is not mapped', {}],
      ['has no doc values', { timestamp: { type: 'date', doc_values: false } }],
    ])('a timestamp that %s', async (_, properties) => {
      const error = await rejection(open(url, await indices.make(properties)));
      expect(error).toMatchObject(invalidIndex);
      expect(error.message).toContain('message-timestamp (/timestamp)');
    });

    it('messages in an index that does not map the timestamp, but accepts an empty one', async () => {
      const one = await usual(messagesOf(20));
      const empty = await indices.make({}, []);
      expect((await readAll(open(url, await indices.alias(one, empty)))).came.length).toBeGreaterThan(0);
      const other = await indices.make({}, messagesOf(1), { mappings: { dynamic: false } });
      const error = await rejection(open(url, await indices.alias(one, other)));
      expect(error).toMatchObject(invalidIndex);
      expect(error.message).toContain(`index ${other}`);
    });

    it('an index without _source', async () => {
      const index = await indices.make(date, messagesOf(20), { mappings: { _source: { enabled: false } } });
      const error = await rejection(open(url, index));
      expect(error).toMatchObject(invalidIndex);
      expect(error.message).toContain('_source enabled');
    });

    it('an invalid query', async () => {
      const error = await rejection(open(url, await usual([]), { query: '{"nonsense":{}}' }));
      expect(error).toMatchObject({ code: 'source-refused' });
      expect(error.message).toContain('unknown query [nonsense]');
      expect(error.message).toContain(`check ${prefix}-index and ${prefix}-query.`);
    });
  });
});
