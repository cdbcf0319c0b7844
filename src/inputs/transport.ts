import { UserError } from '../errors.ts';
import type { ApiSettings } from '../io/api/settings.ts';
import type { ElasticsearchSettings } from '../io/elasticsearch/settings.ts';
import type { GithubSettings } from '../io/github/settings.ts';
import type { Given } from './given.ts';
import { flag } from './parsers.ts';

interface Receivers {
  readonly api: ApiSettings | undefined;
  readonly elasticsearch: ElasticsearchSettings | undefined;
  readonly github: GithubSettings | undefined;
  /** The URL at which GitHub gives out identity tokens; undefined where no role is assumed. */
  readonly issuer: string | undefined;
}

/**
 * Checks that no secret leaves this machine unencrypted, unless `allow-http` says that it may.
 * @throws UserError naming the first URL that is `http://` and receives a secret
 */
export function checkTransport(given: Given, { api, elasticsearch, github, issuer }: Receivers): void {
  if (given.read('allow-http', flag)) return;
  const remedy = 'use `https://`, or set `allow-http: true` if the network in between is trusted';
  if (api !== undefined && isExposed(api.url))
    throw given.refuse('api-url', `the token would be sent unencrypted, ${remedy}`, placeOf(api.url));
  const { oauth } = api?.authentication ?? {};
  if (oauth !== undefined && isExposed(oauth.tokenUrl)) {
    const why = `the client secret would be sent unencrypted, ${remedy}`;
    throw given.refuse('api-oauth-token-url', why, placeOf(oauth.tokenUrl));
  }
  if (elasticsearch?.apiKey !== undefined && isExposed(elasticsearch.url)) {
    const why = `the API key would be sent unencrypted, ${remedy}`;
    throw given.refuse('elasticsearch-url', why, placeOf(elasticsearch.url));
  }
  if (github !== undefined && isExposed(github.apiUrl)) throw refuseVariable('GITHUB_API_URL', github.apiUrl, remedy);
  if (issuer !== undefined && isExposed(issuer)) throw refuseVariable('ACTIONS_ID_TOKEN_REQUEST_URL', issuer, remedy);
}

/** Returns whether a secret sent to this URL can be read on the network. */
function isExposed(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
}

function refuseVariable(name: string, address: string, remedy: string): UserError {
  return new UserError(`The variable ${name} is "${placeOf(address)}": a token would be sent unencrypted, ${remedy}.`);
}

function placeOf(address: string): string {
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}
