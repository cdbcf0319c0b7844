import { UserError } from '../errors.ts';
import { parseHttp } from './urls.ts';

const variables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;

/**
 * Checks the variables that name proxies.
 * @param environment the process's variables
 * @throws UserError naming a variable that is not a URL, but not its value, which may contain a password
 */
export function checkProxies(environment: Readonly<Record<string, string | undefined>>): void {
  const wrong = variables.find((name) => environment[name] && parseHttp(environment[name]) === undefined);
  if (wrong === undefined) return;
  throw new UserError(
    'input-invalid',
    `The variable ${wrong} is not the URL of a proxy: use one such as \`http://proxy.example.com:3128\`.`,
  );
}
