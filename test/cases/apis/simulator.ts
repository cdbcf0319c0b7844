import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { testServer } from '../../support/http-server.ts';

/** A message of a simulated API, before the API spells it. */
export interface Held {
  readonly id: string;
  /** In ms since 1970. */
  readonly at: number;
  readonly statuses: readonly string[];
}

/** One page as a model is to spell it. */
export interface PageFacts {
  readonly items: readonly Held[];
  /** Messages in the range. */
  readonly total: number;
  /** The cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
  /** The URL of the request, for models that state the URL of the next page. */
  readonly url: URL;
}

/** How an API authenticates: by headers with these values, or by OAuth tokens. */
export type Auth =
  | { readonly headers: Readonly<Record<string, string>> }
  | { readonly tokenPath: string; readonly grant: string; readonly secretIn: 'header' | 'body' };

/** A public API as data: what it takes, what it sends, and its limits. */
export interface ApiModel {
  /** The section of docs/your-api.md whose inputs archive it. */
  readonly section: string;
  readonly method?: 'POST';
  readonly path: string;
  readonly auth: Auth;
  /** The start and the end that a request states, as texts. */
  readonly range: (get: Get) => readonly [start: string | undefined, end: string | undefined];
  /** How the texts are read; with `date`, the end is the last day. */
  readonly times: 'iso' | 'epoch-s' | 'epoch-ms' | 'date';
  readonly isStartExclusive?: true;
  /** The longest range that it serves. */
  readonly rangeMsMax?: number;
  /** The parameter of the page size; `max` caps it silently. */
  readonly size: { readonly name?: string; readonly max: number };
  /** The parameter by which it pages, and the first page's value; `cursor`: an opaque position. */
  readonly paging:
    | { readonly kind: 'page' | 'offset'; readonly name: string; readonly first: number }
    | { readonly kind: 'cursor'; readonly name: string; readonly refusal: number }
    | { readonly kind: 'none' };
  readonly isNewestFirst?: true;
  readonly body: (page: PageFacts) => unknown;
  readonly headers?: (page: PageFacts) => Readonly<Record<string, string>>;
  readonly status?: number;
}

/** A parameter of the query, or a value of the body by its path: `data.0.start`. */
export type Get = (name: string) => string | undefined;

export const credentials = {
  token: 'a-token-of-a-model-17',
  username: 'a-user-of-a-model',
  password: 'a-password-of-a-model-23',
  clientId: 'a-client-of-a-model',
  clientSecret: 'a-client-secret-of-a-model-29',
} as const;

/** Which faults an API has: each once, at a request that follows from its kind. */
export interface Misbehaviour {
  /** Every so many requests are refused, in turn with these statuses. */
  readonly statuses: readonly number[];
  /** Requests after which a token is no longer accepted. */
  readonly tokenUses: number;
  /** The use of a cursor that finds it expired, counted from 1. */
  readonly expiredUse: number;
}

/** Every so many requests one is refused, while there are statuses left. */
const refusalEvery = 3;

export interface Simulated {
  readonly origin: string;
  /** Problems that the requests had, and no client should cause. */
  readonly complaints: readonly string[];
  /** How many tokens were given out. */
  readonly tokens: () => number;
  readonly expired: () => boolean;
}

