import { expect, it } from 'vitest';
import { tlsFault } from '../../../src/io/http/tls.ts';

it.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', 'in NODE_EXTRA_CA_CERTS'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'in NODE_EXTRA_CA_CERTS'],
  ['CERT_HAS_EXPIRED', 'until when it holds'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'for which names'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'see scheme and port'],
])('%s is a fault', (reason, words) => {
  const fault = tlsFault(reason)!;
  expect(fault.reason).toContain(`, ${reason}`);
  expect(fault.remedy).toContain(words);
});

it('EPROTO is one where the server speaks no TLS', () => {
  expect(tlsFault('EPROTO', 'write EPROTO: SSL routines: wrong version number')?.reason).toBe('speaks no TLS, EPROTO');
  expect(tlsFault('EPROTO', 'write EPROTO: SSL routines: alert internal error')).toBeUndefined();
});

it.each(['ECONNREFUSED', 'ENOTFOUND', 'EPROTO', 'it stalled'])('%s is none', (reason) => {
  expect(tlsFault(reason)).toBeUndefined();
});
