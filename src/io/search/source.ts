import type { SourceCount, Unsearched } from '../../archive/ledger.ts';
import { UserError } from '../../errors.ts';
import { counted } from '../../format.ts';
import type { BufferPool } from '../../memory/buffer-pool.ts';
import type { MessageShape, SourceName } from '../../messages/message.ts';
import type { Page, Scan, ScannedMessage } from '../../messages/page.ts';
import { ClosedStatuses } from '../../messages/statuses.ts';
import { contains, type Interval, union } from '../../windows/interval.ts';
import type { Clock } from '../clock.ts';
import { type Log, LostReading, type Pass, type Sought, type Source, type Strays } from '../ports.ts';
import type { SearchClient } from './client.ts';
import { Cluster } from './cluster.ts';
import { countRanges, type StatusSummary } from './counts.ts';
import { batches, Delivery } from './delivery.ts';
import { type Fields, isOfList, stubPaths, type TimestampField } from './fields.ts';
import { type Coverage, LookUp, type Prepared } from './look-up.ts';
import { byTime, documentOf, PointInTime } from './point-in-time.ts';
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
} from './query.ts';
import { isMisplaced, Seams, withMisplaced } from './seams.ts';
import type { SearchSettings } from './settings.ts';

/** The maximum number of slots that one aggregation counts, each in up to three ways. */
const slotsMax = 1_000;
/** The maximum attempts at a count whose point in time is lost. */
const countsMax = 5;
/** The most ids of one query. */
const idsMax = 1_000;
/** The most ranges of one query: each is a clause, and servers accept 1,024. */
const momentsMax = 500;
/** The most messages outside of a range that are read to check their own timestamps. */
const outsideMax = 10_000;

type Take = (page: Page) => Promise<void>;

/** Reads messages from the indices of a search engine. */
export class SearchSource implements Source {
  readonly name: SourceName;
  readonly deliversOnce = true;
  readonly url: string;
  readonly #settings: SearchSettings;
  readonly #shape: MessageShape;
  readonly #scan: Scan;
  readonly #log: Pick<Log, 'line' | 'warning'>;
  readonly #memory: BufferPool;
  readonly #cluster: Cluster;
  readonly #stub: Json;
  readonly #lookUp: LookUp;
  #prepared: Promise<Prepared> | undefined;
  #unsearchableTimes: Promise<Unsearchable> | undefined;

  /** @param client takes ownership: it is closed with the source */
  constructor(
    client: SearchClient,
    settings: SearchSettings,
    shape: MessageShape,
    scan: Scan,
    memory: BufferPool,
    clock: Clock,
    log: Pick<Log, 'line' | 'warning'>,
  ) {
    this.#settings = settings;
    this.#shape = shape;
    this.#scan = scan;
    this.#log = log;
    this.#memory = memory;
    this.name = client.product.source;
    this.#cluster = new Cluster(settings, client, clock, memory, log.line);
    this.#stub = JSON.stringify({ includes: stubPaths(shape) });
    this.#lookUp = new LookUp(this.#cluster, settings.index, shape, log);
    this.url = `${this.#cluster.url}/${settings.index}`;
  }

