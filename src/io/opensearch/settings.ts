import type { SearchSettings } from '../search/settings.ts';

/** AWS services that serve OpenSearch: domains of Amazon OpenSearch Service, and serverless collections. */
export const openSearchServices = ['es', 'aoss'] as const;

export type OpenSearchService = (typeof openSearchServices)[number];

/** How requests are authenticated; `aws` signs them (SigV4) with the credentials of the run. */
export type OpenSearchAuth =
  | { readonly kind: 'aws'; readonly service: OpenSearchService }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'none' };

export interface OpenSearchSettings extends SearchSettings {
  readonly auth: OpenSearchAuth;
}
