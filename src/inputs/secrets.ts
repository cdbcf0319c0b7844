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
  'github-token',
] as const satisfies readonly InputName[];

/** Secrets of the runner and the AWS SDK. */
const variables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'ACTIONS_RUNTIME_TOKEN',
] as const;
/** URLs that may contain a password. */
const addresses = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const;
const addressInputs = ['api-url', 'api-oauth-token-url', 'elasticsearch-url'] as const;
const secretParameter = /auth|key|pass|secret|sig|token/i;
/** Headers whose literal values are secrets, too. */
const secretHeader = /auth|cookie|key|pass|secret|session|sig|token/i;

/**
 * Returns every secret of the process, whether or not it is valid: inputs, credentials, passwords within URLs, and parameters,
 * headers and members whose names suggest one.
 * @param environment the process's variables, with the inputs as GitHub gives them
 */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
  const text = (name: string) => environment[name]?.trim() ?? '';
  const inputs = secretInputs.map((name) => text(variableOf(name)));
  const query = secretParameters(new URLSearchParams(text(variableOf('api-query'))));
  const within = [...addresses, ...addressInputs.map(variableOf)].flatMap((name) => secretsWithin(text(name)));
  const headers = secretHeaders(text(variableOf('api-headers')));
  const members = secretMembers(text(variableOf('api-body')));
  const basic = basicPair(text(variableOf('api-username')), text(variableOf('api-password')));
  const found = [...inputs, ...variables.map(text), ...query, ...headers, ...members, ...basic, ...within];
  return [...new Set(found)].filter((secret) => secret !== '');
}

function secretsWithin(address: string): string[] {
  const [, userInfo] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(address) ?? [];
  const query = secretParameters(parseHttp(address)?.searchParams ?? new URLSearchParams());
  if (userInfo === undefined) return query;
  const [user = '', ...rest] = userInfo.split(':');
  const password = rest.join(':');
  if (password === '') return query;
  const plain = `${decoded(user)}:${decoded(password)}`;
  return [password, decoded(password), Buffer.from(plain).toString('base64'), ...query];
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

function basicPair(username: string, password: string): string[] {
  return password === '' ? [] : [Buffer.from(`${username}:${password}`).toString('base64')];
}

/** Whether a value holds no placeholder: what fills it is known by itself. */
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
