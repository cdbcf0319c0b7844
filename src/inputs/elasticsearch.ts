import type { ElasticsearchSettings } from '../io/elasticsearch/settings.ts';
import { type Given, type Parser, Refusal } from './given.ts';
import { readSearch, readUser } from './search.ts';

const engine = {
  name: 'Elasticsearch',
  prefix: 'elasticsearch',
  credentials:
    'the API key belongs in `elasticsearch-api-key`, or the user in `elasticsearch-username` and `elasticsearch-password`',
} as const;

/**
 * Reads the inputs of Elasticsearch; undefined without an `elasticsearch-url`.
 * @throws UserError where one is not accepted, or the index is missing
 */
export function readElasticsearch(given: Given): ElasticsearchSettings | undefined {
  const apiKey = given.read('elasticsearch-api-key', apiKeyForm);
  const user = readUser(given, 'elasticsearch');
  const settings = readSearch(given, engine, [
    'elasticsearch-api-key',
    'elasticsearch-username',
    'elasticsearch-password',
  ]);
  if (apiKey !== undefined && user !== undefined)
    throw given.refuse('elasticsearch-username', '`elasticsearch-api-key` is given too; use one of the two');
  return settings && { ...settings, apiKey, ...user };
}

const apiKeyForm: Parser<string> = {
  accepted: 'use the encoded API key as Elasticsearch displays it, in printable ASCII without spaces',
  read(text) {
    if (/^[\x21-\x7e]+$/.test(text)) return text;
    throw new Refusal(apiKeyForm.accepted, '***');
  },
};
