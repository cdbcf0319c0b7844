import { Client, errors } from '@elastic/elasticsearch';
import type { Dispatcher } from 'undici';
import { userAgent } from '../../version.ts';
import { httpAgent } from '../http/client.ts';
import {
  type AccessRemedies,
  dispatched,
  headerOf,
  type Product,
  type Request,
  type Response,
  type SearchClient,
  WrongProduct,
} from '../search/client.ts';
import type { ElasticsearchSettings } from './settings.ts';

/** Servers of 8.x and of 9.x both accept it. */
const mediaType = 'application/vnd.elasticsearch+json; compatible-with=8';

export const elasticsearch: Product = {
  name: 'Elasticsearch',
  source: 'elasticsearch',
  pointInTime: {
    open: (index, keepAlive) => ({
      method: 'POST',
      path: `/${encodeURIComponent(index)}/_pit`,
      parameters: { keep_alive: keepAlive, ignore_unavailable: 'false', allow_no_indices: 'false' },
    }),
    id: 'id',
    close: (id) => ({ method: 'DELETE', path: '/_pit', body: `{"id":${id}}` }),
  },
  tieBreakers: ['{"_shard_doc":"asc"}'],
  breaksEveryTie: true,
  nestsWherePlain: true,
};

/** Elasticsearch 8.x or 9.x. */
export class ElasticsearchClient implements SearchClient {
  readonly product = elasticsearch;
  readonly remedies: AccessRemedies;
  readonly #client: Client;
  readonly #agent: Dispatcher;

  constructor({ url, apiKey, username, password, stallMs }: ElasticsearchSettings) {
    this.remedies = remediesOf(apiKey, username);
    this.#agent = httpAgent(stallMs);
    const auth =
      apiKey !== undefined
        ? { auth: { apiKey } }
        : username !== undefined && password !== undefined
          ? { auth: { username, password } }
          : {};
    this.#client = new Client({
      node: url,
      ...auth,
      headers: { accept: mediaType, 'content-type': mediaType, 'user-agent': userAgent },
      agent: () => connectionOver(this.#agent),
      maxRetries: 0,
      enableMetaHeader: false,
    });
  }

  async send({ method, path, parameters = {}, body }: Request): Promise<Response> {
    try {
      const request = { method, path, querystring: parameters, ...(body !== undefined && { body }) };
      const result = await this.#client.transport.request(request, { asStream: true, meta: true });
      return { ...result, body: result.body as Response['body'] } as Response;
    } catch (error) {
      if (error instanceof errors.ProductNotSupportedError)
        throw new WrongProduct(
          'the server does not identify itself as one',
          'check elasticsearch-url, or use opensearch-url if it is an OpenSearch',
        );
      throw error;
    }
  }

  isOwnError(headers: Response['headers']): boolean {
    return headerOf(headers, 'x-elastic-product') === 'Elasticsearch';
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#agent.destroy();
  }
}

function remediesOf(apiKey: string | undefined, username: string | undefined): AccessRemedies {
  const privileges = 'the privileges read and view_index_metadata on it';
  if (apiKey !== undefined)
    return {
      unauthorized: 'check elasticsearch-api-key',
      forbidden: `grant the key in elasticsearch-api-key ${privileges}`,
    };
  if (username !== undefined)
    return {
      unauthorized: 'check elasticsearch-username and elasticsearch-password',
      forbidden: `grant the user in elasticsearch-username ${privileges}`,
    };
  const credentials = 'set elasticsearch-api-key, or elasticsearch-username and elasticsearch-password';
  return { unauthorized: credentials, forbidden: credentials };
}

/** The interface of the client's pool of connections. */
function connectionOver(agent: Dispatcher) {
  const request = (options: Dispatcher.RequestOptions & { origin: URL }) => dispatched(agent, options);
  return { request, close: async () => undefined };
}
