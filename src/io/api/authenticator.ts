import { UserError } from '../../errors.ts';
import { inBrackets, sayable } from '../../text/said.ts';
import { keepSecret } from '../../text/secrets.ts';
import type { Clock } from '../clock.ts';
import { HttpClient } from '../http/client.ts';
import type { Say } from '../http/retry.ts';
import { RequestRefused } from '../ports.ts';
import type { Authentication, ClientCertificate, OauthSettings } from './settings.ts';
import { renderHeader } from './template.ts';

const tokenBytesMax = 1024 * 1024;
/** A token is renewed this long before it expires, or after nine tenths of its lifetime if that is later. */
const renewedMsBefore = 60_000;
const renewedAfter = 0.9;

/** The content of a token response (RFC 6749, section 5.1). */
interface Token {
  readonly text: string;
  /** In ms since 1970; undefined if the server states no lifetime. */
  readonly renewAt: number | undefined;
}

/** Builds the headers that authenticate requests. OAuth tokens are cached, and requested one at a time. */
export class Authenticator {
  readonly #settings: Authentication;
  readonly #clock: Clock;
  readonly #http: HttpClient | undefined;
  #token: Promise<Token> | undefined;
  /** Some servers accept the client secret only in the header `Authorization`, others only in the body. */
  #isInBody = false;

  constructor(settings: Authentication, clock: Clock, say: Say, tls?: ClientCertificate) {
    this.#settings = settings;
    this.#clock = clock;
    if (settings.oauth === undefined) return;
    const limits = { bodyBytesMax: tokenBytesMax, ...(tls && { tls }) };
    this.#http = new HttpClient({ name: 'The OAuth token endpoint', clock, limits, say });
  }

  /**
   * Returns the headers of the next request, and the token that they contain.
   * @throws UserError if the token endpoint issues no token; Unavailable
   */
  async headers(): Promise<{ readonly headers: Record<string, string>; readonly token: string | undefined }> {
    const { headers, username, password, oauth } = this.#settings;
    const token = oauth === undefined ? this.#settings.token : await this.#current(oauth);
    const basic =
      username === undefined || password === undefined
        ? undefined
        : Buffer.from(`${username}:${password}`).toString('base64');
    if (basic !== undefined) keepSecret(basic);
    const rendered = headers.flatMap((header) => {
      const value = renderHeader(header, {
        ...(token !== undefined && { token }),
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...(basic !== undefined && { basic }),
      });
      return value === undefined ? [] : [[header.name.toLowerCase(), value] as const];
    });
    return { headers: Object.fromEntries(rendered), token };
  }

  /** Discards a token that the API rejected. Returns false if a new one cannot be requested. */
  async giveUp(token: string | undefined): Promise<boolean> {
    if (this.#settings.oauth === undefined) return false;
    const current = await this.#token?.catch(() => undefined);
    if (current === undefined || current.text === token) this.#token = undefined;
    return true;
  }

  async close(): Promise<void> {
    await this.#http?.close();
  }

  async #current(oauth: OauthSettings): Promise<string> {
    const known = this.#token;
    if (known !== undefined) {
      const { text, renewAt } = await known;
      if (renewAt === undefined || this.#clock.now() < renewAt) return text;
      if (this.#token === known) this.#token = undefined;
    }
    this.#token ??= this.#request(oauth).catch((error: unknown) => {
      this.#token = undefined;
      throw error;
    });
    return (await this.#token).text;
  }

  async #request(oauth: OauthSettings): Promise<Token> {
    try {
      return await this.#requestAs(oauth, this.#isInBody);
    } catch (error) {
      if (!isClientRefused(error)) throw error;
      const token = await this.#requestAs(oauth, !this.#isInBody).catch((again: unknown) => {
        // The first error concerns the usual way of sending the secret.
        throw isClientRefused(again) ? error : again;
      });
      this.#isInBody = !this.#isInBody;
      return token;
    }
  }

  #requestAs(oauth: OauthSettings, isInBody: boolean): Promise<Token> {
    const { tokenUrl, clientId, clientSecret, scope } = oauth;
    const url = new URL(tokenUrl);
    const form = new URLSearchParams();
    // For servers with a grant type of their own, the URL contains it.
    if (!url.searchParams.has('grant_type')) form.set('grant_type', 'client_credentials');
    if (scope !== undefined) form.set('scope', scope);
    const pair = Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64');
    for (const secret of [clientSecret, pair]) keepSecret(secret);
    if (isInBody) {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
    }
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      ...(!isInBody && { authorization: `Basic ${pair}` }),
    };
    const askedAt = this.#clock.now();
    return this.#http!.send({ url, method: 'POST', headers, body: form.toString() }, hints, async (bytes) =>
      this.#tokenIn(Buffer.from(bytes).toString(), askedAt, url),
    );
  }

  #tokenIn(body: string, askedAt: number, url: URL): Token {
    const members = membersOf(body);
    const { access_token: text, expires_in: seconds } = members;
    if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) {
      const said = typeof members.error === 'string' ? sayable(members.error) : undefined;
      throw new UserError(
        'source-unauthorized',
        `The OAuth token endpoint at ${url.origin}${url.pathname} responded without an access token${inBrackets(said)}. Check \`api-oauth-token-url\`.`,
      );
    }
    keepSecret(text);
    const lifeMs = Number(seconds) * 1000;
    if (!(lifeMs > 0)) return { text, renewAt: undefined };
    return { text, renewAt: askedAt + Math.max(lifeMs * renewedAfter, lifeMs - renewedMsBefore) };
  }
}

const hints = {
  400: 'check `api-oauth-client-id`, `api-oauth-client-secret` and `api-oauth-scope`',
  401: 'check `api-oauth-client-id` and `api-oauth-client-secret`',
  403: 'check `api-oauth-client-id`, its permissions and `api-oauth-scope`',
  404: 'check `api-oauth-token-url`',
  405: 'check `api-oauth-token-url`',
};

function isClientRefused(error: unknown): error is RequestRefused {
  return error instanceof RequestRefused && (error.status === 400 || error.status === 401);
}

/** Encodes a part of the Basic credentials as RFC 6749, section 2.3.1, requires. */
function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}

function membersOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
