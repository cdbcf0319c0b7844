import type { SearchRelease } from './search-server.ts';

const common = {
  product: 'OpenSearch',
  name: 'opensearch',
  group: 'org.opensearch.distribution.integ-test-zip',
  variables: 'OPENSEARCH',
  heap: '512m',
  settings: {},
} as const;

/** Both majors that are in use. */
export const openSearch2: SearchRelease = { ...common, version: '2.19.0', javaMajorMin: 17 };
export const openSearch3: SearchRelease = { ...common, version: '3.0.0', javaMajorMin: 21 };
