import * as v from 'valibot';
import type { Interval } from '../../windows/interval.ts';
import type { StatusField, TimestampField } from './fields.ts';

/**
 * JSON text. Requests are composed as text so that sort values and ids go back to the server unchanged: parsed as numbers,
 * 64-bit values would be rounded.
 */
export type Json = string;

/** The range of a `date_nanos`, in ms since 1970; the server rejects bounds beyond it. */
const nanosMs = { first: 0, last: 9_223_372_036_854 };

export const everything: Json = '{"match_all":{}}';

export function both(...clauses: readonly Json[]): Json {
  return `{"bool":{"filter":[${clauses.join(',')}]}}`;
}

export function either(...clauses: readonly Json[]): Json {
  return `{"bool":{"should":[${clauses.join(',')}],"minimum_should_match":1}}`;
}

export function not(...clauses: readonly Json[]): Json {
  return `{"bool":{"must_not":[${clauses.join(',')}]}}`;
}

export function exists(field: string): Json {
  return JSON.stringify({ exists: { field } });
}

/** @param values JSON texts */
export function anyOf(field: string, values: readonly Json[]): Json {
  return `{"terms":{${JSON.stringify(field)}:[${values.join(',')}]}}`;
}

/** Matches an interval, whose bounds are clipped to the range of a `date_nanos`. */
export function within({ field, hasNanos }: TimestampField, { start, end }: Interval): Json {
  const bound = (ms: number) => (hasNanos ? Math.min(Math.max(ms, nanosMs.first), nanosMs.last) : ms);
  return JSON.stringify({ range: { [field]: { gte: bound(start), lt: bound(end), format: 'epoch_millis' } } });
}

/** Queries that predict a message's state from the index. They may be wrong about any message: they only save bytes. */
export interface Guess {
  /** Messages with a status. */
  readonly alerted: Json;
  /** Messages that are likely closed: they have a status, and none that is not closed. */
  readonly closed: Json;
}

/** @param otherStatuses the statuses that occur and are not closed */
export function guess(status: StatusField, otherStatuses: readonly string[]): Guess {
  const values = otherStatuses.map((value) => JSON.stringify(value));
  const ways = paths(status).map((path) => {
    const alerted = under(path, exists(status.field));
    if (values.length === 0) return { alerted, closed: alerted };
    return { alerted, closed: both(alerted, not(under(path, anyOf(status.field, values)))) };
  });
  return {
    alerted: either(...ways.map(({ alerted }) => alerted)),
    closed: either(...ways.map(({ closed }) => closed)),
  };
}

/** The most values of a status field that one aggregation returns. */
const statusesMax = 1_000;

/** Aggregates the statuses that occur, and counts the messages that have one; {@link readStatuses} reads the response. */
export function statusAggregations(status: StatusField): Json {
  const terms = JSON.stringify({ terms: { field: status.field, size: statusesMax } });
  const aggregations = paths(status).map((path, n) =>
    path === undefined ? `"${n}":${terms}` : `"${n}":{"nested":${JSON.stringify({ path })},"aggs":{"terms":${terms}}}`,
  );
  return `{"alerted":{"filter":${guess(status, []).alerted}},${aggregations.join(',')}}`;
}

export interface Statuses {
  /** Messages with a status. */
  readonly alerted: number;
  readonly values: readonly string[];
  /** True if the values are all that occur. */
  readonly isComplete: boolean;
}

const terms = v.object({ buckets: v.array(v.object({ key: v.string() })), sum_other_doc_count: v.number() });

/** The response to {@link statusAggregations}. */
export const statuses = v.objectWithRest(
  { alerted: v.object({ doc_count: v.number() }) },
  v.union([terms, v.object({ terms })]),
);

export function readStatuses({ alerted, ...ways }: v.InferOutput<typeof statuses>): Statuses {
  const found = Object.values(ways).map((way) => ('terms' in way ? way.terms : way));
  return {
    alerted: alerted.doc_count,
    values: [...new Set(found.flatMap(({ buckets }) => buckets.map(({ key }) => key)))],
    isComplete: found.every(({ sum_other_doc_count }) => sum_other_doc_count === 0),
  };
}

/** The paths under which indices hold the alerts: a nested path, or undefined for the message itself. */
function paths({ nested, isPlain }: StatusField): (string | undefined)[] {
  return [...(isPlain ? [undefined] : []), ...nested];
}

function under(path: string | undefined, query: Json): Json {
  return path === undefined
    ? query
    : `{"nested":{"path":${JSON.stringify(path)},"query":${query},"ignore_unmapped":true}}`;
}
