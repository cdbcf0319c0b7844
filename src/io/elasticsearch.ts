import type { SourceCount, StagedMessage } from '../archive/ledger.ts';
import { shaBytes } from '../archive/rows.ts';
import { UserError } from '../errors.ts';
import type { MessageShape } from '../messages/message.ts';
import type { ScannedMessage } from '../messages/page.ts';
import { type Interval, union } from '../windows/interval.ts';
import type { Page, Scan } from '../worker/pages.ts';
import { Buffers } from './buffers.ts';
import { Cluster } from './elasticsearch/cluster.ts';
import { type Capabilities, type Fields, fieldsInQuestion, readFields, stubPaths } from './elasticsearch/fields.ts';
import { PageSize } from './elasticsearch/page-size.ts';
import { byTime, documentOf, PointInTime, type Search } from './elasticsearch/point-in-time.ts';
import {
  anyOf,
  both,
  either,
  everything,
  exists,
  type Guess,
  guess,
  type Json,
  not,
  readStatuses,
  statusAggregations,
  within,
} from './elasticsearch/query.ts';
import type { ElasticsearchSettings } from './elasticsearch/settings.ts';
import { LostReading, type Pass, type Source } from './ports.ts';
import type { Nature } from './retry.ts';

/** Slots that one aggregation counts, each in up to three ways. */
const slotsMax = 1_000;
/** Ids of one query; far below what Elasticsearch takes. */
const idsMax = 500;
/** Buffers that wait for their next page: of one that is read, and one that is handed over. */
const buffersMax = 4;

/** Messages that no slot of a range holds. */
export interface Strays {
  /** Without a timestamp that Elasticsearch could read. */
  readonly withoutTimestamp: number;
  /** With one that lies outside of the range. */
  readonly outside: number;
}

type Take = (page: Page) => Promise<void>;

/** What was told of the statuses in a range. */
interface Told {
  readonly total: number;
  /** Undefined where no field tells statuses. */
  readonly guess: Guess | undefined;
  /** Whether the guess knows every status that occurs. */
  readonly isExact: boolean;
}

/** Messages in the indices of an Elasticsearch, 8.x or 9.x. */
export class ElasticsearchSource implements Source {
  readonly name = 'elasticsearch';
  readonly deliversOnce = true;
  readonly url: string;
  readonly #settings: ElasticsearchSettings;
  readonly #shape: MessageShape;
  readonly #scan: Scan;
  readonly #warn: (text: string) => void;
  readonly #buffers = new Buffers(buffersMax);
  readonly #cluster: Cluster;
  readonly #stub: Json;
  #prepared: Promise<Prepared> | undefined;

  /** @param warn told, once, what makes a reading slower than it could be */
  constructor(
    settings: ElasticsearchSettings,
    shape: MessageShape,
    scan: Scan,
    nature: Nature,
    warn: (text: string) => void,
  ) {
    this.#settings = settings;
    this.#shape = shape;
    this.#scan = scan;
    this.#warn = warn;
    this.#cluster = new Cluster(settings, nature, this.#buffers);
    this.#stub = JSON.stringify({ includes: stubPaths(shape) });
    this.url = `${this.#cluster.url}/${settings.index}`;
  }

  async read(interval: Interval, _attempt: number, take: Take): Promise<Pass> {
    const prepared = await this.#prepare();
    const query = both(this.#query(), within(prepared.fields.timestamp, interval));
    const sort = [byTime(prepared.fields.timestamp)];
    return this.#during(async (point) => {
      const told = await this.#tell(point, query, prepared.fields);
      const reading = new Reading(point, prepared.whole, this.#stub, take, this.#buffers);
      return reading.end(async () => {
        if (told.guess === undefined) {
          const received = await reading.whole({ query, sort });
          return { totals: [told.total, received], count: { total: told.total } };
        }
        const { closed, alerted } = told.guess;
        const likely = await reading.whole({ query: both(query, closed), sort });
        const others = await reading.stubs({ query: both(query, not(closed)), sort });
        const count = await point.tally(both(query, alerted));
        return {
          totals: [told.total, likely + others],
          count: { total: told.total, alerted: count.total, ...(told.isExact && { closed: likely }) },
        };
      });
    });
  }

