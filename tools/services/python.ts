import { join } from 'node:path';
import { installed } from './cache.ts';
import { runCommand } from './commands.ts';

/**
 * Packages of PyPI, such as `moto[server]==5.2.5`, in a virtual environment of their own. Returns its Python: the programs
 * beside it do not run, since they hold the path at which they were installed.
 */
export async function installPython(name: string, packages: readonly string[]): Promise<string> {
  const folder = await installed(name, async (partial) => {
    const remedy = 'install Python 3 with its venv module';
    await runCommand({ program: 'python3', parameters: ['-m', 'venv', partial], remedy });
    const parameters = ['-m', 'pip', 'install', '--quiet', ...packages];
    await runCommand({ program: join(partial, 'bin', 'python'), parameters, remedy });
  });
  return join(folder, 'bin', 'python');
}
