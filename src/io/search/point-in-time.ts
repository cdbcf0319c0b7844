import * as v from 'valibot';
import { UserError } from '../../errors.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import {
  type Extras,
  type Page,
  PageError,
  type PageShape,
  type Scan,
  type ScannedMessage,
} from '../../messages/page.ts';
import { Retryable } from '../http/retry.ts';
import { LostReading } from '../ports.ts';
import { type Cluster, contextMissing, lostPointInTime, TooMuch } from './cluster.ts';
import type { TimestampField } from './fields.ts';
import { PageSize } from './page-size.ts';
import { only } from './pages.ts';
import type { Json } from './query.ts';

/** How long a point in time outlives the last request that uses it. */
const keepAlive = '10m';
/** Makes a search that reaches only some of its shards an error. */
const whole = { allow_partial_search_results: 'false' };

const shape = {
  messages: ['hits', 'hits'],
  total: ['hits', 'total', 'value'],
  message: ['_source'],
  extras: [['pit_id'], ['timed_out'], ['_shards'], ['_clusters'], ['hits', 'total', 'relation']],
  elementExtras: [['sort'], ['_index'], ['_id'], ['_routing']],
} satisfies PageShape;

/** How many shards, or clusters, a search had to reach, and how many it reached. */
const share = v.object({ total: v.number(), successful: v.number(), failed: v.optional(v.number(), 0) });

type Share = v.InferOutput<typeof share>;

const opened = v.object({ id: v.optional(v.string()), pit_id: v.optional(v.string()) });

/** The response to a search without hits. */
const tally = v.object({
  pit_id: v.optional(v.string()),
  timed_out: v.boolean(),
  _shards: share,
  _clusters: v.optional(share),
  hits: v.object({ total: v.object({ value: v.number(), relation: v.string() }) }),
  aggregations: v.optional(v.unknown()),
});

/** A search, and the parts of messages that it returns. */
export interface Search {
  readonly query: Json;
  /** The request's `_source`. */
  readonly source: Json;
  /** The request's `sort`, without the tie-breakers. */
  readonly sort: readonly Json[];
}

/** Identifies the document of a message: a key of its index, `_id` and routing, and the `_id`, as JSON text. */
export function documentOf({ extras }: ScannedMessage): { key: string; id: Json } {
  const [, index, id, routing] = extras!;
  return { key: `${index} ${id} ${routing}`, id: id! };
}

/** Sorts by time; messages without the field come last. */
export function byTime({ field, hasNanos, isMixed }: TimestampField): Json {
  const numericType = isMixed ? { numeric_type: 'date' } : {};
  const unmappedType = hasNanos ? 'date_nanos' : 'date';
  return JSON.stringify({ [field]: { order: 'asc', unmapped_type: unmappedType, ...numericType } });
}

/** A point in time of the indices: every search in it sees the same documents. */
export class PointInTime {
  readonly #cluster: Cluster;
  readonly #scan: Scan;
  readonly #memory: BufferPool;
  /** JSON text. */
  #id: Json;
  #shards = 0;

  private constructor(cluster: Cluster, scan: Scan, memory: BufferPool, id: Json) {
    this.#cluster = cluster;
    this.#scan = scan;
    this.#memory = memory;
    this.#id = id;
  }

  /** Opens a point in time for the work, and closes it afterwards. */
  static async during<Result>(
    cluster: Cluster,
    scan: Scan,
    memory: BufferPool,
    index: string,
    work: (point: PointInTime) => Promise<Result>,
  ): Promise<Result> {
    const { open, id: member } = cluster.product.pointInTime;
    const { [member]: id } = await cluster.json(open(index, keepAlive), opened);
    const point = new PointInTime(cluster, scan, memory, JSON.stringify(cluster.checked(id, v.string())));
    try {
      return await work(point);
    } finally {
      await point.#close();
    }
  }

  /** The number of shards that the last count reached. */
  get shards(): number {
    return this.#shards;
  }

