export interface ElasticsearchSettings {
  /** The cluster's address, without a user name and a password; a path before Elasticsearch's own paths is allowed. */
  readonly url: string;
  /** An index, an alias, a data stream or a pattern; several with commas between them. */
  readonly index: string;
  /** The encoded form, as `Authorization: ApiKey` takes it. */
  readonly apiKey?: string | undefined;
  /** The JSON text of a query that every search is combined with. */
  readonly query?: string | undefined;
  readonly stallMs?: number;
}
