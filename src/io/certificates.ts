/** What Node says of a server's certificate that no authority it knows vouches for. */
const unvouched = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const unfit = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID']);

/**
 * What is wrong with the certificate of a server that could not be connected to, and what to do: two clauses. Undefined
 * where nothing is. No further attempt helps.
 */
export function certificateFault(reason: string): string | undefined {
  if (unvouched.has(reason))
    return `shows a certificate of an authority that is not known here (${reason}): name a file with that authority's own in NODE_EXTRA_CA_CERTS`;
  if (unfit.has(reason))
    return `shows a certificate that is not good (${reason}): see its names, and until when it holds`;
  return undefined;
}
