import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** Starts a script of this folder in its own process, which is killed after the current test. */
export function startScript(name: string, ...parameters: string[]): ChildProcess {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [path, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs a script to its end and returns its output. */
export async function runScript(name: string, ...parameters: string[]): Promise<string> {
  const child = startScript(name, ...parameters);
  const [output, problem, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${problem}`);
  return output;
}
