import type { SearchSettings } from '../search/settings.ts';

/** An API key, or a user name and a password, or neither. */
export interface ElasticsearchSettings extends SearchSettings {
  /** Encoded, as `Authorization: ApiKey` takes it. */
  readonly apiKey?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}
