import { messageOf, UserError } from '../../src/errors.ts';
import type { Service } from './processes.ts';
import { say, timed } from './progress.ts';
import { exitOnSignals } from './signals.ts';
import { temporaryFolder } from './temporary.ts';
import { runVitest } from './vitest.ts';

/** Tests over programs that are installed, and services that are started, for them. */
export interface Suite<Programs> {
  /** The name of its project in `vitest.config.ts`. */
  readonly name: string;
  /** Installs what is not installed yet. */
  readonly install: () => Promise<Programs>;
  /** Starts the services, with what they write in `folder`. */
  readonly start: (programs: Programs, folder: string) => Promise<Stack>;
}

/** Services that run. */
export interface Stack {
  /** Tells the tests where programs and services are. */
  readonly variables: Readonly<Record<string, string>>;
  readonly services: readonly Service[];
}

/**
 * Installs, starts, runs the tests and stops, and ends this process with their exit code. With the argument `--keep` it starts
 * the services, says how they are used and stopped, and leaves. All other arguments go to vitest.
 */
export async function runSuite<Programs>(suite: Suite<Programs>): Promise<never> {
  exitOnSignals();
  try {
    process.exit(await run(suite));
  } catch (error) {
    console.error(error instanceof UserError ? messageOf(error) : error);
    process.exit(1);
  }
}

async function run<Programs>({ name, install, start }: Suite<Programs>): Promise<number> {
  const keep = process.argv.includes('--keep');
  const parameters = process.argv.slice(2).filter((parameter) => parameter !== '--keep');
  const programs = await timed('installed', install);
  const { folder, remove } = temporaryFolder(name);
  const stack = await timed('started', () => start(programs, folder));
  if (keep) {
    process.off('exit', remove);
    leave(name, stack, folder);
    return 0;
  }
  const code = await timed('tested', () => runVitest(name, parameters, stack.variables));
  await timed('stopped', () => Promise.all(stack.services.map((service) => service.stop())));
  return code;
}

function leave(name: string, { variables, services }: Stack, folder: string): void {
  for (const service of services) {
    service.leave();
    say(`${service.name} runs, process ${service.pid}`);
  }
  const exports = Object.entries(variables).map(([variable, value]) => `export ${variable}='${value}'`);
  console.log(`
To use them:   ${[...exports, `npx vitest run --project ${name}`].join('\n               ')}
To stop them:  kill -9 ${services.map(({ pid }) => `-${pid}`).join(' ')}; rm -r '${folder}'`);
}
