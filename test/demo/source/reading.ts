import { hash } from 'node:crypto';
import type { State } from '../../../demo/source/life.ts';
import type { Source } from '../../../demo/source/server.ts';

/** A message in a page, parsed independently of the source's code. */
export interface Found {
  readonly id: string | null;
  /** Undefined if invalid. */
  readonly timestamp: bigint | undefined;
  readonly state: State;
  readonly sha256: string;
  readonly message: Record<string, unknown>;
}

export interface PageAnswer {
  readonly status: number;
  readonly total: number | undefined;
  readonly messages: readonly Found[];
  readonly text: string;
}

export type Query = Readonly<Record<string, string | number>>;

/** Requests a page. */
export async function ask(source: Source, query: Query, token = source.token): Promise<Response> {
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return fetch(`${source.url}?${parameters}`, { headers: { authorization: `Bearer ${token}` } });
}

/** Reads one page: the values with JSON.parse, the messages' bytes by matching brackets. */
export async function readPage(source: Source, query: Query): Promise<PageAnswer> {
  const response = await ask(source, query);
  const text = await response.text();
  const page = JSON.parse(text) as { total?: number; messages?: Record<string, unknown>[] };
  const texts = elementsOf(text.slice(text.indexOf('[') + 1, text.lastIndexOf(']')));
  return {
    status: response.status,
    total: page.total,
    messages: (page.messages ?? []).map((message, place) => found(message, texts[place] as string)),
    text,
  };
}

/** Reads pages up to the first empty one. */
export async function readAll(source: Source, query: Query): Promise<{ total: number | undefined; messages: Found[] }> {
  const messages: Found[] = [];
  for (let page = 1; ; page++) {
    const answer = await readPage(source, { page_size: 100, page_number: page, ...query });
    if (answer.messages.length === 0) return { total: answer.total, messages };
    messages.push(...answer.messages);
  }
}

/** Parses a timestamp to µs since 1970; undefined if invalid. */
export function microseconds(text: unknown): bigint | undefined {
  if (typeof text !== 'string') return undefined;
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})(\d{3})?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (!parts) return undefined;
  const [, seconds, millis, micros, offset] = parts;
  return BigInt(Date.parse(`${seconds}.${millis}${offset ?? 'Z'}`)) * 1_000n + BigInt(micros ?? 0);
}

function found(message: Record<string, unknown>, text: string): Found {
  const timestamp = microseconds(message.timestamp);
  const id = typeof message.message_id === 'string' ? message.message_id : null;
  return { id, timestamp, state: stateOf(message, id, timestamp), sha256: hash('sha256', text), message };
}

function stateOf({ alerts }: Record<string, unknown>, id: string | null, timestamp: bigint | undefined): State {
  if (id === null || !id.isWellFormed() || timestamp === undefined) return 'invalid';
  if (alerts === undefined || alerts === null) return 'unalerted';
  if (!Array.isArray(alerts)) return 'invalid';
  if (alerts.length === 0) return 'unalerted';
  return alerts.every(({ status }) => String(status).toLowerCase() === 'closed') ? 'closed' : 'open';
}

/** Returns the texts of the objects in a list. */
function elementsOf(list: string): string[] {
  const elements: string[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"|[{}]/gs;
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of list.matchAll(tokens)) {
    if (token === '{' && depth++ === 0) start = index;
    if (token === '}' && --depth === 0) elements.push(list.slice(start, index + 1));
  }
  return elements;
}
