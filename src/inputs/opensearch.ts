import { type OpenSearchAuth, type OpenSearchSettings, openSearchServices } from '../io/opensearch/settings.ts';
import type { Given } from './given.ts';
import { word } from './parsers.ts';
import { readSearch, readUser } from './search.ts';

const engine = {
  name: 'OpenSearch',
  prefix: 'opensearch',
  credentials: 'the user belongs in `opensearch-username` and `opensearch-password`',
} as const;

/**
 * Reads the inputs of OpenSearch; undefined without an `opensearch-url`.
 * @throws UserError where one is not accepted, the index or credentials are missing, or Elasticsearch is given too
 */
export function readOpenSearch(given: Given): OpenSearchSettings | undefined {
  const settings = readSearch(given, engine, [
    'opensearch-auth',
    'opensearch-service',
    'opensearch-username',
    'opensearch-password',
  ]);
  const auth = readAuth(given, settings?.url);
  if (settings === undefined) return undefined;
  if (given.isSet('elasticsearch-url'))
    throw given.refuse('opensearch-url', '`elasticsearch-url` is given too; history is read from one of the two');
  return { ...settings, auth };
}

function readAuth(given: Given, url: string | undefined): OpenSearchAuth {
  const kind = given.read('opensearch-auth', word('aws', 'basic', 'none'));
  const service = given.read('opensearch-service', word(...openSearchServices));
  const user = readUser(given, 'opensearch');
  if (user !== undefined && kind !== 'basic')
    throw given.refuse('opensearch-username', 'it requires `opensearch-auth: basic`');
  if (kind !== 'aws' && given.isSet('opensearch-service'))
    throw given.refuse('opensearch-service', 'it requires `opensearch-auth: aws`');
  if (kind === 'none') return { kind };
  if (kind === 'basic') {
    if (user === undefined)
      throw given.refuse('opensearch-auth', 'it requires `opensearch-username` and `opensearch-password`');
    return { kind, ...user };
  }
  const isServerless = /\.aoss\.amazonaws\.com(?:\.cn)?$/.test(URL.parse(url ?? '')?.hostname ?? '');
  if (isServerless && service !== 'aoss')
    throw given.refuse('opensearch-service', 'the URL is that of a serverless collection, so use `aoss`');
  return { kind, service };
}
