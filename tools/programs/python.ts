import { join } from 'node:path';
import { installed } from './cache.ts';
import { runCommand } from './commands.ts';

/**
 * Installs a Python package into its own virtual environment. Returns the folder of its programs.
 * @param requirement name and extras: `moto[server]`
 */
export async function installPython(requirement: string, version: string): Promise<string> {
  const [name] = requirement.split('[');
  const folder = await installed(`${name}-${version}`, async (partial) => {
    const remedy = 'install Python 3 with its venv module';
    await runCommand({ program: 'python3', parameters: ['-m', 'venv', partial], remedy });
    const parameters = ['-m', 'pip', 'install', '--quiet', `${requirement}==${version}`];
    await runCommand({ program: join(partial, 'bin', 'python'), parameters, remedy });
  });
  return join(folder, 'bin');
}
