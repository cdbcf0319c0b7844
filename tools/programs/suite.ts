import { isExpected } from './errors.ts';
import type { Service } from './processes.ts';
import { say, timed } from './progress.ts';
import { exitOnSignals } from './signals.ts';
import { temporaryFolder } from './temporary.ts';
import { runVitest } from './vitest.ts';

/** Tests that need installed programs and running services. */
export interface Suite<Programs> {
  /** Name of its project in `vitest.config.ts`. */
  readonly name: string;
  /** Installs missing programs. */
  readonly install: () => Promise<Programs>;
  /** Starts the services, which write to `folder`. */
  readonly start: (programs: Programs, folder: string) => Promise<Stack>;
}

/** Running services. */
export interface Stack {
  /** Environment variables that locate programs and services for the tests. */
  readonly variables: Readonly<Record<string, string>>;
  readonly services: readonly Service[];
}

/**
 * Installs the programs, starts the services, runs the tests, stops the services, and exits with the tests' code. With the
 * argument `--keep` it starts the services, prints how to use and stop them, and exits. Other arguments are passed to vitest.
 */
export async function runSuite<Programs>(suite: Suite<Programs>): Promise<never> {
  exitOnSignals();
  try {
    process.exit(await run(suite));
  } catch (error) {
    console.error(isExpected(error) ? error.message : error);
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
    say(`${service.name} is running, process ${service.pid}`);
  }
  const exports = Object.entries(variables).map(([variable, value]) => `export ${variable}='${value}'`);
  console.log(`
To use them:   ${[...exports, `npx vitest run --project ${name}`].join('\n               ')}
To stop them:  kill -9 ${services.map(({ pid }) => `-${pid}`).join(' ')}; rm -r '${folder}'`);
}