  async count(slots: readonly Interval[]): Promise<SourceCount[]> {
    if (slots.length === 0) return [];
    const { fields } = await this.#prepare();
    const span = {
      start: Math.min(...slots.map(({ start }) => start)),
      end: Math.max(...slots.map(({ end }) => end)),
    };
    const query = both(this.#query(), within(fields.timestamp, span));
    return this.#during(async (point) => {
      const told = await this.#tell(point, query, fields);
      const counts: SourceCount[] = [];
      for (let n = 0; n < slots.length; n += slotsMax) {
        const ranges = slots.slice(n, n + slotsMax).map((slot) => within(fields.timestamp, slot));
        counts.push(...(await countRanges(point, query, ranges, told)));
      }
      return counts;
    });
  }

  async find(staged: readonly StagedMessage[], take: Take): Promise<void> {
    const { fields, whole } = await this.#prepare();
    await this.#during(async (point) => {
      const seen = new Set<string>();
      const note = async (page: Page) => {
        for (const { id } of page.messages) if (id !== undefined) seen.add(id);
        await take(page);
      };
      const reading = new Reading(point, whole, this.#stub, note, this.#buffers);
      await reading.end(async () => {
        const asked = staged.map(({ message_id }) => JSON.stringify(message_id));
        const { id } = fields;
        const byIds = id === undefined ? [] : batches(asked, idsMax).map((ids) => anyOf(id, ids));
        for (const query of byIds) await reading.stubs({ query: both(this.#query(), query), sort: [] });
        await reading.handedOver();
        // An index may leave long ids out; and some know none. Their timestamps then tell where they are.
        const missing = staged.filter(({ message_id }) => !seen.has(message_id));
        for (const moments of batches(momentsOf(missing), idsMax)) {
          const ranges = either(...moments.map((moment) => within(fields.timestamp, moment)));
          await reading.stubs({ query: both(this.#query(), ranges, not(...byIds)), sort: [] });
        }
      });
    });
  }

  /** Counts the messages that no slot of a range holds: a plan shows them. */
  async strays(range: Interval): Promise<Strays> {
    const { fields } = await this.#prepare();
    const { timestamp } = fields;
    return this.#during(async (point) => {
      const hasTime = exists(timestamp.field);
      const without = await point.tally(both(this.#query(), not(hasTime)));
      const outside = await point.tally(both(this.#query(), hasTime, not(within(timestamp, range))));
      return { withoutTimestamp: without.total, outside: outside.total };
    });
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  #during<Result>(work: (point: PointInTime) => Promise<Result>): Promise<Result> {
    return PointInTime.during(this.#cluster, this.#scan, this.#buffers, this.#settings.index, work);
  }

  #query(): Json {
    return this.#settings.query ?? everything;
  }

  async #tell(point: PointInTime, query: Json, { status }: Fields): Promise<Told> {
    if (status === undefined) return { total: (await point.tally(query)).total, guess: undefined, isExact: false };
    const { total, aggregations } = await point.tally(query, statusAggregations(status));
    const { values, isComplete } = readStatuses(aggregations);
    const closed = new Set(this.#shape.closedStatuses);
    const others = values.filter((value) => !closed.has(value.toLowerCase()));
    return { total, guess: guess(status, others), isExact: isComplete };
  }

  /** Looks the fields up in every index, once. */
  #prepare(): Promise<Prepared> {
    this.#prepared ??= this.#lookUp().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #lookUp(): Promise<Prepared> {
    const { index } = this.#settings;
    const where = `${index} at ${this.#cluster.url}`;
    const capabilities = await this.#cluster.json({
      method: 'GET',
      path: `/${encodeURIComponent(index)}/_field_caps`,
      parameters: {
        fields: fieldsInQuestion(this.#shape).join(','),
        include_unmapped: 'true',
        ignore_unavailable: 'false',
        allow_no_indices: 'false',
      },
    });
    const fields = readFields(capabilities as Capabilities, this.#shape, where);
    for (const unmapped of fields.withoutTimestamp) await this.#assertEmpty(unmapped, fields);
    if (fields.status === undefined)
      this.#warn(
        `Elasticsearch cannot tell the statuses of alerts in ${where}: every message is read whole, the open ones too; map the status as keyword to read less.`,
      );
    return { fields, whole: '{"exclude_vectors":false}' };
  }

  /** A message in an index that does not know the timestamp would be in no range, and never be read. */
  async #assertEmpty(index: string, { timestamp }: Fields): Promise<void> {
    const { total } = await PointInTime.during(this.#cluster, this.#scan, this.#buffers, index, (point) =>
      point.tally(this.#query()),
    );
    if (total === 0) return;
    throw new UserError(
      `Elasticsearch has messages in the index ${index} at ${this.#cluster.url}, where the field "${timestamp.field}" is not mapped: map it as a date there, or see elasticsearch-index and message-timestamp.`,
    );
  }
}

/** What is known before anything is read. */
interface Prepared {
  readonly fields: Fields;
  /** The `_source` of a search that wants whole messages. */
  readonly whole: Json;
}

/** Reads searches in one point in time, and hands their pages over while the next one is on its way. */
class Reading {
  readonly #point: PointInTime;
  readonly #wholeSource: Json;
  readonly #stubSource: Json;
  readonly #take: Take;
  readonly #buffers: Buffers;
  readonly #wholeSize = new PageSize();
  #handover: Promise<void> = Promise.resolve();

  constructor(point: PointInTime, whole: Json, stub: Json, take: Take, buffers: Buffers) {
    this.#point = point;
    this.#wholeSource = whole;
    this.#stubSource = stub;
    this.#take = take;
    this.#buffers = buffers;
  }

  /** Does the work, and ends when no page is being handed over any more. */
  async end<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      await this.#handover;
      return result;
    } finally {
      await this.#handover.catch(() => undefined);
    }
  }

  handedOver(): Promise<void> {
    return this.#handover;
  }

  /** Hands over every message of a search, and counts them. */
  async whole(search: Omit<Search, 'source'>): Promise<number> {
    const pages = this.#point.pages({ ...search, source: this.#wholeSource }, this.#wholeSize);
    for (let next = await pages.next(); ; next = await pages.next()) {
      if (next.done) return next.value;
      await this.#hand(next.value);
    }
  }

  /**
   * Hands over every message of a search, and counts them. They come as stubs, which tell their state; those that stay out
   * of the archive are handed over as they are, the others are fetched.
   */
  async stubs(search: Omit<Search, 'source'>): Promise<number> {
    const pages = this.#point.pages({ ...search, source: this.#stubSource });
    for (let next = await pages.next(); ; next = await pages.next()) {
      if (next.done) return next.value;
      const { messages } = next.value;
      const wanted = messages.filter((message) => isWanted(message)).map(documentOf);
      await this.#hand(only(next.value, (message) => !isWanted(message)));
      for (const batch of batches(wanted, idsMax)) await this.#fetch(search.query, batch);
    }
  }

  async #fetch(query: Json, documents: readonly { key: string; id: Json }[]): Promise<void> {
    const missing = new Set(documents.map(({ key }) => key));
    const ids = [...new Set(documents.map(({ id }) => id))];
    const search = { query: both(query, anyOf('_id', ids)), source: this.#wholeSource, sort: [] };
    for await (const page of this.#point.pages(search, this.#wholeSize)) {
      // Another index may hold another document of the same _id.
      await this.#hand(only(page, (message) => missing.delete(documentOf(message).key)));
    }
    if (missing.size > 0) throw new LostReading(`${missing.size} messages that a search found were gone in the next`);
  }

  async #hand(page: Page): Promise<void> {
    await this.#handover;
    this.#handover = this.#take(page).then(() => this.#buffers.give(page.bytes.buffer));
    this.#handover.catch(() => undefined);
  }
}

/** Whether the archive keeps all of a message, so that its stub will not do. */
function isWanted({ state }: ScannedMessage): boolean {
  return state === 'closed' || state === 'invalid';
}

function only(page: Page, isKept: (message: ScannedMessage) => boolean): Page {
  const kept = page.messages.map((message, n) => ({ message, n })).filter(({ message }) => isKept(message));
  const shas = Buffer.concat(kept.map(({ n }) => page.shas.subarray(n * shaBytes, (n + 1) * shaBytes)));
  return { bytes: page.bytes, messages: kept.map(({ message }) => message), shas };
}

/** The milliseconds that staged messages lie in. */
function momentsOf(staged: readonly StagedMessage[]): Interval[] {
  return union(
    staged.map(({ timestamp }) => {
      const start = Number(BigInt(timestamp) / 1000n);
      return { start, end: start + 1 };
    }),
  );
}

interface Bucket {
  readonly doc_count: number;
  readonly alerted?: { readonly doc_count: number };
  readonly closed?: { readonly doc_count: number };
}

async function countRanges(
  point: PointInTime,
  query: Json,
  ranges: readonly Json[],
  { guess: by, isExact }: Told,
): Promise<SourceCount[]> {
  const within =
    by === undefined ? '' : `,"aggs":{"alerted":{"filter":${by.alerted}},"closed":{"filter":${by.closed}}}`;
  const aggregation = `{"slots":{"filters":{"filters":[${ranges.join(',')}]}${within}}}`;
  const { aggregations } = await point.tally(query, aggregation);
  const { buckets } = aggregations.slots as { buckets: readonly Bucket[] };
  return buckets.map(({ doc_count: total, alerted, closed }) => ({
    total,
    ...(alerted && { alerted: alerted.doc_count }),
    ...(closed && isExact && { closed: closed.doc_count }),
  }));
}

function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}
