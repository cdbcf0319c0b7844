import { Client, Connection, errors } from '@opensearch-project/opensearch';
import type { Dispatcher } from 'undici';
import { userAgent } from '../../version.ts';
import type { AwsAccess } from '../aws/client.ts';
import type { Clock } from '../clock.ts';
import { httpAgent } from '../http/client.ts';
import {
  type AccessRemedies,
  basicAuthorization,
  dispatched,
  headerOf,
  type Product,
  type Request,
  type Response,
  type SearchClient,
  WrongProduct,
} from '../search/client.ts';
import type { OpenSearchAuth, OpenSearchSettings } from './settings.ts';
import { RequestSigner } from './signing.ts';

const mediaType = 'application/json';

export const openSearch: Product = {
  name: 'OpenSearch',
  source: 'opensearch',
  pointInTime: {
    open: (index, keepAlive) => ({
      method: 'POST',
      path: `/${encodeURIComponent(index)}/_search/point_in_time`,
      parameters: {
        keep_alive: keepAlive,
        allow_partial_pit_creation: 'false',
        ignore_unavailable: 'false',
        allow_no_indices: 'false',
      },
    }),
    id: 'pit_id',
    close: (id) => ({ method: 'DELETE', path: '/_search/point_in_time', body: `{"pit_id":[${id}]}` }),
  },
  // Before 3.3 there is no _shard_doc. Sequence numbers are unique within a shard, not within an index.
  tieBreakers: ['{"_index":"asc"}', '{"_seq_no":"asc"}'],
  breaksEveryTie: false,
  nestsWherePlain: false,
};

/** OpenSearch 2.x or 3.x, Amazon OpenSearch Service, or Amazon OpenSearch Serverless. */
export class OpenSearchClient implements SearchClient {
  readonly product = openSearch;
  readonly remedies: AccessRemedies;
  readonly #client: Client;
  readonly #agent: Dispatcher;
  readonly #signer: RequestSigner | undefined;

  constructor({ url, auth, stallMs }: OpenSearchSettings, access: AwsAccess, clock: Clock) {
    this.remedies = remediesOf(auth);
    this.#agent = httpAgent(stallMs);
    this.#signer = auth.kind === 'aws' ? new RequestSigner(new URL(url), auth.service, access, clock) : undefined;
    this.#client = new Client({
      node: url,
      headers: {
        accept: mediaType,
        'content-type': mediaType,
        'user-agent': userAgent,
        host: new URL(url).host,
        ...(auth.kind === 'basic' && { authorization: basicAuthorization(auth.username, auth.password) }),
      },
      Connection: connectionOver(this.#agent, this.#signer),
      agent: false,
      maxRetries: 0,
      resurrectStrategy: 'none',
    });
  }

  async send({ method, path, parameters = {}, body }: Request): Promise<Response> {
    await this.#signer?.prepare();
    const request = { method, path, querystring: { ...parameters }, ...(body !== undefined && { body }) };
    const { body: response } = await this.#client.transport.request(request, { asStream: true });
    const { statusCode, headers, body: stream } = response as unknown as Dispatcher.ResponseData;
    if (headerOf(headers, 'x-elastic-product') !== undefined)
      throw new WrongProduct(
        'the server identifies itself as an Elasticsearch',
        'use elasticsearch-url instead of opensearch-url',
      );
    return { statusCode, headers, body: stream };
  }

  isOwnError(_headers: Response['headers'], type: string): boolean {
    return type !== '';
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#agent.destroy();
    this.#signer?.close();
  }
}

function remediesOf(auth: OpenSearchAuth): AccessRemedies {
  if (auth.kind === 'aws')
    return {
      unauthorized: 'check the AWS credentials and aws-region',
      forbidden:
        auth.service === 'es'
          ? "allow es:ESHttpGet, es:ESHttpPost and es:ESHttpDelete to the role in its policy and in the domain's access policy, and map the role in fine-grained access control"
          : 'allow aoss:APIAccessAll to the role, and aoss:ReadDocument and aoss:DescribeIndex in a data access policy of the collection',
    };
  const permissions = 'the permissions read and indices_monitor on it, and to create and delete points in time';
  return auth.kind === 'basic'
    ? {
        unauthorized: 'check opensearch-username and opensearch-password',
        forbidden: `grant the user in opensearch-username ${permissions}`,
      }
    : { unauthorized: 'set opensearch-auth', forbidden: 'set opensearch-auth' };
}

/** Connections of the client, over a dispatcher. */
function connectionOver(agent: Dispatcher, signer: RequestSigner | undefined): typeof Connection {
  return class extends Connection {
    override request(
      parameters: Parameters<Connection['request']>[0],
      callback: Parameters<Connection['request']>[1],
    ): ReturnType<Connection['request']> {
      const request = this.buildRequestObject(parameters) as Parameters<RequestSigner['sign']>[0];
      const { path, method, headers, body } = signer === undefined ? request : signer.sign(request);
      const aborted = new AbortController();
      dispatched(agent, {
        origin: this.url,
        path,
        method,
        headers,
        body: body ?? null,
        signal: aborted.signal,
      }).then(
        (response) => callback(null, response as never),
        (error: Error) => callback(new errors.ConnectionError(error.message), null as never),
      );
      return { abort: () => aborted.abort() } as ReturnType<Connection['request']>;
    }
  };
}
