import type { ApiSettings, Authentication } from './settings.ts';
import { secretsOf } from './template.ts';

/** Returns the remedy for each status code that is not retried, as a clause that names the inputs. */
export function hintsFor({
  authentication,
  request,
}: Pick<ApiSettings, 'authentication' | 'request'>): Record<number, string> {
  const inputs = credentialInputs(authentication);
  const template = request.method === 'POST' ? '`api-body`, `api-query`' : '`api-query`';
  return {
    400: `check ${template}, \`api-page-size\`, \`api-time-format\` and \`api-max-days\``,
    401: `check ${inputs}`,
    403: `check ${inputs}, and that these credentials have permission to read messages`,
    404: 'check `api-url`',
    405: `check \`api-method\` (${request.method}) and \`api-url\``,
  };
}

function credentialInputs({ headers, oauth }: Authentication): string {
  const used = secretsOf(headers);
  if (used.has('token')) return oauth === undefined ? '`api-token`' : '`api-oauth-client-id` and `api-oauth-scope`';
  if (used.has('basic') || used.has('username') || used.has('password')) return '`api-username` and `api-password`';
  return '`api-headers`';
}
