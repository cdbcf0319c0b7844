import type { Engine } from './engines.ts';
import { replied } from './fates.ts';
import type { Fate, FateOf } from './relay.ts';

/** A request on its way to a search engine. */
export interface Search {
  readonly body: string;
  readonly kind: 'page' | 'tally' | 'other';
  /** Counts the requests of the same kind, method and path, from 1. */
  readonly count: number;
}

/** Classifies requests to a search engine for those who decide on their fates. */
export function searches(fateOf: (search: Search) => Fate | undefined | Promise<Fate | undefined>): FateOf {
  const counts = new Map<string, number>();
  return ({ method, path, body }) => {
    const text = body.toString();
    const kind = text.includes('"sort":[') ? 'page' : text.includes('"pit"') ? 'tally' : 'other';
    const key = `${kind} ${method} ${path}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return fateOf({ body: text, kind, count });
  };
}

/** An error of a search engine instead of a response; the request never arrives. */
export function searchRefused(
  product: Engine['product'],
  status: number,
  type: string,
  reason = '',
  headers: Readonly<Record<string, string>> = {},
): Fate {
  const error = { type, reason };
  return replied(status, JSON.stringify({ error: { root_cause: [error], ...error }, status }), {
    ...(product === 'Elasticsearch' && { 'x-elastic-product': product }),
    'content-type': 'application/json',
    ...headers,
  });
}
