import { describe, expect, it } from 'vitest';
import { type Behaviour, type Doc, elasticsearch, refuse, type SearchRequest } from './support/elasticsearch.ts';
import { api, Case, june, message, pageOf } from './support/run.ts';

const docs: Doc[] = june(25).map((source) => ({ source, at: Date.parse(source.timestamp) }));
const timeless: Doc[] = [
  { source: { ...message('none', ''), timestamp: undefined }, at: undefined },
  { source: message('yesterday', 'gestern'), at: undefined },
];

async function caseOver(behaviour: Partial<Behaviour>, inputs: Readonly<Record<string, string>> = {}) {
  const server = await elasticsearch({ indices: { 'messages-1': 1 }, docs, ...behaviour });
  const made = await Case.make({
    'elasticsearch-url': server.url,
    'elasticsearch-index': 'messages-*',
    'api-token': '',
    'api-page-size': '',
    ...inputs,
  });
  return { made, requests: server.requests };
}

const isTally = ({ path, body }: SearchRequest) => path === '/_search' && body.size === 0;

describe('case 3: an index that the pattern covers and no search reaches makes the run incomplete, by name', () => {
  it('a frozen one, whose fields Elasticsearch shows', async () => {
    const { made } = await caseOver({
      indices: { 'messages-1': 1, 'messages-0': 1 },
      shards: 1,
      settings: {
        'messages-1': { 'index.number_of_shards': '1' },
        'messages-0': { 'index.number_of_shards': '1', 'index.frozen': 'true' },
      },
    });
    const { code, outputs, log } = await made.run();
    expect({ code, ...outputs }).toMatchObject({ code: 1, archived: '25', complete: 'false' });
    expect(log).toContain('covers an index that is not searched: messages-0 (frozen)');
  });

  it('one whose fields the key may see and whose messages it may not read', async () => {
    const { made } = await caseOver({
      indices: { 'messages-1': 1, 'messages-secret': 2 },
      shards: 1,
      first: ({ path }, response) =>
        path === '/messages-secret/_search' && refuse(response, 403, 'security_exception', 'is unauthorized'),
    });
    const { code, outputs, log } = await made.run();
    expect({ code, ...outputs }).toMatchObject({ code: 1, archived: '25', complete: 'false' });
    expect(log).toContain('messages-secret (unreadable)');
  });

  it('if the key may not list indices, one warning says what goes unnoticed', async () => {
    const { made } = await caseOver({
      first: ({ path }, response) => path.includes('/_settings/') && refuse(response, 403, 'security_exception'),
    });
    const { code, outputs, log } = await made.run();
    expect({ code, ...outputs }).toMatchObject({ code: 0, archived: '25', complete: 'true' });
    expect(log.match(/does not disclose which indices/g)).toHaveLength(1);
    expect((await made.ledger()).sources?.[0]).not.toHaveProperty('unsearched_count');
  });

  it('no more where Elasticsearch is no longer asked', async () => {
    const { made } = await caseOver({
      settings: { 'messages-1': {}, 'messages-0': { 'index.verified_before_close': 'true' } },
    });
    expect((await made.run()).code).toBe(1);
    const { url } = await api((asked) => pageOf(june(25), asked));
    const only = { 'elasticsearch-url': '', 'elasticsearch-index': '', 'api-url': url.href, 'api-token': 'a-token' };
    expect(await made.run(only)).toMatchObject({ code: 0, outputs: { complete: 'true' } });
  });
});

describe('case 5: messages without a readable timestamp', () => {
  it('that cannot be read make the run incomplete, and end nothing', async () => {
    let isRefusing = true;
    const { made } = await caseOver({
      docs: [...docs, ...timeless],
      first: ({ body }, response) =>
        isRefusing && body?.query?.terms?._id !== undefined && refuse(response, 400, 'no_such_thing', 'why'),
    });
    const first = await made.run();
    expect({ code: first.code, ...first.outputs }).toMatchObject({ code: 1, archived: '25', complete: 'false' });
    expect(first.log).toContain('Messages that belong to no slot could not be read: Elasticsearch at');
    isRefusing = false;
    expect(await made.run()).toMatchObject({ code: 0, outputs: { complete: 'true' } });
    expect(await made.quarantined()).toHaveLength(2);
  });

  it('a dry run counts them, and writes nothing', async () => {
    const { made } = await caseOver({ docs: [...docs, ...timeless] }, { 'dry-run': 'true' });
    const { code, log } = await made.run();
    expect(code).toBe(0);
    expect(log).toContain('2 messages of');
    expect(await made.quarantined()).toEqual([]);
  });

  it('20,000 of them are one object', async () => {
    const many = Array.from(
      { length: 20_000 },
      (_, n): Doc => ({ source: message(`m${n}`, 'gestern'), at: undefined }),
    );
    const { made } = await caseOver({ docs: [...docs, ...many] });
    expect((await made.run()).code).toBe(0);
    const { sources } = await made.ledger();
    expect(sources?.[0]?.unplaced).toMatchObject({ count: 20_000, objects: [expect.any(String)] });
    expect(await made.quarantined()).toHaveLength(20_000);
  });
});

describe('an auxiliary request that Elasticsearch refuses ends nothing', () => {
  it('the count of what lies outside of the range', async () => {
    const { made } = await caseOver({
      first: (request, response) =>
        isTally(request) &&
        JSON.stringify(request.body.query).includes('"exists"') &&
        refuse(response, 400, 'too_many_clauses', 'no'),
    });
    const { code, outputs, log } = await made.run();
    expect({ code, ...outputs }).toMatchObject({ code: 0, archived: '25', complete: 'true' });
    expect(log).toContain('Messages outside the range, and those without a timestamp, were not counted');
  });

  it('the audit', async () => {
    const { made } = await caseOver({
      first: ({ body }, response) => body?.aggs !== undefined && refuse(response, 400, 'too_many_buckets', 'no'),
    });
    expect((await made.run()).code).toBe(0);
    const { code, outputs, log } = await made.run();
    expect({ code, ...outputs }).toMatchObject({ code: 0, complete: 'true' });
    expect(log).toContain('The audit of 1 slot was skipped');
  });

  it('but indices that cannot be archived end the plan, before anything is written', async () => {
    const recent = [message('live', '2024-10-10T00:00:00Z')];
    const { url } = await api((asked) => pageOf(recent, asked));
    const { made } = await caseOver(
      { settings: { 'messages-1': { 'index.mapping.source.mode': 'synthetic' } } },
      { 'api-url': url.href, 'api-token': 'a-token', 'api-page-size': '10', from: '2024-06-01', to: '2024-11-01' },
    );
    const { code, outputs, log } = await made.run();
    expect({ code, complete: outputs.complete }).toEqual({ code: 2, complete: 'false' });
    expect(log).toContain('(synthetic _source) in "messages-1"');
    expect(await made.archivedIds()).toEqual([]);
  });
});
