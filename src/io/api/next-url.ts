import { UserError } from '../../errors.ts';
import { keepSecretBriefly } from '../../text/secrets.ts';

/** Names of parameters whose values may be credentials. */
const signed = /auth|credential|key|pass|secret|sig|token/i;

/**
 * Returns the URL of the next page, which a response states as absolute or relative to the API's URL.
 * @throws UserError if it is not a URL, or has another origin, which must not receive the credentials
 */
export function nextUrl(next: string, apiUrl: string): URL {
  const base = new URL(apiUrl);
  const api = `${base.origin}${base.pathname}`;
  const url = /^(?:https?:\/\/|[/?])/i.test(next) ? URL.parse(next, base.href) : null;
  if (url === null) {
    throw new UserError(
      'source-response-invalid',
      `The message API at ${api} returned a next page that is not a URL. If it is a cursor, put \`{cursor}\` in \`api-query\` or \`api-body\`; otherwise check \`api-next\`.`,
    );
  }
  if (url.origin !== base.origin) {
    throw new UserError(
      'source-refused',
      `The message API at ${api} returned a next page on another origin, ${url.origin}, to which credentials are not sent. Check \`api-next\`, or set \`api-url\` to that origin.`,
    );
  }
  for (const [name, value] of url.searchParams) if (signed.test(name)) keepSecretBriefly(value);
  // Mask the server's own spelling too, since Node prints the path that way.
  for (const pair of url.search.slice(1).split('&')) {
    const [name = '', ...value] = pair.split('=');
    if (signed.test(name)) keepSecretBriefly(value.join('='));
  }
  return url;
}
