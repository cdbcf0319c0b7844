import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** How often the memory of a process is looked at, where its own record of the peak is not to be had. */
const lookMs = 50;

/** A finished process: its times from its start on, the most memory it held, and what it printed. */
export interface Finished {
  readonly tookMs: number;
  /** Until it printed something; not a number where it never did. */
  readonly firstLineMs: number;
  /** The peak of its resident set, in bytes. */
  readonly rssBytes: number;
  readonly output: string;
}

/** Runs a program to its end; throws with its output when it ends with another code. */
export async function finish(
  program: string,
  parameters: readonly string[],
  environment: Record<string, string>,
  expectedCode = 0,
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
      await setTimeout(lookMs);
    }
  })();
  const code = await ended;
  const tookMs = performance.now() - startedMs;
  isRunning = false;
  await watching;
  if (code !== expectedCode) throw new Error(`${program} ${parameters.join(' ')} ended with ${code}:\n${output}`);
  return { tookMs, firstLineMs, rssBytes, output };
}

/** `VmHWM` of Linux: the most that was ever resident. Elsewhere 0. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
