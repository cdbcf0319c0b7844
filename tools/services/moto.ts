import { join } from 'node:path';
import { installed } from './cache.ts';
import { runCommand } from './commands.ts';
import { freePorts, type Service, startService } from './processes.ts';

const version = '5.2.5';

/** DynamoDB and STS, in a virtual environment of their own. Returns its Python. */
export async function installMoto(): Promise<string> {
  const folder = await installed(`moto-${version}`, async (partial) => {
    const remedy = 'install Python 3 with its venv module';
    await runCommand({ program: 'python3', parameters: ['-m', 'venv', partial], remedy });
    const parameters = ['-m', 'pip', 'install', '--quiet', `moto[server]==${version}`];
    await runCommand({ program: join(partial, 'bin', 'python'), parameters, remedy });
  });
  return join(folder, 'bin', 'python');
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
