import * as v from 'valibot';
import type { Interval } from '../../windows/interval.ts';
import type { StatusField, TimestampField } from './fields.ts';

/**
 * JSON text. Requests are put together as text, so that what Elasticsearch said (sort values, ids) goes back exactly as it
 * came: read as numbers, 64-bit values would be rounded.
 */
export type Json = string;

/** What a `date_nanos` can hold, in ms since 1970; a range that reaches beyond is refused. */
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

/** Of a `date_nanos` the bounds are cut to what it can hold. */
export function within({ field, hasNanos }: TimestampField, { start, end }: Interval): Json {
  const bound = (ms: number) => (hasNanos ? Math.min(Math.max(ms, nanosMs.first), nanosMs.last) : ms);
  return JSON.stringify({ range: { [field]: { gte: bound(start), lt: bound(end), format: 'epoch_millis' } } });
}

/** What can be told of a message from the index. It may be wrong about any message: it only saves bytes. */
export interface Guess {
  /** Messages with a status. */
  readonly alerted: Json;
  /** Messages that are likely closed: a status exists, and none of the others that occur. */
  readonly closed: Json;
}

/**
 * @param otherStatuses those that occur and are not closed
 */
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

/** Of the values that a field has, at most so many are told. */
const statusesMax = 1_000;

/** Aggregates the statuses that occur, and counts the messages with one; {@link readStatuses} reads the answer. */
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
  /** Whether these are all. */
  readonly isComplete: boolean;
}

const terms = v.object({ buckets: v.array(v.object({ key: v.string() })), sum_other_doc_count: v.number() });

/** The answer to {@link statusAggregations}. */
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

/** The ways in which indices hold the alerts: under a nested path, or (undefined) as the message's own. */
function paths({ nested, isPlain }: StatusField): (string | undefined)[] {
  return [...(isPlain ? [undefined] : []), ...nested];
}

function under(path: string | undefined, query: Json): Json {
  return path === undefined
    ? query
    : `{"nested":{"path":${JSON.stringify(path)},"query":${query},"ignore_unmapped":true}}`;
}
