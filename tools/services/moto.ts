import { join } from 'node:path';
import { freePorts, type Service, startService } from './processes.ts';
import { installPython } from './python.ts';

const version = '5.2.5';

/** DynamoDB, STS and what else of AWS is looked at. Returns the Python that has it. */
export async function installMoto(): Promise<string> {
  return installPython(`moto-${version}`, [`moto[server]==${version}`]);
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
