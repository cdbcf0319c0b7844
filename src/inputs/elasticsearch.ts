import type { ElasticsearchSettings } from '../io/elasticsearch/settings.ts';
import { type Form, type Given, Refusal } from './given.ts';
import { parseHttp, withoutSecrets } from './urls.ts';

const options = ['elasticsearch-index', 'elasticsearch-api-key', 'elasticsearch-query'] as const;

/**
 * Reads the inputs of Elasticsearch; undefined without an `elasticsearch-url`.
 * @throws UserError where one is not accepted, or the index is missing
 */
export function readElasticsearch(given: Given): ElasticsearchSettings | undefined {
  const url = given.read('elasticsearch-url', address);
  const apiKey = given.read('elasticsearch-api-key', apiKeyForm);
  const query = given.read('elasticsearch-query', queryForm);
  if (url === undefined) {
    const idle = options.find((name) => given.text(name) !== '');
    if (idle === undefined) return undefined;
    throw given.refuse(
      idle,
      '`elasticsearch-url` is missing, write the address there',
      idle === 'elasticsearch-api-key' ? '***' : undefined,
    );
  }
  return { url, index: given.required('elasticsearch-index', indexForm), apiKey, query };
}

const address: Form<string> = {
  accepted: 'write the address of Elasticsearch, such as `https://search.example.com:9200`',
  read(text) {
    const url = parseHttp(text);
    if (url === undefined) throw new Refusal(address.accepted, withoutSecrets(text));
    if (url.username !== '' || url.password !== '') {
      throw new Refusal(
        'write it without a user name and a password, the key goes to `elasticsearch-api-key`',
        `${url.protocol}//${url.host}`,
      );
    }
    if (url.search !== '' || url.hash !== '')
      throw new Refusal('write it without "?" and "#" and what follows', `${url.origin}${url.pathname}…`);
    return text;
  },
};

/** An index, an alias, a data stream, a pattern, or several. */
const indexForm: Form<string> = {
  accepted: 'write an index, an alias, a data stream or a pattern, with commas between several: `messages-*`',
  read: (text) => (/^[^\s/\\?"<>|#A-Z][^\s/\\?"<>|#A-Z]*$/.test(text) ? text : undefined),
};

const apiKeyForm: Form<string> = {
  accepted: 'write the encoded API key as Elasticsearch gives it out, in printable ASCII without spaces',
  read(text) {
    if (/^[\x21-\x7e]+$/.test(text)) return text;
    throw new Refusal(apiKeyForm.accepted, '***');
  },
};

const queryForm: Form<string> = {
  accepted: 'write a query as a JSON object, such as `{"term":{"department":"trading"}}`',
  read(text) {
    try {
      const query: unknown = JSON.parse(text);
      return typeof query === 'object' && query !== null && !Array.isArray(query) ? text : undefined;
    } catch {
      return undefined;
    }
  },
};
