import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inputDefaults } from '../src/inputs/index.ts';
import { DemoFailure } from './failure.ts';
import { parseOutputs } from './outputs.ts';

/** A finished step of a workflow. */
export interface Step {
  readonly outputs: Readonly<Record<string, string>>;
  /** The lines it printed. */
  readonly log: readonly string[];
  readonly summaryPath: string;
  readonly tookMs: number;
}

const entry = join(import.meta.dirname, '..', 'dist', 'index.js');

/** Runs the bundled action as GitHub's runner does: one process per step, configured by its environment. */
export class Action {
  readonly #inputs: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #signal: AbortSignal;

  /**
   * @param inputs inputs of every step; all others have their defaults
   * @param folder holds one folder per step
   * @param signal kills running steps
   */
  constructor(inputs: Readonly<Record<string, string>>, folder: string, signal: AbortSignal) {
    this.#inputs = inputs;
    this.#folder = folder;
    this.#signal = signal;
  }

  /**
   * Runs one step.
   * @param name name of the folder for its log, outputs and summary
   * @throws DemoFailure with the step's log if it fails
   */
  async run(name: string, inputs: Readonly<Record<string, string>>): Promise<Step> {
    const folder = join(this.#folder, name);
    const files = await stepFiles(folder);
    const startedMs = performance.now();
    const code = await this.#spawn(environmentOf({ ...this.#inputs, ...inputs }, folder, files), files.log);
    const tookMs = performance.now() - startedMs;
    const log = await readFile(files.log, 'utf8');
    if (code !== 0) throw new DemoFailure(`Step ${name} failed with exit code ${code}.`, log);
    const outputs = parseOutputs(await readFile(files.output, 'utf8'));
    return { outputs, log: log.trimEnd().split('\n'), summaryPath: files.summary, tookMs };
  }

  async #spawn(env: Record<string, string>, logPath: string): Promise<number> {
    const log = await open(logPath, 'w');
    try {
      const child = spawn(process.execPath, [entry], { env, stdio: ['ignore', log.fd, log.fd], signal: this.#signal });
      const [code] = await once(child, 'exit');
      return code ?? 1;
    } finally {
      await log.close();
    }
  }
}

interface StepFiles {
  readonly log: string;
  readonly output: string;
  readonly summary: string;
}

/** The runner creates these files before a step appends to them. */
async function stepFiles(folder: string): Promise<StepFiles> {
  await mkdir(folder, { recursive: true });
  const files = { log: join(folder, 'log.txt'), output: join(folder, 'output'), summary: join(folder, 'summary.md') };
  await Promise.all([files.output, files.summary].map((path) => writeFile(path, '')));
  return files;
}

/** A step inherits only PATH and HOME from this process's environment. */
function environmentOf(
  inputs: Readonly<Record<string, string>>,
  temporary: string,
  files: StepFiles,
): Record<string, string> {
  const given = Object.entries({ ...inputDefaults, ...inputs });
  return {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    RUNNER_TEMP: temporary,
    GITHUB_OUTPUT: files.output,
    GITHUB_STEP_SUMMARY: files.summary,
    ...Object.fromEntries(given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  };
}
