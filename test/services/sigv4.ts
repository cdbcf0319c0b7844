import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { replied } from './fates.ts';
import type { FateOf, Relayed } from './relay.ts';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A service of AWS as the signature of a request names it. */
export interface SignedScope {
  readonly region: string;
  readonly service: 'es' | 'aoss';
}

const skewMsMax = 5 * 60_000;

/**
 * Refuses requests without a valid signature of AWS Signature Version 4, as the front of Amazon OpenSearch Service does.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @param keysOf the current keys
 */
export function signedOnly(scope: SignedScope, keysOf: () => Keys): FateOf {
  return (request) => {
    const fault = faultOf(request, scope, keysOf());
    if (fault === undefined) return undefined;
    return replied(403, JSON.stringify({ message: fault }), { 'content-type': 'application/json' });
  };
}

/** Why a signature is invalid; undefined if it is valid. */
function faultOf(request: Relayed, { region, service }: SignedScope, keys: Keys): string | undefined {
  const { headers } = request;
  const [, credential, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (credential === undefined || names === undefined || signature === undefined) return 'Missing Authentication Token';
  const time = String(headers['x-amz-date']);
  const date = time.slice(0, 8);
  const scope = `${date}/${region}/${service}/aws4_request`;
  if (credential !== `${keys.accessKeyId}/${scope}`) return `Credential should be scoped to ${scope}.`;
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - at) <= skewMsMax)) return 'Signature expired';
  if (headers['x-amz-security-token'] !== keys.sessionToken)
    return 'The security token included in the request is invalid.';
  const signed = names.split(';');
  const required = ['host', 'x-amz-date', ...(keys.sessionToken === undefined ? [] : ['x-amz-security-token'])];
  if (required.some((name) => !signed.includes(name))) return `These headers must be signed: ${required.join(', ')}.`;
  const digest = hash('sha256', request.body);
  // https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html
  if (service === 'aoss' && signed.includes('content-length')) return 'Content-Length must not be signed.';
  if (headers['x-amz-content-sha256'] !== digest) return 'x-amz-content-sha256 is missing, or not that of the body.';
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(
    (parent, part) => hmac(parent, part),
    `AWS4${keys.secretAccessKey}`,
  );
  // Servers encode the path as it came, or decode it first: both must agree.
  const paths = [(part: string) => part, (part: string) => encoded(decodeURIComponent(part))];
  const isValid = paths.every((spelled) => {
    const canonical = canonicalRequest(request, signed, spelled, digest);
    const expected = hmac(key, ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical)].join('\n'));
    return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
  });
  return isValid ? undefined : 'The request signature we calculated does not match the signature you provided.';
}

function canonicalRequest(
  { method, path, headers }: Relayed,
  signed: readonly string[],
  spelled: (part: string) => string,
  digest: string,
): string {
  const [pathname = '', query = ''] = path.split('?');
  const parts = pathname.split('/').map((part) => encoded(spelled(part)));
  const parameters = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=').map((text) => encoded(decodeURIComponent(text.replaceAll('+', ' ')))))
    .map(([name, value = '']) => `${name}=${value}`)
    .sort();
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/\s+/g, ' ')}\n`);
  return [method, parts.join('/'), parameters.join('&'), lines.join(''), signed.join(';'), digest].join('\n');
}

/** RFC 3986: everything but letters, digits, `-`, `.`, `_` and `~` is encoded. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
