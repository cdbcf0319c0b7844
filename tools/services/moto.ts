import { join } from 'node:path';
import { freePorts, type Service, startService } from '../programs/processes.ts';
import { installPython } from '../programs/python.ts';

const version = '5.2.5';

/** DynamoDB, STS, and what else of AWS a stack consists of. Returns the Python that has it. */
export async function installMoto(): Promise<string> {
  return join(await installPython('moto[server]', version), 'python');
}

/** Starts it on a free port; what it holds is in memory. */
export async function startMoto(python: string, folder: string): Promise<{ url: string; service: Service }> {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const service = await startService({
    name: `moto ${version}`,
    program: python,
    parameters: ['-I', join(import.meta.dirname, 'moto-server.py'), `${port}`],
    variables: { HOME: folder },
    readyUrl: `${url}/moto-api/data.json`,
    isReady: (status) => status === 200,
    log: join(folder, 'output.log'),
  });
  return { url, service };
}
