import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { testServer } from '../../support/http-server.ts';

/** A document: what the server says of it, and where its field `timestamp` puts it (ms since 1970). */
export interface Doc {
  readonly source: object;
  /** Undefined: the index has no value of the field. */
  readonly at: number | undefined;
}

/** A request as the server sees it; its path without the query string. */
export interface SearchRequest {
  readonly method: string;
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: a request's body is what the client makes it
  readonly body: any;
}

export interface Behaviour {
  /** The indices that a search reaches, by name with their number of shards. */
  readonly indices: Readonly<Record<string, number>>;
  readonly docs: readonly Doc[];
  /** Settings of all indices that the pattern covers; by default of those that a search reaches. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Shards that a search reaches; by default all. */
  readonly shards?: number;
  /** Responds first, and says whether it did. */
  readonly first?: (request: SearchRequest, response: ServerResponse) => boolean;
}

const headers = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };

export function respond(response: ServerResponse, body: unknown, status = 200): true {
  response.writeHead(status, headers).end(JSON.stringify(body));
  return true;
}

/** An error as Elasticsearch words it. */
export function refuse(response: ServerResponse, status: number, type: string, reason = ''): true {
  return respond(response, { error: { root_cause: [{ type, reason }], type, reason }, status }, status);
}

/** An Elasticsearch on loopback that knows as much of the language as Message Archive speaks. */
export async function elasticsearch(behaviour: Behaviour) {
  const requests: SearchRequest[] = [];
  const server = await testServer((response, _, incoming) => {
    void handle(incoming, response, behaviour, requests);
  });
  return { url: server.url.origin, requests };
}

async function handle(
  incoming: IncomingMessage,
  response: ServerResponse,
  behaviour: Behaviour,
  requests: SearchRequest[],
): Promise<void> {
  const sent = await text(incoming);
  const { url = '', method = '' } = incoming;
  const path = decodeURIComponent(url.replace(/\?.*/, ''));
  const request = { method, path, body: sent === '' ? undefined : JSON.parse(sent) };
  requests.push(request);
  if (behaviour.first?.(request, response)) return;
  const names = Object.keys(behaviour.indices);
  if (path.endsWith('/_field_caps')) {
    const timestamp = { date: { searchable: true, aggregatable: true } };
    respond(response, { indices: names, fields: { timestamp } });
  } else if (path.includes('/_settings/')) {
    const settings = names.map((name) => [name, { 'index.number_of_shards': String(behaviour.indices[name]) }]);
    const all = behaviour.settings ?? Object.fromEntries(settings);
    respond(response, Object.fromEntries(Object.entries(all).map(([name, each]) => [name, { settings: each }])));
  } else if (path.endsWith('/_mapping')) respond(response, {});
  else if (path.endsWith('/_pit')) respond(response, { id: 'p' });
  else if (request.body?.pit === undefined) respond(response, {});
  else respond(response, search(request.body, behaviour));
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function search({ query, size, search_after: after, aggs }: any, { docs, indices, shards }: Behaviour) {
  const total = shards ?? Object.values(indices).reduce((sum, count) => sum + count, 0);
  const found = docs.map((doc, n) => ({ doc, n })).filter(({ doc, n }) => matches(query, doc, n));
  const from = after === undefined ? -1 : Number(after.at(-1));
  const hits = found
    .filter(({ n }) => n > from)
    .slice(0, size)
    .map(({ doc, n }) => ({ _index: Object.keys(indices)[0], _id: String(n), _source: doc.source, sort: [n] }));
  const filters: unknown[] = aggs?.slots?.filters?.filters ?? [];
  const buckets = filters.map((filter) => ({
    doc_count: found.filter(({ doc, n }) => matches(filter, doc, n)).length,
  }));
  return {
    pit_id: 'p',
    timed_out: false,
    _shards: { total, successful: total, failed: 0 },
    hits: { total: { value: found.length, relation: 'eq' }, hits },
    ...(aggs && { aggregations: { slots: { buckets } } }),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function matches(query: any, doc: Doc, n: number): boolean {
  const { bool, range, terms } = query;
  const every = (clauses: unknown[] = []) => clauses.every((clause) => matches(clause, doc, n));
  if (bool !== undefined) {
    const isAny = bool.should?.some((clause: unknown) => matches(clause, doc, n)) ?? true;
    const isNone = !(bool.must_not ?? []).some((clause: unknown) => matches(clause, doc, n));
    return every(bool.filter) && isNone && isAny;
  }
  if (range !== undefined) return doc.at !== undefined && doc.at >= range.timestamp.gte && doc.at < range.timestamp.lt;
  if (terms !== undefined) return terms._id?.includes(String(n)) === true;
  return query.exists === undefined || doc.at !== undefined;
}
