import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ToolError } from './errors.ts';
import { killGroup } from './processes.ts';

/** Long enough for a slow network: a command that takes longer has hung. */
const commandMs = 15 * 60_000;
const outputCharactersMax = 4_000;

export interface Command {
  readonly program: string;
  readonly parameters: readonly string[];
  /** Advice if the program is missing, such as `install Go`. */
  readonly remedy: string;
  readonly folder?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end. Returns the last 4,000 characters of its output.
 * @throws ToolError if it is missing, fails or hangs
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
    const end = hung ? `timed out after ${commandMs / 60_000} minutes` : `failed (${code ?? signal})`;
    throw new ToolError(`\`${program} ${parameters.join(' ')}\` ${end}. The end of its output: ${output.trim()}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ToolError(`The program ${program} is missing: ${remedy}.`);
  } finally {
    clearTimeout(watch);
    process.off('exit', stopWithUs);
  }
}
