import { messageOf, UserError } from '../../src/errors.ts';
import { endpointsVariable } from '../../test/services/endpoints.ts';
import { exitOnSignals } from '../signals.ts';
import { runVitest } from '../vitest.ts';
import { say, timed } from './progress.ts';
import { installStack, type Stack, startStack } from './stack.ts';
import { temporaryFolder } from './temporary.ts';

/**
 * Installs the real services, starts them, runs the tests over them and stops them. With `--keep` it starts them, says how they
 * are used and stopped, and leaves. All other arguments go to vitest.
 */
const keep = process.argv.includes('--keep');
const parameters = process.argv.slice(2).filter((parameter) => parameter !== '--keep');

exitOnSignals();
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
  const variables = { [endpointsVariable]: JSON.stringify(stack.endpoints) };
  const code = await timed('tested', () => runVitest('vitest.services.config.ts', parameters, variables));
  await timed('stopped', () => Promise.all(stack.services.map((service) => service.stop())));
  return code;
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
