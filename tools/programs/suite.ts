import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../../src/errors.ts';
import type { Service } from './processes.ts';
import { say, timed } from './progress.ts';

/** Tests over programs that are installed, and services that are started, for them. */
export interface Suite<Programs> {
  /** Its tests are those of `vitest.<name>.config.ts`. */
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

const root = join(import.meta.dirname, '..', '..');
const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/**
 * Installs, starts, runs the tests and stops, and ends this process with their exit code. With the argument `--keep` it starts
 * the services, says how they are used and stopped, and leaves. All other arguments go to vitest.
 */
export async function runSuite<Programs>(suite: Suite<Programs>): Promise<never> {
  for (const [signal, code] of Object.entries(signals)) process.once(signal, () => process.exit(code));
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
  const code = await timed('tested', () => test(name, stack, parameters));
  await timed('stopped', () => Promise.all(stack.services.map((service) => service.stop())));
  return code;
}

/** A folder that every user can look into, which goes when this process ends. */
function temporaryFolder(name: string): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), `message-archive-${name}-`));
  chmodSync(folder, 0o755);
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  process.once('exit', remove);
  return { folder, remove };
}

/** Runs vitest on this Node. Returns its exit code, which is not 0 where it finds no test. */
async function test(name: string, { variables }: Stack, parameters: readonly string[]): Promise<number> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--config', configOf(name), ...parameters], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...variables },
  });
  process.prependOnceListener('exit', () => child.kill());
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

function leave(name: string, { variables, services }: Stack, folder: string): void {
  for (const service of services) {
    service.leave();
    say(`${service.name} runs, process ${service.pid}`);
  }
  const exports = Object.entries(variables).map(([variable, value]) => `export ${variable}='${value}'`);
  console.log(`
To use them:   ${[...exports, `npx vitest run --config ${configOf(name)}`].join('\n               ')}
To stop them:  kill -9 ${services.map(({ pid }) => `-${pid}`).join(' ')}; rm -r '${folder}'`);
}

function configOf(name: string): string {
  return `vitest.${name}.config.ts`;
}
