/** What Node says of a server's certificate that no authority it knows vouches for. */
const unvouched = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const unfit = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID']);

/** Why a server is not connected to, and what to do about it: the parts of a sentence. No further attempt helps. */
export interface ConnectionFault {
  readonly reason: string;
  readonly remedy: string;
}

/**
 * Why a server that was asked over TLS could not be connected to, where its certificate or its answer is the cause; else
 * undefined.
 * @param message the error's own, where one of `node:https` is in hand, whose code tells less
 */
export function tlsFault(code: string, message = ''): ConnectionFault | undefined {
  if (unvouched.has(code)) {
    return {
      reason: `shows a certificate of an authority that is not known here, ${code}`,
      remedy: "name a file with that authority's own certificate in NODE_EXTRA_CA_CERTS",
    };
  }
  if (unfit.has(code)) {
    return {
      reason: `shows a certificate that is not good, ${code}`,
      remedy: 'see for which names and until when it holds',
    };
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || (code === 'EPROTO' && /wrong version number/.test(message))) {
    return {
      reason: `speaks no TLS, ${code}`,
      remedy: 'see scheme and port of its address, `http://` perhaps, and those of the proxy if there is one',
    };
  }
  return undefined;
}
