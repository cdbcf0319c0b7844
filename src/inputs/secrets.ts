import { type InputName, variableOf } from './defaults.ts';
import { parseHttp } from './urls.ts';

/** The inputs that are secrets. */
export const secretInputs = [
  'api-token',
  'api-username',
  'api-password',
  'api-oauth-client-secret',
  'api-client-certificate',
  'api-client-key',
  'elasticsearch-api-key',
  'elasticsearch-password',
  'opensearch-password',
  'github-token',
] as const satisfies readonly InputName[];

/** Variables of the runner and the AWS SDK that are secret. */
const variables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'ACTIONS_RUNTIME_TOKEN',
] as const;
/** Variables and inputs with URLs that may contain a password. */
const proxyVariables = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const;
const urlInputs = ['api-url', 'api-oauth-token-url', 'elasticsearch-url', 'opensearch-url'] as const;
/** Inputs that are sent together, in one header. */
const users = [
  ['api-username', 'api-password'],
  ['elasticsearch-username', 'elasticsearch-password'],
  ['opensearch-username', 'opensearch-password'],
] as const satisfies readonly (readonly [InputName, InputName])[];
const secretParameter = /auth|key|pass|secret|sig|token/i;
/** Headers whose literal values are secrets, too. */
const secretHeader = /auth|cookie|key|pass|secret|session|sig|token/i;

/**
 * Every secret in the process's variables, whether or not it is accepted later: inputs, credentials, passwords within URLs,
 * and query parameters with a telling name.
 * @param environment the process's variables, with the inputs as GitHub passes them
 */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
  const text = (name: string) => environment[name]?.trim() ?? '';
  const inputs = secretInputs.map((name) => text(variableOf(name)));
  const query = secretParameters(new URLSearchParams(text(variableOf('api-query'))));
  const within = [...proxyVariables, ...urlInputs.map(variableOf)].flatMap((name) => secretsWithin(text(name)));
  const pairs = users.map(([user, password]) => basicPair(text(variableOf(user)), text(variableOf(password))));
  const headers = secretHeaders(text(variableOf('api-headers')));
  const members = secretMembers(text(variableOf('api-body')));
  const found = [...inputs, ...pairs, ...variables.map(text), ...query, ...headers, ...members, ...within];
  return [...new Set(found)].filter((secret) => secret !== '');
}

function secretsWithin(url: string): string[] {
  const [, userInfo] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(url) ?? [];
  const query = secretParameters(parseHttp(url)?.searchParams ?? new URLSearchParams());
  if (userInfo === undefined) return query;
  const [user = '', ...rest] = userInfo.split(':');
  const password = rest.join(':');
  if (password === '') return query;
  return [password, decoded(password), basicPair(decoded(user), decoded(password)), ...query];
}

/** A user name and a password as they are sent; empty without a password. */
function basicPair(user: string, password: string): string {
  return password === '' ? '' : Buffer.from(`${user}:${password}`).toString('base64');
}

function secretParameters(query: URLSearchParams): string[] {
  return [...query].filter(([name, value]) => secretParameter.test(name) && isLiteral(value)).map(([, value]) => value);
}

/** The values of headers that are written out where a placeholder would do, and the words of each. */
function secretHeaders(lines: string): string[] {
  return lines.split(/[\r\n]+/).flatMap((line) => {
    const [, name = '', value = ''] = /^\s*([^:]+?)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (!secretHeader.test(name) || !isLiteral(value)) return [];
    const credentials = value.split(/\s+/).at(-1) ?? '';
    return [value, credentials];
  });
}

/** String members of a JSON text that are named like a secret. */
function secretMembers(body: string): string[] {
  const members = body.matchAll(/"([^"\\]*)"\s*:\s*("(?:[^"\\]|\\.)*")/g);
  return [...members].flatMap(([, name = '', text = '']) => {
    const value = secretParameter.test(name) ? stringIn(text) : '';
    return isLiteral(value) ? [value] : [];
  });
}

function stringIn(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}

/** Returns whether a value contains no placeholder. The values of placeholders are masked separately. */
function isLiteral(value: string): boolean {
  return !/\{\w+(?::number)?\}/.test(value);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
