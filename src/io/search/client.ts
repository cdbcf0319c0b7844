import type { Dispatcher } from 'undici';
import { reasonOf } from '../http/client.ts';
import type { Json } from './query.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: Json;
}

export type Response = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>;

/** A search engine, and its differences from the other one. */
export interface Product {
  readonly name: 'Elasticsearch' | 'OpenSearch';
  /** How its inputs begin, and its name as a source. */
  readonly source: 'elasticsearch' | 'opensearch';
  readonly pointInTime: {
    /** @param keepAlive how long it outlives its last use: `10m` */
    readonly open: (index: string, keepAlive: string) => Request;
    /** The member of the response to {@link open} that holds the id. */
    readonly id: 'id' | 'pit_id';
    /** @param id JSON text */
    readonly close: (id: Json) => Request;
  };
  /** The last elements of every `sort`: they order documents that are equal in the others. */
  readonly tieBreakers: readonly Json[];
  /** True if no two documents of a point in time are equal in the tie-breakers. */
  readonly breaksEveryTie: boolean;
  /** True if a nested query may cover an index that maps its path as a plain object, rather than fail there. */
  readonly nestsWherePlain: boolean;
}

/** Remedies for a response that denies access, as clauses: `check elasticsearch-api-key`. */
export interface AccessRemedies {
  /** For 401. */
  readonly unauthorized: string;
  /** For 403. */
  readonly forbidden: string;
}

/** Sends requests to one cluster, with its credentials; one attempt each. */
export interface SearchClient {
  readonly product: Product;
  readonly remedies: AccessRemedies;
  /**
   * Resolves to any response, whatever its status code.
   * @throws WrongProduct; UserError if there are no credentials to send; else an Error whose message is the reason:
   *   `ECONNREFUSED`
   */
  send(request: Request): Promise<Response>;
  /** True if a response that is an error comes from the product itself, rather than from something else at its URL. */
  isOwnError(headers: Response['headers'], type: string): boolean;
  close(): Promise<void>;
}

/** The server that responded is not the product. The message is a clause: `the server does not identify itself as one`. */
export class WrongProduct extends Error {
  /** The remedy, as a clause; undefined: check the URL. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Sends a request through a dispatcher, which knows hosts by their origin, without a path. */
export async function dispatched(
  agent: Dispatcher,
  options: Dispatcher.RequestOptions & { readonly origin: URL },
): Promise<Dispatcher.ResponseData> {
  try {
    return await agent.request({ ...options, origin: options.origin.origin });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Clients replace the message of an aborted request, and with it the proxy's response.
    throw Object.assign(new Error(reasonOf(error)), { code: code === 'UND_ERR_ABORTED' ? undefined : code });
  }
}

/** The first value of a header. */
export function headerOf(headers: Response['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Returns `Basic …` as RFC 7617 defines it, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
