import { UserError } from '../../errors.ts';
import { keepSecretBriefly } from '../../text/secrets.ts';

/** Parameters whose values let whoever knows them in. */
const signed = /auth|credential|key|pass|secret|sig|token/i;

/**
 * The URL of the next page, as a response states it: absolute, or relative to the API's.
 * @throws UserError where it is none, or has another origin: the token would go there
 */
export function nextUrl(next: string, apiUrl: string): URL {
  const base = new URL(apiUrl);
  const api = `${base.origin}${base.pathname}`;
  const url = /^(?:https?:\/\/|[/?])/i.test(next) ? URL.parse(next, base.href) : null;
  if (url === null) {
    throw new UserError(
      'source-response-invalid',
      `The message API at ${api} states its next page as something else than a URL. Write \`{cursor}\` where it goes, in \`api-query\` or \`api-body\`, or check \`api-next\`.`,
    );
  }
  if (url.origin !== base.origin) {
    throw new UserError(
      'source-refused',
      `The message API at ${api} states its next page at ${url.origin}, another origin, where the token must not go. Check \`api-next\`, or set \`api-url\` to that origin.`,
    );
  }
  for (const [name, value] of url.searchParams) if (signed.test(name)) keepSecretBriefly(value);
  // As the server spelled it, which is how Node prints the path.
  for (const pair of url.search.slice(1).split('&')) {
    const [name = '', ...value] = pair.split('=');
    if (signed.test(name)) keepSecretBriefly(value.join('='));
  }
  return url;
}