/** Serves the messages as the model does. */
export async function simulate(model: ApiModel, held: readonly Held[], faults?: Misbehaviour): Promise<Simulated> {
  const complaints: string[] = [];
  const statuses = [...(faults?.statuses ?? [])];
  let [requests, tokens, uses, cursorUses, hasExpired] = [0, 0, 0, 0, false];

  const giveToken = (request: IncomingMessage, response: ServerResponse, body: string, url: URL) => {
    const { auth } = model;
    if (!('tokenPath' in auth)) return void send(response, 404, {});
    const form = new URLSearchParams(body);
    const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64');
    const isRight =
      auth.secretIn === 'header'
        ? request.headers.authorization === `Basic ${basic}`
        : form.get('client_id') === credentials.clientId && form.get('client_secret') === credentials.clientSecret;
    if (!isRight) return void send(response, 401, { error: 'invalid_client' });
    const grant = form.get('grant_type') ?? url.searchParams.get('grant_type');
    if (grant !== auth.grant) return void send(response, 400, { error: 'unsupported_grant_type' });
    tokens += 1;
    uses = 0;
    send(response, 200, { access_token: `issued-token-${tokens}`, token_type: 'bearer', expires_in: 3600 });
  };

  const isAuthorized = ({ headers }: IncomingMessage): boolean => {
    if ('headers' in model.auth)
      return Object.entries(model.auth.headers).every(([name, value]) => headers[name] === value);
    uses += 1;
    return headers.authorization === `Bearer issued-token-${tokens}` && uses <= (faults?.tokenUses ?? uses);
  };

  const pageOf = (get: Get, url: URL): { status: number; facts?: PageFacts } => {
    const [start, end] = model.range(get).map((each) => msOf(each, model.times));
    if (start === undefined || end === undefined || Number.isNaN(start) || Number.isNaN(end)) return { status: 400 };
    const until = model.times === 'date' ? end + 86_400_000 : end;
    if (model.rangeMsMax !== undefined && until - start > model.rangeMsMax) return { status: 400 };
    const found = held.filter(({ at }) => (model.isStartExclusive ? at > start : at >= start) && at < until);
    found.sort((a, b) => (model.isNewestFirst ? b.at - a.at : a.at - b.at));
    const asked = model.size.name === undefined ? model.size.max : Number(get(model.size.name) ?? model.size.max);
    if (!(asked >= 1)) return { status: 400 };
    const size = Math.min(asked, model.size.max);
    const { paging } = model;
    let skip = 0;
    if (paging.kind === 'page') skip = (Number(get(paging.name) ?? paging.first) - paging.first) * size;
    if (paging.kind === 'offset') skip = Number(get(paging.name) ?? paging.first) - paging.first;
    const cursor = paging.kind === 'cursor' ? get(paging.name) : undefined;
    if (cursor !== undefined && paging.kind === 'cursor') {
      cursorUses += 1;
      if (cursorUses === faults?.expiredUse) {
        hasExpired = true;
        return { status: paging.refusal };
      }
      skip = Number(Buffer.from(cursor, 'base64url').toString().split(':')[1]);
    }
    if (!Number.isInteger(skip) || skip < 0) return { status: 400 };
    const items = paging.kind === 'none' ? found : found.slice(skip, skip + size);
    const next = skip + size < found.length ? Buffer.from(`skip:${skip + size}`).toString('base64url') : undefined;
    return { status: model.status ?? 200, facts: { items, total: found.length, next, url } };
  };

  const server = await testServer((response, _, request) => {
    void text(request).then((body) => {
      const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
      if ('tokenPath' in model.auth && url.pathname === model.auth.tokenPath)
        return giveToken(request, response, body, url);
      requests += 1;
      if (request.headers['user-agent']?.startsWith('message-archive/') !== true) complaints.push('no user agent');
      if (request.method !== (model.method ?? 'GET')) complaints.push(`method ${request.method}`);
      if (url.pathname !== model.path) complaints.push(`path ${url.pathname}`);
      const status = requests % refusalEvery === 0 ? statuses.shift() : undefined;
      if (status !== undefined) return void send(response, status, { error: { message: 'try again' } });
      if (!isAuthorized(request)) return void send(response, 401, { error: 'expired' });
      const parsed: unknown = body === '' ? undefined : JSON.parse(body);
      const page = pageOf((name) => url.searchParams.get(name) ?? valueAt(parsed, name), url);
      if (page.facts === undefined)
        return void send(response, page.status, { error: `refused: ${url.search} ${body}` });
      send(response, page.status, model.body(page.facts), model.headers?.(page.facts));
    });
  });
  return { origin: server.url.origin, complaints, tokens: () => tokens, expired: () => hasExpired };
}

function send(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function valueAt(body: unknown, path: string): string | undefined {
  let value = body;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  return value === undefined || value === null ? undefined : String(value);
}

function msOf(written: string | undefined, times: ApiModel['times']): number {
  if (written === undefined) return Number.NaN;
  if (times === 'epoch-s') return /^\d+$/.test(written) ? Number(written) * 1000 : Number.NaN;
  if (times === 'epoch-ms') return /^\d+$/.test(written) ? Number(written) : Number.NaN;
  const isDate = /^\d{4}-\d\d-\d\d$/.test(written);
  if (isDate !== (times === 'date')) return Number.NaN;
  return Date.parse(written);
}
