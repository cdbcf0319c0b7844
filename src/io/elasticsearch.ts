import * as v from 'valibot';
import type { SourceCount } from '../archive/ledger.ts';
import type { PageMemory } from '../archive/page-memory.ts';
import { UserError } from '../errors.ts';
import type { MessageShape } from '../messages/message.ts';
import type { Page, Scan, ScannedMessage } from '../messages/page.ts';
import { contains, type Interval, instant, union } from '../windows/interval.ts';
import { Cluster, Refused } from './elasticsearch/cluster.ts';
import { countRanges, type Told } from './elasticsearch/counts.ts';
import { batches, Delivery } from './elasticsearch/delivery.ts';
import {
  type Capabilities,
  capabilities,
  type Fields,
  fieldsInQuestion,
  isOfList,
  readFields,
  stubPaths,
} from './elasticsearch/fields.ts';
import { byTime, documentOf, PointInTime } from './elasticsearch/point-in-time.ts';
import {
  anyOf,
  both,
  either,
  everything,
  exists,
  guess,
  type Json,
  not,
  readStatuses,
  statusAggregations,
  statuses,
  within,
} from './elasticsearch/query.ts';
import type { ElasticsearchSettings } from './elasticsearch/settings.ts';
import type { Nature } from './nature.ts';
import { type Log, LostReading, type Pass, type Sought, type Source, type Strays } from './ports.ts';

/** Slots that one aggregation counts, each in up to three ways. */
const slotsMax = 1_000;
/** Counts of the same, while points in time are lost. */
const countsMax = 5;
/** Ids of one query. */
const idsMax = 1_000;
/** Ranges of one query: each is a clause, of which Elasticsearch may take no more than 1,024. */
const momentsMax = 500;

type Take = (page: Page) => Promise<void>;

/** Messages in the indices of an Elasticsearch, 8.x or 9.x. */
export class ElasticsearchSource implements Source {
  readonly name = 'elasticsearch';
  readonly deliversOnce = true;
  readonly url: string;
  readonly #settings: ElasticsearchSettings;
  readonly #shape: MessageShape;
  readonly #scan: Scan;
  readonly #log: Pick<Log, 'line' | 'warning'>;
  readonly #memory: PageMemory;
  readonly #cluster: Cluster;
  readonly #stub: Json;
  #prepared: Promise<Prepared> | undefined;

  /** @param log told, once, what makes a reading slower than it could be, and of long waits */
  constructor(
    settings: ElasticsearchSettings,
    shape: MessageShape,
    scan: Scan,
    memory: PageMemory,
    nature: Nature,
    log: Pick<Log, 'line' | 'warning'>,
  ) {
    this.#settings = settings;
    this.#shape = shape;
    this.#scan = scan;
    this.#log = log;
    this.#memory = memory;
    this.#cluster = new Cluster(settings, nature, memory, log.line);
    this.#stub = JSON.stringify({ includes: stubPaths(shape) });
    this.url = `${this.#cluster.url}/${settings.index}`;
  }

