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
import type { Json } from './query.ts';

/** Renewed by every request. */
const keepAlive = '10m';
/** A search that reached only some of its shards is an error. */
const whole = { allow_partial_search_results: 'false' };

const shape = {
  messages: ['hits', 'hits'],
  total: ['hits', 'total', 'value'],
  message: ['_source'],
  extras: [['pit_id'], ['timed_out'], ['_shards'], ['_clusters'], ['hits', 'total', 'relation']],
  elementExtras: [['sort'], ['_index'], ['_id'], ['_routing']],
} satisfies PageShape;

/** How many shards, or clusters, were asked and how many answered. */
const share = v.object({ total: v.number(), successful: v.number(), failed: v.optional(v.number(), 0) });

type Share = v.InferOutput<typeof share>;

const opened = v.object({ id: v.string() });

/** The answer to a search without hits. */
const tally = v.object({
  pit_id: v.optional(v.string()),
  timed_out: v.boolean(),
  _shards: share,
  _clusters: v.optional(share),
  hits: v.object({ total: v.object({ value: v.number(), relation: v.string() }) }),
  aggregations: v.optional(v.unknown()),
});

/** A search: what it looks for, and what of each message it wants. */
export interface Search {
  readonly query: Json;
  /** The request's `_source`. */
  readonly source: Json;
  /** The request's `sort`, without the tie-breaker. */
  readonly sort: readonly Json[];
}

/** Which document a message of a page is: its index, `_id` and routing, as JSON text. */
export function documentOf({ extras }: ScannedMessage): { key: string; id: Json } {
  const [, index, id, routing] = extras!;
  return { key: `${index} ${id} ${routing}`, id: id! };
}

/** Sorts by time; messages of an index without the field come last. */
export function byTime({ field, hasNanos, isMixed }: TimestampField): Json {
  const numericType = isMixed ? { numeric_type: 'date' } : {};
  const unmappedType = hasNanos ? 'date_nanos' : 'date';
  return JSON.stringify({ [field]: { order: 'asc', unmapped_type: unmappedType, ...numericType } });
}

/** One point in time of the indices: every search in it sees the same documents. */
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

  /** Opens a point in time, and closes it after the work. */
  static async during<Result>(
    cluster: Cluster,
    scan: Scan,
    memory: BufferPool,
    index: string,
    work: (point: PointInTime) => Promise<Result>,
  ): Promise<Result> {
    const request = {
      method: 'POST',
      path: `/${encodeURIComponent(index)}/_pit`,
      parameters: { keep_alive: keepAlive, ignore_unavailable: 'false', allow_no_indices: 'false' },
    } as const;
    const { id } = await cluster.json(request, opened);
    const point = new PointInTime(cluster, scan, memory, JSON.stringify(id));
    try {
      return await work(point);
    } finally {
      await point.#close();
    }
  }

  /** How many shards the last count reached. */
  get shards(): number {
    return this.#shards;
  }

  /** Counts what a query finds, exactly. */
  async count(query: Json): Promise<number> {
    return (await this.#tally(query, '')).total;
  }

  /** The same, and aggregates over it. */
  async aggregate<Schema extends v.GenericSchema>(query: Json, aggregations: Json, schema: Schema) {
    const { total, answer } = await this.#tally(query, `,"aggs":${aggregations}`);
    return { total, aggregations: this.#cluster.checked(answer.aggregations, schema) };
  }

  #tally(query: Json, more: string): Promise<{ total: number; answer: v.InferOutput<typeof tally> }> {
    return this.#cluster.retried(async () => {
      const bytes = await this.#ask(`"size":0,"track_total_hits":true,"query":${query}${more}`);
      const answer = this.#cluster.parsed(bytes, tally);
      assertWhole(answer._shards, answer._clusters, answer.timed_out);
      this.#shards = answer._shards.total;
      if (answer.pit_id !== undefined) this.#id = JSON.stringify(answer.pit_id);
      return { total: exactly(answer.hits.total.value, answer.hits.total.relation), answer };
    });
  }

  /**
   * Every page of a search but the last, which is empty, and at the end how many messages they had.
   * @throws LostReading when they are not as many as the search counts
   */
  async *pages(search: Search, size = new PageSize()): AsyncGenerator<Page, number> {
    let received = 0;
    let total: number | undefined;
    for (let after: Json | undefined; ; ) {
      const page = await this.#page(search, size, after);
      total ??= page.total!;
      received += page.messages.length;
      const last = page.messages.at(-1);
      // Who sends more than there is may send it for ever.
      if (last === undefined || received > total) {
        this.#memory.give(page.bytes.buffer);
        break;
      }
      after = last.extras![0];
      yield page;
    }
    if (received === total) return received;
    throw new LostReading(`a search counted ${total} messages and sent ${received}`);
  }

  /** @param after the sort values after which it begins; of the first page the total is counted */
  #page({ query, source, sort }: Search, size: PageSize, after: Json | undefined): Promise<Page> {
    const order = `"sort":[${[...sort, '{"_shard_doc":"asc"}'].join(',')}]`;
    const start = after === undefined ? '"track_total_hits":true' : `"track_total_hits":false,"search_after":${after}`;
    return this.#cluster.retried(async () => {
      try {
        const bytes = await this.#ask(`"size":${size.next()},"query":${query},"_source":${source},${order},${start}`);
        const page = await this.#scanned(bytes);
        assertPage(page, after === undefined);
        this.#id = page.extras![0] ?? this.#id;
        size.note(page.bytes.length, page.messages.length);
        return page;
      } catch (error) {
        if (error instanceof TooMuch) size.limit();
        else if (error instanceof Retryable && error.busy) size.ease();
        throw error;
      }
    });
  }

  #ask(search: string): Promise<Uint8Array<SharedArrayBuffer>> {
    const body = `{"pit":{"id":${this.#id},"keep_alive":"${keepAlive}"},${search}}`;
    return this.#cluster.bytes({ method: 'POST', path: '/_search', parameters: whole, body });
  }

  async #scanned(bytes: Uint8Array<SharedArrayBuffer>): Promise<Page> {
    try {
      return await this.#scan(bytes, shape);
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      const hint = error.message.includes('/_source')
        ? ': map its indices with _source enabled'
        : ', see elasticsearch-url';
      throw new UserError(
        `Elasticsearch at ${this.#cluster.url} sent something else than a page of messages (${error.message})${hint}.`,
      );
    }
  }

  /** What is not closed ends by itself. */
  async #close(): Promise<void> {
    await this.#cluster.bytes({ method: 'DELETE', path: '/_pit', body: `{"id":${this.#id}}` }).then(
      (bytes) => this.#memory.give(bytes.buffer),
      () => undefined,
    );
  }
}

function assertPage({ extras, messages, total }: Page, isFirst: boolean): void {
  const [, timedOut, shards, clusters, relation] = extras as Extras;
  // A point in time may be lost to some of the shards, and the others answer.
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
  if (timedOut) throw new Retryable('ran out of time in a search');
}

function exactly(total: number | undefined, relation: string | undefined): number {
  if (total !== undefined && relation === 'eq') return total;
  throw new Retryable('does not count exactly');
}
