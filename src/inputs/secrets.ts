import { type InputName, variableOf } from './defaults.ts';
import { parseHttp } from './urls.ts';

/** The inputs that are secrets. */
export const secretInputs = [
  'api-token',
  'elasticsearch-api-key',
  'elasticsearch-password',
  'opensearch-password',
  'github-token',
] as const satisfies readonly InputName[];

/** What the runner and the AWS SDK take for a secret. */
const variables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'ACTIONS_RUNTIME_TOKEN',
] as const;
/** Addresses that may hold a password. */
const addresses = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const;
const addressInputs = ['api-url', 'elasticsearch-url', 'opensearch-url'] as const;
/** The inputs that go into one header together. */
const pairs = [
  ['elasticsearch-username', 'elasticsearch-password'],
  ['opensearch-username', 'opensearch-password'],
] as const satisfies readonly (readonly [InputName, InputName])[];
const secretParameter = /auth|key|pass|secret|sig|token/i;

/**
 * Every secret that the process was given, whether or not it is accepted later: inputs, credentials, passwords within
 * addresses, and parameters of a query that are named like one.
 * @param environment the process's variables, with the inputs as GitHub gives them
 */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
  const text = (name: string) => environment[name]?.trim() ?? '';
  const inputs = secretInputs.map((name) => text(variableOf(name)));
  const query = secretParameters(new URLSearchParams(text(variableOf('api-query'))));
  const within = [...addresses, ...addressInputs.map(variableOf)].flatMap((name) => secretsWithin(text(name)));
  const basic = pairs.map(([user, password]) => basicPair(text(variableOf(user)), text(variableOf(password))));
  const found = [...inputs, ...basic, ...variables.map(text), ...query, ...within];
  return [...new Set(found)].filter((secret) => secret !== '');
}

function secretsWithin(address: string): string[] {
  const [, userInfo] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(address) ?? [];
  const query = secretParameters(parseHttp(address)?.searchParams ?? new URLSearchParams());
  if (userInfo === undefined) return query;
  const [user = '', ...rest] = userInfo.split(':');
  const password = rest.join(':');
  if (password === '') return query;
  return [password, decoded(password), basicPair(decoded(user), decoded(password)), ...query];
}

/** A user name and a password as a header has them; empty without a password. */
function basicPair(user: string, password: string): string {
  return password === '' ? '' : Buffer.from(`${user}:${password}`).toString('base64');
}

function secretParameters(query: URLSearchParams): string[] {
  return [...query].filter(([name]) => secretParameter.test(name)).map(([, value]) => value);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