  async read(interval: Interval, _attempt: number, take: Take): Promise<Pass> {
    const prepared = await this.#prepare();
    const query = both(this.#query(), within(prepared.fields.timestamp, interval));
    const sort = [byTime(prepared.fields.timestamp)];
    const takeWithin: Take = async (page) => {
      this.#assertWithin(interval, page, prepared.fields);
      await take(page);
    };
    return this.#during(async (point) => {
      const told = await this.#tell(point, query, prepared.fields);
      const delivery = new Delivery(point, prepared.whole, this.#stub, takeWithin, this.#memory);
      return delivery.end(async () => {
        if (told.guess === undefined) {
          const received = await delivery.whole({ query, sort });
          return { totals: [told.total, received], count: { total: told.total } };
        }
        const { closed } = told.guess;
        const likely = await delivery.whole({ query: both(query, closed), sort });
        const others = await delivery.stubs({ query: both(query, not(closed)), sort });
        const { total, alerted } = told;
        return { totals: [total, likely + others], count: { total, alerted, ...(told.isExact && { closed: likely }) } };
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
    return this.#counting(async (point) => {
      const told = await this.#tell(point, query, fields);
      const counts: SourceCount[] = [];
      for (let n = 0; n < slots.length; n += slotsMax) {
        const ranges = slots.slice(n, n + slotsMax).map((slot) => within(fields.timestamp, slot));
        counts.push(...(await countRanges(point, query, ranges, told)));
      }
      return counts;
    });
  }

  async find(staged: readonly Sought[], take: Take): Promise<void> {
    const { fields, whole } = await this.#prepare();
    await this.#during(async (point) => {
      const documents = new Set<string>();
      const ids = new Set<string | undefined>();
      const isNew = (message: ScannedMessage) => {
        const { key } = documentOf(message);
        if (documents.has(key)) return false;
        documents.add(key);
        ids.add(message.id);
        return true;
      };
      const delivery = new Delivery(point, whole, this.#stub, take, this.#memory);
      await delivery.end(async () => {
        const search = (query: Json) => delivery.stubs({ query: both(this.#query(), query), sort: [] }, isNew);
        const { id } = fields;
        if (id !== undefined) {
          const asked = staged.map(({ message_id }) => JSON.stringify(message_id));
          for (const batch of batches(asked, idsMax)) await search(anyOf(id, batch));
        }
        // No index need know every id: long ones may be left out. Then the timestamp tells where a message is.
        const missing = staged.filter(({ message_id }) => !ids.has(message_id));
        for (const moments of batches(momentsOf(missing), momentsMax))
          await search(either(...moments.map((moment) => within(fields.timestamp, moment))));
      });
    });
  }

  /** Counts the messages that no slot of a range holds: a plan shows them. */
  async strays(range: Interval): Promise<Strays> {
    const { fields } = await this.#prepare();
    const { timestamp } = fields;
    return this.#counting(async (point) => {
      const hasTime = exists(timestamp.field);
      return {
        withoutTimestamp: await point.count(both(this.#query(), not(hasTime))),
        outside: await point.count(both(this.#query(), hasTime, not(within(timestamp, range)))),
      };
    });
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  #during<Result>(work: (point: PointInTime) => Promise<Result>, index = this.#settings.index): Promise<Result> {
    return PointInTime.during(this.#cluster, this.#scan, this.#memory, index, work);
  }

  /** Counts, and counts again where the point in time is lost. */
  async #counting<Result>(work: (point: PointInTime) => Promise<Result>, index?: string): Promise<Result> {
    for (let count = 1; ; count += 1) {
      try {
        return await this.#during(work, index);
      } catch (error) {
        if (!(error instanceof LostReading)) throw error;
        if (count === countsMax)
          throw new UserError(
            `Elasticsearch at ${this.#cluster.url} was asked to count ${countsMax} times, and each time ${error.message}: see whether it is well, then run again.`,
          );
      }
    }
  }

  #query(): Json {
    return this.#settings.query ?? everything;
  }

  async #tell(point: PointInTime, query: Json, { status }: Fields): Promise<Told> {
    if (status === undefined) return { total: await point.count(query), alerted: 0, guess: undefined, isExact: false };
    const { total, aggregations } = await point.aggregate(query, statusAggregations(status), statuses);
    const { alerted, values, isComplete } = readStatuses(aggregations);
    const closed = new Set(this.#shape.closedStatuses);
    const others = values.filter((value) => !closed.has(value.toLowerCase()));
    return { total, alerted, guess: guess(status, others), isExact: isComplete };
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
    const fields = readFields(await this.#capabilities(), this.#shape, where);
    for (const unmapped of fields.withoutTimestamp) await this.#assertEmpty(unmapped, fields);
    if (fields.status === undefined)
      this.#log.warning(
        `Elasticsearch cannot tell the statuses of alerts in ${where}: every message is read whole, the open ones too; map the status as keyword to read less.`,
      );
    return { fields, whole: await this.#wholeSource() };
  }

  async #capabilities(): Promise<Capabilities> {
    const { index } = this.#settings;
    const fields = fieldsInQuestion(this.#shape).join(',');
    const parameters = { fields, include_unmapped: 'true', ignore_unavailable: 'false', allow_no_indices: 'false' };
    const request = { method: 'GET', path: `/${encodeURIComponent(index)}/_field_caps`, parameters } as const;
    const answer = await this.#cluster.json(request, capabilities);
    if (answer.failed_indices === 0) return answer;
    throw new UserError(
      `Elasticsearch at ${this.#cluster.url} cannot tell the fields of ${answer.failed_indices} of the indices of ${index}: see whether it is well, then run again.`,
    );
  }

  /** Newer servers leave vectors out of messages unless they are told not to; older ones do not know the word. */
  async #wholeSource(): Promise<Json> {
    const source = '{"exclude_vectors":false}';
    const path = `/${encodeURIComponent(this.#settings.index)}/_search`;
    try {
      await this.#cluster.json({ method: 'POST', path, body: `{"size":0,"_source":${source}}` }, v.object({}));
      return source;
    } catch (error) {
      if (error instanceof Refused) return 'true';
      throw error;
    }
  }

  /** One that the field puts into this slot, and its own timestamp into another, would be in neither. */
  #assertWithin(interval: Interval, { messages }: Page, { timestamp: { field } }: Fields): void {
    // By a list of timestamps a message is found in the slot of each, and so in its own.
    if (isOfList(this.#shape.timestamp)) return;
    const stray = messages.find(({ timestamp }) => timestamp !== undefined && !contains(interval, timestamp));
    if (stray?.timestamp === undefined) return;
    throw new UserError(
      `Elasticsearch at ${this.#cluster.url} finds a message of ${instant(Number(stray.timestamp / 1000n))} between ${instant(interval.start)} and ${instant(interval.end)}: its field "${field}" says something else than the message itself; see message-timestamp and the mapping of that field.`,
    );
  }

  /** A message in an index that does not know the timestamp would be in no range, and never be read. */
  async #assertEmpty(index: string, { timestamp }: Fields): Promise<void> {
    const total = await this.#counting((point) => point.count(this.#query()), index);
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

/** The milliseconds that messages lie in. */
function momentsOf(sought: readonly Sought[]): Interval[] {
  return union(
    sought.flatMap(({ timestamp }) => {
      if (timestamp === undefined) return [];
      const start = Number(BigInt(timestamp) / 1000n);
      return [{ start, end: start + 1 }];
    }),
  );
}
