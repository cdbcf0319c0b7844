import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../../src/errors.ts';
import { type Endpoints, endpointsVariable } from '../../test/services/endpoints.ts';
import { say, timed } from './progress.ts';
import { installStack, type Stack, startStack } from './stack.ts';
import { temporaryFolder } from './temporary.ts';

/**
 * Installs the real services, starts them, runs the tests over them and stops them. With `--keep` it starts them, says how they
 * are used and stopped, and leaves. All other arguments go to vitest.
 */
const keep = process.argv.includes('--keep');
const parameters = process.argv.slice(2).filter((parameter) => parameter !== '--keep');
const root = join(import.meta.dirname, '..', '..');
const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

for (const [signal, code] of Object.entries(signals)) process.once(signal, () => process.exit(code));
try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exit(1);
}

async function main(): Promise<number> {
  const programs = await timed('installed', installStack);
  const { folder, remove } = temporaryFolder();
  const stack = await timed('started', () => startStack(programs, folder));
  if (keep) {
    process.off('exit', remove);
    leave(stack, folder);
    return 0;
  }
  const code = await timed('tested', () => test(stack.endpoints));
  await timed('stopped', () => Promise.all(stack.services.map((service) => service.stop())));
  return code;
}

/** Runs vitest on this Node. Returns its exit code, which is not 0 where it finds no test. */
async function test(endpoints: Endpoints): Promise<number> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--config', 'vitest.services.config.ts', ...parameters], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, [endpointsVariable]: JSON.stringify(endpoints) },
  });
  process.prependOnceListener('exit', () => child.kill());
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

function leave({ endpoints, services }: Stack, folder: string): void {
  for (const service of services) {
    service.leave();
    say(`${service.name} runs, process ${service.pid}`);
  }
  console.log(`
To use them:   export ${endpointsVariable}='${JSON.stringify(endpoints)}'
               npx vitest run --config vitest.services.config.ts
To stop them:  kill -9 ${services.map(({ pid }) => `-${pid}`).join(' ')}; rm -r '${folder}'`);
}
