import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Endpoint } from '../../test/services/endpoints.ts';
import { installGo } from '../programs/go.ts';
import { freePorts, type Service, startService } from '../programs/processes.ts';

const version = 'v1.8.0';

/** A real S3 server over a folder, built from its source. Returns the program. */
export function installVersitygw(): Promise<string> {
  return installGo('github.com/versity/versitygw/cmd/versitygw', version);
}

/** Starts it on a free port, its objects in `folder`; buckets may turn versioning and Object Lock on. */
export async function startVersitygw(program: string, folder: string): Promise<{ s3: S3Endpoint; service: Service }> {
  const [port] = await freePorts(1);
  const [objects, versions] = [join(folder, 'objects'), join(folder, 'versions')];
  await Promise.all([mkdir(objects), mkdir(versions)]);
  const s3 = { endpoint: `http://127.0.0.1:${port}`, accessKeyId: 'test', secretAccessKey: 'test-secret' };
  const service = await startService({
    name: `versitygw ${version}`,
    program,
    parameters: ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--versioning-dir', versions, objects],
    variables: { HOME: folder, ROOT_ACCESS_KEY: s3.accessKeyId, ROOT_SECRET_KEY: s3.secretAccessKey },
    readyUrl: s3.endpoint,
    isReady: (status) => status === 403,
    log: join(folder, 'output.log'),
  });
  return { s3, service };
}
