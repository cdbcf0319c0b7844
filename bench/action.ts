import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, finish } from './process.ts';

const entry = join(import.meta.dirname, '..', 'dist', 'index.js');

/**
 * Runs one step of the bundled action, as GitHub's runner does.
 * @param variables additional environment variables
 * @param fails true if the step must fail
 */
export function runAction(
  inputs: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>> = {},
  fails = false,
): Promise<Finished> {
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const environment = { ...variables, ...Object.fromEntries(given), RUNNER_TEMP: tmpdir() };
  return finish(process.execPath, [entry], environment, fails);
}
