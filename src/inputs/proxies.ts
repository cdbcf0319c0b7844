import { UserError } from '../errors.ts';
import { parseHttp } from './urls.ts';

const variables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;

/**
 * Checks the proxies that every request may go through.
 * @param environment the process's variables
 * @throws UserError naming a variable that is no address; what it holds is not shown, since a password may be in it
 */
export function checkProxies(environment: Readonly<Record<string, string | undefined>>): void {
  const wrong = variables.find((name) => environment[name] && parseHttp(environment[name]) === undefined);
  if (wrong === undefined) return;
  throw new UserError(
    `The variable ${wrong} is not the address of a proxy: write one such as \`http://proxy.example.com:3128\`.`,
  );
}
