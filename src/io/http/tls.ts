/** Node's codes for a certificate of an authority that it does not trust. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const invalid = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID']);

/** Why a connection cannot be made, which no further attempt cures: a clause whose subject is the server, and a remedy. */
export interface ConnectionFault {
  readonly code: 'tls-invalid' | 'proxy-refused';
  readonly reason: string;
  readonly remedy: string;
}

/**
 * The fault of a connection that failed because of TLS; undefined for any other failure.
 * @param code the error's code
 * @param message the error's message, if `node:https` reported it: its codes are less specific than undici's
 */
export function tlsFault(code: string, message = ''): ConnectionFault | undefined {
  if (untrusted.has(code)) {
    return {
      code: 'tls-invalid',
      reason: `presented a TLS certificate of an unknown authority (${code})`,
      remedy: "set NODE_EXTRA_CA_CERTS to a file with that authority's certificate",
    };
  }
  if (invalid.has(code)) {
    return {
      code: 'tls-invalid',
      reason: `presented an invalid TLS certificate (${code})`,
      remedy: "check the certificate's host names and its expiry date",
    };
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || (code === 'EPROTO' && /wrong version number/.test(message))) {
    return {
      code: 'tls-invalid',
      reason: `does not use TLS (${code})`,
      remedy: 'check the scheme and port of its URL, which may be `http://`, and of the proxy if there is one',
    };
  }
  return undefined;
}
