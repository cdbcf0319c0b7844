import { join } from 'node:path';
import type { Comparison, Difference, NamedMessages } from '../archive/comparison.ts';
import { Rows, shaBytes } from '../archive/rows.ts';
import type { Context, Sources } from '../context.ts';
import { readThrough } from '../export/read.ts';
import { watchedSource } from '../export/watched-source.ts';
import { counted, number } from '../format.ts';
import type { Source } from '../io/ports.ts';
import { Spool } from '../memory/spool.ts';
import type { SourceName } from '../messages/message.ts';
import type { Page, ScannedMessage } from '../messages/page.ts';
import { failureOf } from '../optional-work.ts';
import { differingText, lackingText, namedText } from '../report/comparison.ts';
import { contains, DAY_MS, day, type Interval, instant, intersection } from '../windows/interval.ts';
import { slotsIn } from '../windows/slot.ts';
import { comparePayloads, type Pair } from '../worker/objects.ts';

/** The number of ids to name for each kind of difference. */
const namedMax = 20;
/** Longer ids are truncated, to bound what is passed from job to job. */
const idCharactersMax = 200;

/**
 * The days on which both sources are compared: the last ones before alerts count as settled. Younger days are read from the
 * API and older ones from Elasticsearch; here both must agree. Undefined if the range includes none of them.
 */
export function overlapOf(now: number, recentDays: number, days: number, range: Interval): Interval | undefined {
  const end = Math.floor(now / DAY_MS - recentDays) * DAY_MS;
  return intersection({ start: end - days * DAY_MS, end }, range);
}

/**
 * Reads the overlap from both sources and compares ids and contents of messages with alerts. A source that cannot be read does
 * not fail the plan.
 * @returns the differences, or why there was no comparison; undefined if there is nothing to compare
 */
export async function compareSources(
  context: Context,
  sources: Sources,
  range: Interval,
  days: number,
): Promise<Comparison | undefined> {
  if (days === 0 || sources.live === sources.settled) return undefined;
  const overlap = overlapOf(context.now(), context.recentDays, days, range);
  if (overlap === undefined) return undefined;
  const span = { from: instant(overlap.start), to: instant(overlap.end) };
  const differences = new Differences(sources);
  const failure = await failureOf(async () => {
    // Slot by slot: a source need not serve longer ranges.
    for (const slot of slotsIn(overlap, context.settings.layout))
      await comparePiece(context, sources, intersection(slot, overlap)!, differences);
  });
  const comparison =
    failure === undefined ? { ...span, ...differences.found() } : { ...span, failure: failure.message };
  logComparison(context, comparison);
  return comparison;
}

/** Differences found so far, of all pieces of the overlap. */
class Differences {
  both = 0;
  readonly lacking: ({ readonly source: SourceName } & Count)[];
  readonly differing: Count = { count: 0, named: [] };

  readonly #settled: SourceName;

  constructor({ live, settled }: Sources) {
    this.#settled = settled.name;
    this.lacking = [live, settled].map(({ name }) => ({ source: name, count: 0, named: [] }));
  }

  found() {
    return {
      settled: this.#settled,
      both: this.both,
      lacking: this.lacking.filter(({ count }) => count > 0),
      differing: this.differing,
    };
  }
}

interface Count extends NamedMessages {
  count: number;
  readonly named: Difference[];
}

function add(to: Count, id: string, shown?: Difference['shown']): void {
  to.count += 1;
  if (to.named.length === namedMax) return;
  const cut = id.length > idCharactersMax ? `${id.slice(0, idCharactersMax).toWellFormed()}…` : id;
  to.named.push({ id: cut, ...(shown !== undefined && { shown }) });
}

