import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../tools/programs/commands.ts';
import type { Identity } from './relay.ts';

/** A server's certificate and key, and the certificate of the authority that made it, which nobody knows. */
export interface PrivateIdentity {
  readonly identity: Identity;
  /** A file. */
  readonly authority: string;
}

/**
 * Makes a private certificate authority, and an identity of it.
 * @param names as a certificate has them: `DNS:*.services.test`
 */
export async function privateIdentity(folder: string, names: readonly string[]): Promise<PrivateIdentity> {
  const openssl = (...parameters: string[]) =>
    runCommand({ program: 'openssl', parameters, remedy: 'install OpenSSL', folder });
  const fresh = ['-newkey', 'rsa:2048', '-nodes'];
  await writeFile(join(folder, 'names.cnf'), `subjectAltName=${names.join(',')}\n`);
  await openssl('req', '-x509', ...fresh, '-days', '2', '-subj', '/CN=Nobody', '-keyout', 'ca.key', '-out', 'ca.pem');
  await openssl('req', ...fresh, '-subj', '/CN=services', '-keyout', 'server.key', '-out', 'server.csr');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names.cnf', '-days', '2'];
  await openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.pem');
  const [key, cert] = await Promise.all(
    ['server.key', 'server.pem'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  return { identity: { key: key!, cert: cert! }, authority: join(folder, 'ca.pem') };
}
