import * as v from 'valibot';
import type { SourceCount } from '../../archive/ledger.ts';
import type { PointInTime } from './point-in-time.ts';
import type { Guess, Json } from './query.ts';

/** Statuses of the messages in a range, as the index knows them. */
export interface StatusSummary {
  readonly total: number;
  readonly alerted: number;
  /** Undefined if no field holds statuses exactly. */
  readonly guess: Guess | undefined;
  /** True if the guess accounts for every status that occurs. */
  readonly isExact: boolean;
}

const counted = v.object({ doc_count: v.number() });
const buckets = v.array(v.object({ ...counted.entries, alerted: v.optional(counted), closed: v.optional(counted) }));

/** Counts the messages that a query finds in each range. */
export async function countRanges(
  point: PointInTime,
  query: Json,
  ranges: readonly Json[],
  { guess: by, isExact }: StatusSummary,
): Promise<SourceCount[]> {
  const each = by === undefined ? '' : `,"aggs":{"alerted":{"filter":${by.alerted}},"closed":{"filter":${by.closed}}}`;
  const aggregation = `{"slots":{"filters":{"filters":[${ranges.join(',')}]}${each}}}`;
  const schema = v.object({ slots: v.object({ buckets: v.pipe(buckets, v.length(ranges.length)) }) });
  const { aggregations } = await point.aggregate(query, aggregation, schema);
  return aggregations.slots.buckets.map(({ doc_count: total, alerted, closed }) => ({
    total,
    ...(alerted && { alerted: alerted.doc_count }),
    ...(closed && isExact && { closed: closed.doc_count }),
  }));
}
