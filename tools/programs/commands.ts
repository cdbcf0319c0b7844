import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UserError } from '../../src/errors.ts';
import { killGroup } from './processes.ts';

/** However slow the network is: a command that takes longer has hung. */
const commandMs = 15 * 60_000;
const outputCharactersMax = 4_000;

export interface Command {
  readonly program: string;
  readonly parameters: readonly string[];
  /** What to do when the program is not there. */
  readonly remedy: string;
  readonly folder?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end and returns what it printed, of both streams the last 4,000 characters.
 * @throws UserError where it is missing, fails or hangs
 */
export async function runCommand({ program, parameters, remedy, folder, variables }: Command): Promise<string> {
  const child = spawn(program, parameters, {
    cwd: folder,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputCharactersMax);
    });
  }
  let hung = false;
  const watch = setTimeout(() => {
    hung = true;
    killGroup(child);
  }, commandMs);
  const stopWithUs = () => killGroup(child);
  process.prependOnceListener('exit', stopWithUs);
  try {
    const [code, signal] = await once(child, 'close');
    if (code === 0) return output;
    const end = hung ? `did not end within ${commandMs / 60_000} minutes` : `ended with ${code ?? signal}`;
    throw new UserError(`\`${program} ${parameters.join(' ')}\` ${end}; the last it said: ${output.trim()}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UserError(`The program ${program} is missing: ${remedy}.`);
  } finally {
    clearTimeout(watch);
    process.off('exit', stopWithUs);
  }
}
