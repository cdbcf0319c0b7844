import { ElasticsearchSource } from '../../src/io/elasticsearch/source.ts';
import { OpenSearchSource } from '../../src/io/opensearch/source.ts';
import type { Log } from '../../src/io/ports.ts';
import type { SearchSettings } from '../../src/io/search/settings.ts';
import type { SearchSource } from '../../src/io/search/source.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import type { MessageShape } from '../../src/messages/message.ts';
import type { Scan } from '../../src/messages/page.ts';
import { TestClock } from '../support/clock.ts';
import { endpoints } from './endpoints.ts';

/** A secret that every source sends; servers without security ignore it. */
export const secret = 'a-secret-that-nobody-may-see';

/** A search engine of the suite. */
export interface Engine {
  /** `OpenSearch 2` */
  readonly name: string;
  readonly product: 'Elasticsearch' | 'OpenSearch';
  /** How its inputs begin, and its name as a source. */
  readonly prefix: 'elasticsearch' | 'opensearch';
  readonly url: string;
}

/** Both Elasticsearch majors, for `describe.each`. */
export function elasticsearches(): Engine[] {
  const { elasticsearch8, elasticsearch9 } = endpoints();
  const engine = { product: 'Elasticsearch', prefix: 'elasticsearch' } as const;
  return [
    { ...engine, name: 'Elasticsearch 8', url: elasticsearch8 },
    { ...engine, name: 'Elasticsearch 9', url: elasticsearch9 },
  ];
}

/** Both OpenSearch majors, for `describe.each`. */
export function openSearches(): Engine[] {
  const { openSearch2, openSearch3 } = endpoints();
  const engine = { product: 'OpenSearch', prefix: 'opensearch' } as const;
  return [
    { ...engine, name: 'OpenSearch 2', url: openSearch2 },
    { ...engine, name: 'OpenSearch 3', url: openSearch3 },
  ];
}

export function searchEngines(): Engine[] {
  return [...elasticsearches(), ...openSearches()];
}

export interface Opened {
  readonly source: SearchSource;
  readonly warnings: string[];
  readonly clock: TestClock;
}

/** A source over an engine, with the secret as its API key or password. The caller closes it. */
export function openSource({ product }: Engine, settings: SearchSettings, shape: MessageShape, scan: Scan): Opened {
  const warnings: string[] = [];
  const clock = new TestClock();
  const log: Pick<Log, 'line' | 'warning'> = { line: () => undefined, warning: (text) => void warnings.push(text) };
  const memory = new BufferPool(0);
  const source =
    product === 'Elasticsearch'
      ? new ElasticsearchSource({ ...settings, apiKey: secret }, shape, scan, memory, clock, log)
      : new OpenSearchSource(
          { ...settings, auth: { kind: 'basic', username: 'reader', password: secret } },
          {},
          shape,
          scan,
          memory,
          clock,
          log,
        );
  return { source, warnings, clock };
}

/** The inputs of an engine without security. */
export function inputsOf({ prefix }: Engine, url: string, index: string): Readonly<Record<string, string>> {
  return {
    [`${prefix}-url`]: url,
    [`${prefix}-index`]: index,
    ...(prefix === 'opensearch' && { 'opensearch-auth': 'none' }),
  };
}

/** Closes a point in time as somebody else than the source does; one that is closed already is no error. */
export async function closePointInTime({ product, url }: Engine, id: string): Promise<void> {
  const [path, body] = product === 'Elasticsearch' ? ['/_pit', { id }] : ['/_search/point_in_time', { pit_id: [id] }];
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'DELETE', headers, body: JSON.stringify(body) });
  await response.arrayBuffer();
}
