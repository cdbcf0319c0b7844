import type { ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type TestServer, testServer } from '../support/http-server.ts';

/** A request on its way to Elasticsearch. */
export interface Relayed {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  readonly body: string;
  /** Of those with the same method and last part of the path, from 1 on. */
  readonly count: number;
  /** Whether it asks for a page of hits. */
  readonly isPage: boolean;
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
    const kind = (each: { method: string; path: string }) => `${each.method} ${each.path.split('/').at(-1)}`;
    const seen = { method: request.method!, path };
    const count = relayed.filter((each) => kind(each) === kind(seen)).length + 1;
    const isPage = path.endsWith('/_search') && body.includes('"_shard_doc"');
    const asked = { ...seen, body, count, isPage };
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
