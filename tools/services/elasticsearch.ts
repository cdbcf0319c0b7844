import { installSearch, type SearchHome, type SearchRelease, startSearch } from './search-server.ts';

const common = {
  product: 'Elasticsearch',
  name: 'elasticsearch',
  group: 'org.elasticsearch.distribution.integ-test-zip',
  variables: 'ES',
  heap: '1g',
  settings: { 'xpack.security.enabled': 'false' },
} as const;

/** Both majors that are in use. */
export const elasticsearch8: SearchRelease = { ...common, version: '8.19.21', javaMajorMin: 17 };
export const elasticsearch9: SearchRelease = { ...common, version: '9.5.0', javaMajorMin: 21 };

export type ElasticsearchHome = SearchHome;
export const installElasticsearch = installSearch;
export const startElasticsearch = startSearch;
