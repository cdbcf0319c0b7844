import { expect, it } from 'vitest';
import { tlsFault } from '../../../src/io/http/tls.ts';

it.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
  ['CERT_HAS_EXPIRED', 'expiry date'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'host names'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'scheme and port'],
])('tlsFault recognizes %s', (code, remedy) => {
  const fault = tlsFault(code);
  expect(fault).toMatchObject({ code: 'tls-invalid', remedy: expect.stringContaining(remedy) });
  expect(fault!.reason).toContain(`(${code})`);
});

it('tlsFault recognizes EPROTO only if the server does not use TLS', () => {
  expect(tlsFault('EPROTO', 'write EPROTO: SSL routines: wrong version number')).toMatchObject({ code: 'tls-invalid' });
  expect(tlsFault('EPROTO', 'write EPROTO: SSL routines: alert internal error')).toBeUndefined();
});

it.each(['ECONNREFUSED', 'ENOTFOUND', 'EPROTO', 'timeout'])('tlsFault ignores %s', (code) => {
  expect(tlsFault(code)).toBeUndefined();
});
