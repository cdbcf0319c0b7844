import { UserError } from '../errors.ts';
import type { ApiSettings } from '../io/api/settings.ts';
import type { ElasticsearchSettings } from '../io/elasticsearch/settings.ts';
import type { GithubSettings } from '../io/github/settings.ts';
import type { OpenSearchSettings } from '../io/opensearch/settings.ts';
import { publicUrl } from '../text/urls.ts';
import type { Given } from './given.ts';
import { flag } from './parsers.ts';

interface Receivers {
  readonly api: ApiSettings | undefined;
  readonly elasticsearch: ElasticsearchSettings | undefined;
  readonly opensearch: OpenSearchSettings | undefined;
  readonly github: GithubSettings | undefined;
  /** The URL of GitHub's token issuer; undefined if no role is assumed. */
  readonly issuer: string | undefined;
}

/**
 * Checks that no secret leaves this machine unencrypted, unless `allow-http` is set.
 * @throws UserError naming the first `http://` URL that receives a secret
 */
export function checkTransport(given: Given, { api, elasticsearch, opensearch, github, issuer }: Receivers): void {
  if (given.read('allow-http', flag)) return;
  const remedy = 'use `https://`, or set `allow-http: true` if the network is trusted';
  if (api !== undefined && isExposed(api.url))
    throw given.refuse('api-url', `the token would be sent unencrypted: ${remedy}`, publicUrl(api.url));
  const { oauth } = api?.authentication ?? {};
  if (oauth !== undefined && isExposed(oauth.tokenUrl)) {
    const why = `the client secret would be sent unencrypted: ${remedy}`;
    throw given.refuse('api-oauth-token-url', why, publicUrl(oauth.tokenUrl));
  }
  if (elasticsearch !== undefined && isExposed(elasticsearch.url)) {
    const { apiKey, password, url } = elasticsearch;
    const secret = apiKey !== undefined ? 'API key' : password !== undefined ? 'password' : undefined;
    if (secret !== undefined)
      throw given.refuse('elasticsearch-url', `the ${secret} would be sent unencrypted: ${remedy}`, publicUrl(url));
  }
  if (opensearch !== undefined && opensearch.auth.kind !== 'none' && isExposed(opensearch.url)) {
    const secret = opensearch.auth.kind === 'aws' ? 'session token' : 'password';
    const why = `the ${secret} would be sent unencrypted: ${remedy}`;
    throw given.refuse('opensearch-url', why, publicUrl(opensearch.url));
  }
  if (github !== undefined && isExposed(github.apiUrl)) throw refuseVariable('GITHUB_API_URL', github.apiUrl, remedy);
  if (issuer !== undefined && isExposed(issuer)) throw refuseVariable('ACTIONS_ID_TOKEN_REQUEST_URL', issuer, remedy);
}

/** True if the network can read a secret sent to the URL. */
function isExposed(url: string): boolean {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname ?? '');
}

function refuseVariable(name: string, url: string, remedy: string): UserError {
  return new UserError(
    'input-invalid',
    `The variable ${name} is "${publicUrl(url)}": a token would be sent unencrypted: ${remedy}.`,
  );
}