  async read(interval: Interval, _attempt: number, take: Take): Promise<Pass> {
    const prepared = await this.#prepare();
    const { fields, whole } = prepared;
    const query = both(this.#query(), within(fields.timestamp, interval));
    const sort = [byTime(fields.timestamp)];
    const seams = new Seams(interval, this.#shape, fields.timestamp.field, this.#cluster);
    return this.#during(async (point) => {
      const summary = await this.#summarize(point, query, fields);
      const delivery = new Delivery(point, whole, this.#stub, take, this.#memory, (page) => seams.revised(page));
      const { received, closed } = await delivery.end(async () => {
        if (summary.guess === undefined) return { received: await delivery.whole({ query, sort }), closed: undefined };
        const likely = await delivery.whole({ query: both(query, summary.guess.closed), sort });
        const others = await delivery.stubs({ query: both(query, not(summary.guess.closed)), sort });
        return { received: likely + others, closed: likely };
      });
      const unsearchable = await this.#readUnsearchable(point, prepared, interval, take);
      if (seams.strays.length > 0) this.#log.warning(seams.sentence());
      const total = summary.total + unsearchable;
      const count =
        summary.guess === undefined
          ? { total }
          : { total, alerted: summary.alerted, ...(summary.isExact && closed !== undefined && { closed }) };
      return { totals: [total, received + unsearchable], count };
    });
  }

  /** Returns no counts, and logs why, if the cluster refuses to count. */
  async count(slots: readonly Interval[]): Promise<SourceCount[]> {
    if (slots.length === 0) return [];
    return this.#count(slots).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      this.#log.warning(`The audit of ${counted(slots.length, 'slot')} was skipped: ${error.message}`);
      return [];
    });
  }

  async #count(slots: readonly Interval[]): Promise<SourceCount[]> {
    const { fields } = await this.#prepare();
    const span = {
      start: Math.min(...slots.map(({ start }) => start)),
      end: Math.max(...slots.map(({ end }) => end)),
    };
    const query = both(this.#query(), within(fields.timestamp, span));
    return this.#counting(async (point) => {
      const summary = await this.#summarize(point, query, fields);
      const counts: SourceCount[] = [];
      for (let n = 0; n < slots.length; n += slotsMax) {
        const ranges = slots.slice(n, n + slotsMax).map((slot) => within(fields.timestamp, slot));
        counts.push(...(await countRanges(point, query, ranges, summary)));
      }
      const { times } = await this.#scanUnsearchable(point, fields);
      return counts.map((count, n) => {
        const { start, end } = slots[n]!;
        return { ...count, total: count.total + times.filter((ms) => ms >= start && ms < end).length };
      });
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
          const sought = staged.map(({ message_id }) => JSON.stringify(message_id));
          for (const batch of batches(sought, idsMax)) await search(anyOf(id, batch));
        }
        // An index may lack some ids, for example long ones. Their messages are found by their timestamps.
        const missing = staged.filter(({ message_id }) => !ids.has(message_id));
        for (const moments of batches(momentsOf(missing), momentsMax))
          await search(either(...moments.map((moment) => within(fields.timestamp, moment))));
        const unfound = new Set(missing.map(({ message_id }) => message_id).filter((id) => !ids.has(id)));
        if (unfound.size === 0) return;
        const isUnfound = (message: ScannedMessage) => unfound.has(message.id!) && isNew(message);
        await delivery.stubs({ query: this.#unsearchable(fields.timestamp), sort: [] }, isUnfound);
      });
    });
  }

  /** Counts the messages that lie in no slot of a range. Omits a count, and logs why, if the cluster refuses it. */
  async strays(range: Interval): Promise<Strays> {
    const { fields, coverage } = await this.#prepare();
    const { timestamp } = fields;
    try {
      return await this.#counting(async (point) => {
        const { times, withoutTime } = await this.#scanUnsearchable(point, fields);
        const others = times.filter((ms) => ms < range.start || ms >= range.end).length;
        return {
          outside: (await point.count(this.#outside(timestamp, range))) + others,
          withoutTimestamp: withoutTime,
          ...(coverage && { unsearched: await this.#unsearched(point, coverage) }),
        };
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#log.warning(
        `Messages outside the range, and those without a timestamp, were not counted: ${error.message}`,
      );
      return coverage === undefined ? {} : { unsearched: coverage.unsearched };
    }
  }

  /**
   * Reads the messages that have neither the field nor a readable timestamp of their own, and those whose field lies outside
   * of the range while their own timestamp lies inside, unless there are too many outside to check each.
   */
  async readUnplaced(range: Interval, take: Take): Promise<number> {
    const { fields, whole } = await this.#prepare();
    const { timestamp } = fields;
    const documents = new Set<string>();
    const isNew = (message: ScannedMessage) => {
      const isUnplaced = message.timestamp === undefined;
      if (isUnplaced) documents.add(documentOf(message).key);
      return isUnplaced;
    };
    await this.#during(async (point) => {
      const untimed = new Delivery(point, whole, this.#stub, take, this.#memory);
      await untimed.end(() => untimed.stubs({ query: this.#unsearchable(timestamp), sort: [] }, isNew));
      const outside = this.#outside(timestamp, range);
      if (isOfList(this.#shape.timestamp) || !(await isAtMost(outsideMax, point.count(outside)))) return;
      const revised = (page: Page) => withMisplaced(page, range);
      const misplaced = new Delivery(point, whole, this.#stub, take, this.#memory, revised);
      await misplaced.end(() =>
        misplaced.stubs({ query: outside, sort: [] }, (message) => isMisplaced(message) && isNew(message)),
      );
    });
    return documents.size;
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  #during<Result>(work: (point: PointInTime) => Promise<Result>, index = this.#settings.index): Promise<Result> {
    return PointInTime.during(this.#cluster, this.#scan, this.#memory, index, work);
  }

  /** Counts, and retries if the point in time is lost. */
  async #counting<Result>(work: (point: PointInTime) => Promise<Result>, index?: string): Promise<Result> {
    for (let count = 1; ; count += 1) {
      try {
        return await this.#during(work, index);
      } catch (error) {
        if (!(error instanceof LostReading)) throw error;
        if (count === countsMax)
          throw new UserError(
            'source-unproven',
            `${this.#cluster.place} was counted ${countsMax} times, and each time ${error.message}: check that the cluster is up, then re-run.`,
          );
      }
    }
  }

  #query(): Json {
    return this.#settings.query ?? everything;
  }

  async #summarize(point: PointInTime, query: Json, { status }: Fields): Promise<StatusSummary> {
    if (status === undefined) return { total: await point.count(query), alerted: 0, guess: undefined, isExact: false };
    const { total, aggregations } = await point.aggregate(query, statusAggregations(status), statuses);
    const { alerted, values, isComplete } = readStatuses(aggregations);
    const closed = new ClosedStatuses(this.#shape.closedStatuses);
    const others = values.filter((value) => !closed.hasText(value));
    return { total, alerted, guess: guess(status, others), isExact: isComplete };
  }

  /** Looks up the indices and their fields once. */
  #prepare(): Promise<Prepared> {
    this.#prepared ??= this.#lookUp
      .prepare((index, fields) => this.#assertEmpty(index, fields))
      .catch((error: unknown) => {
        this.#prepared = undefined;
        throw error;
      });
    return this.#prepared;
  }

  /** Reads the own timestamps of all messages that no search by the field finds. */
  async #scanUnsearchable(point: PointInTime, { timestamp }: Fields): Promise<Unsearchable> {
    const times: number[] = [];
    let withoutTime = 0;
    const search = { query: this.#unsearchable(timestamp), source: this.#stub, sort: [] };
    for await (const { bytes, messages } of point.pages(search)) {
      for (const message of messages) {
        if (message.timestamp === undefined) withoutTime += 1;
        else times.push(Number(message.timestamp / 1000n));
      }
      this.#memory.give(bytes.buffer);
    }
    const found = { times, withoutTime };
    this.#unsearchableTimes = Promise.resolve(found);
    return found;
  }

  /** The result of the first such scan of this process; the audit of the next plan notices later messages. */
  #unsearchableOnce(point: PointInTime, fields: Fields): Promise<Unsearchable> {
    this.#unsearchableTimes ??= this.#scanUnsearchable(point, fields).catch((error: unknown) => {
      this.#unsearchableTimes = undefined;
      throw error;
    });
    return this.#unsearchableTimes;
  }

  /** Hands over the messages without the field whose own timestamp lies in this slot. */
  async #readUnsearchable(point: PointInTime, { fields, whole }: Prepared, interval: Interval, take: Take) {
    const { times } = await this.#unsearchableOnce(point, fields);
    if (!times.some((ms) => ms >= interval.start && ms < interval.end)) return 0;
    let found = 0;
    const isInside = ({ timestamp }: ScannedMessage) => {
      const inside = timestamp !== undefined && contains(interval, timestamp);
      if (inside) found += 1;
      return inside;
    };
    const delivery = new Delivery(point, whole, this.#stub, take, this.#memory);
    await delivery.end(() => delivery.stubs({ query: this.#unsearchable(fields.timestamp), sort: [] }, isInside));
    return found;
  }

  #outside(timestamp: TimestampField, range: Interval): Json {
    return both(this.#query(), exists(timestamp.field), not(within(timestamp, range)));
  }

  #unsearchable({ field }: TimestampField): Json {
    return both(this.#query(), not(exists(field)));
  }

  async #unsearched(point: PointInTime, coverage: Coverage): Promise<Unsearched[]> {
    const isAll = point.shards >= coverage.shards;
    return [...coverage.unsearched, ...(isAll ? [] : await this.#lookUp.unreadable(coverage))];
  }

  /** A message in an index that does not map the timestamp would be in no range, and never be read. */
  async #assertEmpty(index: string, { timestamp }: Fields): Promise<void> {
    const total = await this.#counting((point) => point.count(this.#query()), index);
    if (total === 0) return;
    throw new UserError(
      'source-index-invalid',
      `${this.#cluster.place} has messages in the index ${index}, which does not map the field "${timestamp.field}": map it as date, or change ${this.#cluster.input('index')} or message-timestamp.`,
    );
  }
}

/** Messages that no search by the timestamp's field finds. */
interface Unsearchable {
  /** The own timestamps of those that have a readable one, in ms since 1970. */
  readonly times: readonly number[];
  /** The number of the others. */
  readonly withoutTime: number;
}

/** True if a count is known and at most `max`; a count that is refused has been logged by the plan. */
async function isAtMost(max: number, counting: Promise<number>): Promise<boolean> {
  try {
    return (await counting) <= max;
  } catch (error) {
    if (error instanceof LostReading || !(error instanceof UserError)) throw error;
    return false;
  }
}

/** Returns the milliseconds in which messages lie. */
function momentsOf(sought: readonly Sought[]): Interval[] {
  return union(
    sought.flatMap(({ timestamp }) => {
      if (timestamp === undefined) return [];
      const start = Number(BigInt(timestamp) / 1000n);
      return [{ start, end: start + 1 }];
    }),
  );
}
