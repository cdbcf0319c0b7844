import { replied } from './fates.ts';
import type { Fate, FateOf } from './relay.ts';

/** A request on its way to Elasticsearch. */
export interface Search {
  readonly body: string;
  readonly kind: 'page' | 'tally' | 'other';
  /** Of those of the same kind, method and path, from 1 on. */
  readonly count: number;
}

/** Tells requests to Elasticsearch apart, for those who decide on their fates. */
export function searches(fateOf: (search: Search) => Fate | undefined | Promise<Fate | undefined>): FateOf {
  const counts = new Map<string, number>();
  return ({ method, path, body }) => {
    const text = body.toString();
    const kind = text.includes('"_shard_doc"') ? 'page' : text.includes('"pit"') ? 'tally' : 'other';
    const key = `${kind} ${method} ${path}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return fateOf({ body: text, kind, count });
  };
}

/** An error of Elasticsearch in the place of an answer; the request never arrives. */
export function searchRefused(
  status: number,
  type: string,
  reason = '',
  headers: Readonly<Record<string, string>> = {},
): Fate {
  const error = { type, reason };
  return replied(status, JSON.stringify({ error: { root_cause: [error], ...error }, status }), {
    'x-elastic-product': 'Elasticsearch',
    'content-type': 'application/json',
    ...headers,
  });
}