async function comparePiece(
  context: Context,
  { live, settled }: Sources,
  piece: Interval,
  differences: Differences,
): Promise<void> {
  const spool = new Spool(context.memory, join(context.temporary, `${context.newId()}.spool`));
  try {
    const first = new Census(piece, spool);
    await readThrough(context, first.watch(live), piece);
    const second = new Census(piece, spool, first);
    await readThrough(context, second.watch(settled), piece);
    const [lackingLive, lackingSettled] = differences.lacking;
    for (const id of first.without(second)) add(lackingSettled!, id, second.others.get(id));
    for (const id of second.without(first)) add(lackingLive!, id, first.others.get(id));
    const pairs = second.differing(first);
    const same = await comparePayloads(
      context.threads,
      await spool.flush(),
      pairs.map(({ pair }) => pair),
    );
    pairs.forEach(({ id }, n) => {
      if (!same[n]) add(differences.differing, id);
    });
    differences.both += second.rows.size - second.without(first).length;
  } finally {
    await spool.close();
  }
}

/** The messages with alerts that a source returned for an interval. */
class Census {
  readonly rows = new Rows();
  /** Ids returned without alerts or as invalid. */
  readonly others = new Map<string, Difference['shown']>();
  readonly #interval: Interval;
  readonly #spool: Spool;
  readonly #other: Census | undefined;

  /** @param other the census of the other source, already complete: only payloads that differ from it are kept */
  constructor(interval: Interval, spool: Spool, other?: Census) {
    this.#interval = interval;
    this.#spool = spool;
    this.#other = other;
  }

  watch(source: Source): Source {
    return watchedSource(source, async (page) => {
      for (const [n, message] of page.messages.entries()) this.#take(page, message, n, source.name);
      await this.#spool.flush();
    });
  }

  /** Ids that the other census lacks. */
  without(other: Census): string[] {
    const ids: string[] = [];
    for (let at = 0; at < this.rows.size; at += 1) {
      const id = this.rows.id(at);
      if (other.rows.find(id) === undefined) ids.push(id);
    }
    return ids;
  }

  /** Ids whose bytes differ. */
  differing(other: Census): { readonly id: string; readonly pair: Pair }[] {
    const found: { id: string; pair: Pair }[] = [];
    for (let at = 0; at < this.rows.size; at += 1) {
      const position = this.rows.position(at);
      const otherAt = other.rows.find(this.rows.id(at));
      if (otherAt === undefined || position < 0) continue;
      const pair = [other.rows.position(otherAt), other.rows.length(otherAt), position, this.rows.length(at)] as const;
      found.push({ id: this.rows.id(at), pair });
    }
    return found;
  }

  #take({ bytes, shas }: Page, message: ScannedMessage, n: number, source: SourceName): void {
    const { id, timestamp, state, start, end } = message;
    if (id === undefined || (timestamp !== undefined && !contains(this.#interval, timestamp))) return;
    if (state === 'unalerted' || state === 'invalid') {
      // In the second source, only ids that the first one returned with alerts matter.
      if (this.#other === undefined || this.#other.rows.find(id) !== undefined) this.others.set(id, state);
      return;
    }
    const sha = shas.subarray(n * shaBytes, (n + 1) * shaBytes);
    const position = this.#isKnown(id, sha) ? -1 : this.#spool.append(bytes.subarray(start, end));
    this.rows.set({ id, timestamp: timestamp!, readAt: 0, source, sha, position, length: end - start });
  }

  #isKnown(id: string, sha: Uint8Array): boolean {
    const at = this.#other?.rows.find(id);
    if (this.#other === undefined) return false;
    return at === undefined || Buffer.compare(this.#other.rows.sha(at), sha) === 0;
  }
}

function logComparison({ log }: Context, comparison: Comparison): void {
  const days = `${day(Date.parse(comparison.from))} to ${day(Date.parse(comparison.to) - 1)}`;
  if ('failure' in comparison) {
    log.warning(`The sources were not compared from ${days}: ${comparison.failure}`);
    return;
  }
  log.line(
    `Compared both sources from ${days}: ${counted(comparison.both, 'message')} with alerts in both, ${number(comparison.lacking.reduce((sum, { count }) => sum + count, 0))} in one only, ${number(comparison.differing.count)} with different content.`,
  );
  for (const { source, ...missing } of comparison.lacking)
    log.warning(`${lackingText(source, missing.count, comparison.settled)}: ${namedText(missing).join(', ')}.`);
  if (comparison.differing.count > 0)
    log.warning(
      `${differingText(comparison.differing, comparison.settled)}: ${namedText(comparison.differing).join(', ')}.`,
    );
}
