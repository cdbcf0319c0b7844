import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** Interval at which the peak memory of a process is read: its record disappears with the process. */
const sampleMs = 50;

/** A finished process. Times are from its start. */
export interface Finished {
  readonly tookMs: number;
  /** Time to its first output; NaN if it printed nothing. */
  readonly firstLineMs: number;
  /** Peak resident set size, in bytes. */
  readonly rssBytes: number;
  readonly output: string;
}

/**
 * Runs a program to its end.
 * @param fails true if it must fail
 * @throws Error with its output if it fails, or must and does not
 */
export async function finish(
  program: string,
  parameters: readonly string[],
  environment: Record<string, string>,
  fails = false,
): Promise<Finished> {
  const startedMs = performance.now();
  const child = spawn(program, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let firstLineMs = Number.NaN;
  child.stdout.once('data', () => {
    firstLineMs = performance.now() - startedMs;
  });
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  let rssBytes = 0;
  let isRunning = true;
  const watching = (async () => {
    while (isRunning) {
      rssBytes = Math.max(rssBytes, await peakOf(child.pid!));
      await setTimeout(sampleMs);
    }
  })();
  const code = await ended;
  const tookMs = performance.now() - startedMs;
  isRunning = false;
  await watching;
  if ((code !== 0) !== fails) throw new Error(`${program} ${parameters.join(' ')} exited with ${code}:\n${output}`);
  return { tookMs, firstLineMs, rssBytes, output };
}

/** Returns Linux's `VmHWM`, the peak resident set size; 0 elsewhere. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
