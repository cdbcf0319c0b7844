import type { ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type TestServer, testServer } from '../support/http-server.ts';

/** A request on its way to Elasticsearch. */
export interface Relayed {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  readonly body: string;
  readonly kind: 'page' | 'tally' | 'other';
  /** Of those of the same kind, method and path, from 1 on. */
  readonly count: number;
}

/** What is answered in Elasticsearch's stead, or its own answer changed; undefined: nothing is done. */
export interface Fate {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly change?: (text: string) => string;
  readonly bytes?: number;
}

export interface Relay extends TestServer {
  readonly relayed: readonly Relayed[];
}

/** Stands before an Elasticsearch for the test in hand, and does to each request what is told. */
export async function relayTo(
  url: string,
  fate: (request: Relayed) => Fate | undefined | Promise<Fate | undefined>,
): Promise<Relay> {
  const relayed: Relayed[] = [];
  const server = await testServer(async (response, _, request) => {
    const path = new URL(request.url!, url).pathname;
    const body = (await buffer(request)).toString();
    const method = request.method!;
    const kind = body.includes('"_shard_doc"') ? 'page' : body.includes('"pit"') ? 'tally' : 'other';
    const isAlike = (each: Relayed) => each.kind === kind && each.method === method && each.path === path;
    const asked: Relayed = { method, path, body, kind, count: relayed.filter(isAlike).length + 1 };
    relayed.push(asked);
    await answer(response, url, request.url!, asked, request.headers, (await fate(asked)) ?? {});
  });
  return { ...server, relayed };
}

async function answer(
  response: ServerResponse,
  url: string,
  path: string,
  { method, body }: Relayed,
  headers: NodeJS.Dict<string | string[]>,
  fate: Fate,
): Promise<void> {
  const product = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };
  if (fate.status !== undefined) {
    response.writeHead(fate.status, { ...product, ...fate.headers }).end(JSON.stringify(fate.body ?? {}));
    return;
  }
  const { accept, 'content-type': type } = headers as Record<string, string>;
  const real = await fetch(`${url}${path}`, {
    method,
    headers: { accept: accept!, 'content-type': type! },
    ...(body !== '' && { body }),
  });
  const text = await real.text();
  const bytes = Buffer.from(fate.change === undefined ? text : fate.change(text));
  response.writeHead(real.status, { ...product, 'content-length': bytes.length });
  if (fate.bytes === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, fate.bytes), () => response.destroy());
}
