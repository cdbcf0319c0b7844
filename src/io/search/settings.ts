/** The messages to read from a search engine, and where it is. */
export interface SearchSettings {
  /** The cluster's URL, without user name and password; it may have a path, below which the engine's own paths lie. */
  readonly url: string;
  /** An index, alias, data stream or pattern, or several of them separated by commas. */
  readonly index: string;
  /** The JSON text of a query that every search is combined with. */
  readonly query?: string | undefined;
  readonly stallMs?: number;
}
