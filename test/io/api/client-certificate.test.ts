import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { DAY_MS } from '../../../src/windows/interval.ts';
import { apiSource, endThreads } from '../../support/api.ts';
import { certificate, certificateKey } from '../../support/certificate.ts';
import { failureOf } from '../../support/failure.ts';

const authorities = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...authorities, certificate]));
afterAll(async () => {
  setDefaultCACertificates(authorities);
  await endThreads();
});

/** A server that speaks to holders of the certificate alone. */
async function guarded() {
  const seen: string[] = [];
  const tls = { cert: certificate, key: certificateKey, ca: certificate, requestCert: true };
  const server = createServer(tls, (request, response) => {
    seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN));
    response.end('{"messages":[],"total":0}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/messages`, seen };
}

it('ApiSource shows its client certificate', async () => {
  const { url, seen } = await guarded();
  const source = apiSource(url, { tls: { cert: certificate, key: certificateKey } });
  expect(await source.count([{ start: 0, end: DAY_MS }])).toEqual([{ total: 0 }]);
  expect(seen).toEqual(['127.0.0.1']);
});

it('ApiSource without a client certificate gets no response from a server that requires one', async () => {
  const { url, seen } = await guarded();
  expect(await failureOf(apiSource(url).count([{ start: 0, end: DAY_MS }]))).toContain(url);
  expect(seen).toEqual([]);
});
