import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { StatusField } from '../../../src/io/search/fields.ts';
import {
  anyOf,
  both,
  either,
  exists,
  guess,
  not,
  readStatuses,
  statusAggregations,
  statuses,
  within,
} from '../../../src/io/search/query.ts';

const plain: StatusField = { field: 'alerts.status', nested: [], isPlain: true };
const nested: StatusField = { ...plain, nested: ['alerts'], isPlain: false };
const timestamp = { field: 'a "time"', hasNanos: false, isMixed: false };

/** Evaluates a query against a document with these statuses, as Elasticsearch does. */
// biome-ignore-start lint/suspicious/noExplicitAny: queries are what they are
function holds(query: any, statuses: readonly string[], isNested: boolean): boolean {
  const [kind, body] = Object.entries<any>(query)[0]!;
  const of = (each: any) => holds(each, statuses, isNested);
  if (kind === 'bool') {
    const { filter = [], should, must_not = [] } = body;
    return filter.every(of) && !must_not.some(of) && (should === undefined || should.some(of));
  }
  if (kind === 'nested') return isNested && statuses.some((status) => holds(body.query, [status], false));
  if (isNested) return false;
  if (kind === 'exists') return statuses.length > 0;
  return body['alerts.status'].some((value: string) => statuses.includes(value));
}
// biome-ignore-end lint/suspicious/noExplicitAny: queries are what they are

describe('queries', () => {
  it('are JSON with raw values unchanged', () => {
    const big = '12345678901234567890';
    const query = both(exists('a'), either(not(exists('b"')), anyOf('c', [big, '"x"'])));
    expect(query).toContain(`{"terms":{"c":[${big},"x"]}}`);
    expect(JSON.parse(query)).toEqual({
      bool: {
        filter: [
          { exists: { field: 'a' } },
          {
            bool: {
              should: [{ bool: { must_not: [{ exists: { field: 'b"' } }] } }, { terms: { c: [Number(big), 'x'] } }],
              minimum_should_match: 1,
            },
          },
        ],
      },
    });
  });

  it('clip a range to the bounds of date_nanos', () => {
    const range = (hasNanos: boolean, start: number, end: number) =>
      JSON.parse(within({ ...timestamp, hasNanos }, { start, end })).range['a "time"'];
    expect(range(false, -5, 1e14)).toEqual({ gte: -5, lt: 1e14, format: 'epoch_millis' });
    expect(range(true, -5, 1e14)).toEqual({ gte: 0, lt: 9_223_372_036_854, format: 'epoch_millis' });
    expect(range(true, 5, 7)).toEqual({ gte: 5, lt: 7, format: 'epoch_millis' });
  });
});

describe('the guess', () => {
  const others = ['open', 'ne"w'];
  const mixed = { ...plain, nested: ['alerts'] };
  it.each<[string, StatusField, boolean]>([
    ['plain', plain, false],
    ['nested', nested, true],
    ['mixed, plain', mixed, false],
    ['mixed, nested', mixed, true],
  ])('requires a status, and none that is not closed: %s', (_, status, isNested) => {
    const { alerted, closed } = guess(status, others);
    for (const statuses of [[], ['closed'], ['closed', 'Closed'], ['open'], ['closed', 'ne"w'], ['ne"w', 'open']]) {
      const isAlerted = statuses.length > 0;
      expect(holds(JSON.parse(alerted), statuses, isNested)).toBe(isAlerted);
      expect(holds(JSON.parse(closed), statuses, isNested)).toBe(
        isAlerted && !statuses.some((each) => others.includes(each)),
      );
    }
  });

  it('requires only a status if every status is a closed one', () => {
    const { alerted, closed } = guess(nested, []);
    expect(closed).toBe(alerted);
  });
});

describe('status aggregations', () => {
  it('cover nested and plain alerts', () => {
    const aggregations = JSON.parse(statusAggregations({ ...plain, nested: ['alerts'] }));
    expect(aggregations).toMatchObject({
      alerted: { filter: { bool: {} } },
      0: { terms: { field: 'alerts.status' } },
      1: { nested: { path: 'alerts' }, aggs: { terms: { terms: { field: 'alerts.status' } } } },
    });
  });

  it('return the statuses, and whether they are all', () => {
    const terms = (keys: string[], more: number) => ({
      buckets: keys.map((key) => ({ key })),
      sum_other_doc_count: more,
    });
    const read = (ways: object) => readStatuses(v.parse(statuses, { alerted: { doc_count: 9 }, ...ways }));
    expect(read({ 0: terms(['open', 'closed'], 0), 1: { doc_count: 4, terms: terms(['open', 'é'], 0) } })).toEqual({
      alerted: 9,
      values: ['open', 'closed', 'é'],
      isComplete: true,
    });
    expect(read({ 0: { terms: terms([], 1) } }).isComplete).toBe(false);
  });
});
