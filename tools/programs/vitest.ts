import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Runs a project of `vitest.config.ts` with this Node. Returns the exit code, which is not 0 if no test was found. */
export async function runVitest(
  suite: string,
  parameters: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--project', suite, ...parameters], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...variables },
  });
  process.prependOnceListener('exit', () => child.kill());
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
