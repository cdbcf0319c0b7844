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
export interface CertificateFault {
  readonly reason: string;
  readonly remedy: string;
}

/** What is wrong with the certificate of a server that could not be connected to; undefined where nothing is. */
export function certificateFault(code: string): CertificateFault | undefined {
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
  return undefined;
}