  /** Counts the messages that a query finds, exactly. */
  async count(query: Json): Promise<number> {
    return (await this.#tally(query, '')).total;
  }

  /** Counts the messages that a query finds, and aggregates over them. */
  async aggregate<Schema extends v.GenericSchema>(query: Json, aggregations: Json, schema: Schema) {
    const { total, response } = await this.#tally(query, `,"aggs":${aggregations}`);
    return { total, aggregations: this.#cluster.checked(response.aggregations, schema) };
  }

  #tally(query: Json, more: string): Promise<{ total: number; response: v.InferOutput<typeof tally> }> {
    return this.#cluster.retried(async () => {
      const bytes = await this.#search(`"size":0,"track_total_hits":true,"query":${query}${more}`);
      const response = this.#cluster.parsed(bytes, tally);
      assertWhole(response._shards, response._clusters, response.timed_out);
      this.#shards = response._shards.total;
      if (response.pit_id !== undefined) this.#id = JSON.stringify(response.pit_id);
      return { total: exactly(response.hits.total.value, response.hits.total.relation), response };
    });
  }

  /**
   * Yields every page of a search but the last, which is empty, and returns how many messages they had.
   * @throws LostReading if the search counts a different number
   */
  async *pages(search: Search, size = new PageSize()): AsyncGenerator<Page, number> {
    let received = 0;
    let total: number | undefined;
    for (let after: Json | undefined; ; ) {
      const { page, isFull } = await this.#page(search, size, after);
      total ??= page.total!;
      const whole = isFull && !this.#cluster.product.breaksEveryTie ? withoutLastTie(page) : page;
      received += whole.messages.length;
      const last = whole.messages.at(-1);
      if (last === undefined && page.messages.length > 0) {
        this.#memory.give(page.bytes.buffer);
        if (!size.widen()) throw this.#tooManyTies(page.messages.length);
        continue;
      }
      // A server that sends more than it counts may never stop.
      if (last === undefined || received > total) {
        this.#memory.give(page.bytes.buffer);
        break;
      }
      after = last.extras![0];
      yield whole;
    }
    if (received === total) return received;
    throw new LostReading(`a search counted ${total} messages and sent ${received}`);
  }

  /**
   * Reads a page, and whether it has as many messages as were requested.
   * @param after the sort values of the message before it; undefined: the first page, which also has the total
   */
  #page(
    { query, source, sort }: Search,
    size: PageSize,
    after: Json | undefined,
  ): Promise<{ page: Page; isFull: boolean }> {
    const order = `"sort":[${[...sort, ...this.#cluster.product.tieBreakers].join(',')}]`;
    const start = after === undefined ? '"track_total_hits":true' : `"track_total_hits":false,"search_after":${after}`;
    return this.#cluster.retried(async () => {
      try {
        const hits = size.next();
        const bytes = await this.#search(`"size":${hits},"query":${query},"_source":${source},${order},${start}`);
        const page = await this.#scanned(bytes);
        assertPage(page, after === undefined);
        this.#id = page.extras![0] ?? this.#id;
        size.note(page.bytes.length, page.messages.length);
        return { page, isFull: page.messages.length >= hits };
      } catch (error) {
        if (error instanceof TooMuch) size.limit();
        else if (error instanceof Retryable && error.busy) size.ease();
        throw error;
      }
    });
  }

  #search(search: string): Promise<Uint8Array<SharedArrayBuffer>> {
    const body = `{"pit":{"id":${this.#id},"keep_alive":"${keepAlive}"},${search}}`;
    return this.#cluster.bytes({ method: 'POST', path: '/_search', parameters: whole, body });
  }

  async #scanned(bytes: Uint8Array<SharedArrayBuffer>): Promise<Page> {
    try {
      return await this.#scan(bytes, shape);
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      const remedy = error.message.includes('/_source')
        ? 'map its indices with _source enabled'
        : `check ${this.#cluster.input('url')}`;
      throw new UserError(
        'source-response-invalid',
        `${this.#cluster.place} sent an invalid page of messages (${error.message}): ${remedy}.`,
      );
    }
  }

  #tooManyTies(count: number): UserError {
    return new UserError(
      'source-limit',
      `${this.#cluster.place} returned a page in which all ${count} messages have the same sort position, and allows no larger page: raise index.max_result_window of the indices.`,
    );
  }

  /** A failure does not matter: the point in time expires. */
  async #close(): Promise<void> {
    await this.#cluster.bytes(this.#cluster.product.pointInTime.close(this.#id)).then(
      (bytes) => this.#memory.give(bytes.buffer),
      () => undefined,
    );
  }
}

/**
 * The page without the last messages that are equal in all sort values: more of them may follow, which a search after those
 * values would skip. Documents of several shards may be equal.
 */
function withoutLastTie(page: Page): Page {
  const last = page.messages.at(-1)?.extras?.[0];
  return only(page, ({ extras }) => extras?.[0] !== last);
}

function assertPage({ extras, messages, total }: Page, isFirst: boolean): void {
  const [, timedOut, shards, clusters, relation] = extras as Extras;
  // A point in time may be lost on some of the shards only.
  if (shards?.includes(contextMissing)) throw lostPointInTime();
  assertWhole(shareOf(shards), shareOf(clusters), timedOut !== 'false');
  if (isFirst) exactly(total, relation && (JSON.parse(relation) as string));
  if (messages.some((message) => message.extras?.[0] === undefined || message.extras[2] === undefined))
    throw new Retryable('sent a damaged page');
}

function shareOf(text: string | undefined): Share | undefined {
  return text === undefined ? undefined : v.parse(share, JSON.parse(text));
}

function assertWhole(shards: Share | undefined, clusters: Share | undefined, timedOut: boolean): void {
  if (shards === undefined || shards.failed > 0 || shards.successful !== shards.total)
    throw new Retryable(`searched only ${shards?.successful ?? 'some'} of ${shards?.total ?? 'its'} shards`);
  if (clusters !== undefined && clusters.successful !== clusters.total)
    throw new Retryable(`searched only ${clusters.successful} of ${clusters.total} clusters`);
  if (timedOut) throw new Retryable('timed out during a search');
}

function exactly(total: number | undefined, relation: string | undefined): number {
  if (total !== undefined && relation === 'eq') return total;
  throw new Retryable('does not count exactly');
}
