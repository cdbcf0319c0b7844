import { expect, it } from 'vitest';
import { certificateFault } from '../../src/io/certificates.ts';

it.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', 'in NODE_EXTRA_CA_CERTS'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'in NODE_EXTRA_CA_CERTS'],
  ['CERT_HAS_EXPIRED', 'until when it holds'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'for which names'],
])('%s is a fault of the certificate', (reason, words) => {
  const fault = certificateFault(reason)!;
  expect(fault.reason).toContain(`, ${reason}`);
  expect(fault.remedy).toContain(words);
});

it.each(['ECONNREFUSED', 'ENOTFOUND', 'it stalled'])('%s is none', (reason) => {
  expect(certificateFault(reason)).toBeUndefined();
});
