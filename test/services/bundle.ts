import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { parseOutputs } from '../../demo/outputs.ts';
import { parsePlan } from '../../src/plan/codec.ts';
import type { PlanOutput } from '../../src/plan/decide.ts';
import type { Leg } from '../../src/plan/legs.ts';

export type Inputs = Readonly<Record<string, string>>;
export type Variables = Readonly<Record<string, string>>;

/** The results of a step of a workflow. */
export interface Step {
  readonly code: number;
  readonly outputs: Readonly<Record<string, string>>;
  /** All that it printed. */
  readonly log: string;
}

/** The results of a plan, and of the steps that followed it. */
export interface Run {
  readonly plan: PlanOutput;
  /** One for each leg, or one for all. */
  readonly legs: readonly Step['outputs'][];
  readonly report: Step['outputs'];
}

const root = join(import.meta.dirname, '..', '..');
const legsAtOnce = 2;

/** The action as it would be shipped now, which GitHub's runner starts as a process for each step. */
export class Bundle {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Builds it into a folder, in which its steps work too. */
  static async build(folder: string): Promise<Bundle> {
    await promisify(execFile)(process.execPath, [join(root, 'tools', 'build.ts'), join(folder, 'dist')]);
    return new Bundle(folder);
  }

  /** Runs one step, whose environment has the given inputs and variables and nothing else. */
  async step(inputs: Inputs, variables: Variables): Promise<Step> {
    const home = await mkdtemp(join(this.#folder, 'step-'));
    const output = join(home, 'output');
    await writeFile(output, '');
    const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      RUNNER_TEMP: home,
      GITHUB_OUTPUT: output,
      ...variables,
      ...Object.fromEntries(given),
    };
    const entry = join(this.#folder, 'dist', 'index.js');
    const child = spawn(process.execPath, [entry], { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: code ?? 1, outputs: parseOutputs(await readFile(output, 'utf8')), log: `${out}${error}` };
  }

  /**
   * As {@link step}, of a step that has to succeed.
   * @throws Error with what it printed, where it does not
   */
  async done(inputs: Inputs, variables: Variables): Promise<Step['outputs']> {
    const { code, outputs, log } = await this.step(inputs, variables);
    if (code === 0) return outputs;
    throw new Error(`The step ${inputs.command} ended with ${code}:\n${log}`);
  }

  /** Plan, legs in parallel, and report, as a workflow with a matrix has them. */
  async matrix(inputs: Inputs, variables: Variables): Promise<Run> {
    const planned = await this.done({ ...inputs, command: 'plan' }, variables);
    const matrix: Leg[] = JSON.parse(planned.matrix!);
    const legs = await pLimit(legsAtOnce).map(matrix, (leg) =>
      this.done({ ...inputs, command: 'export', window: JSON.stringify(leg) }, variables),
    );
    const report = await this.done({ ...inputs, command: 'report', plan: planned.plan! }, variables);
    return { plan: parsePlan(planned.plan!), legs, report };
  }

  /** A plan, and the one step that makes the same plan for itself and does all of it. */
  async single(inputs: Inputs, variables: Variables): Promise<Run> {
    const planned = await this.done({ ...inputs, command: 'plan' }, variables);
    const outputs = await this.done({ ...inputs, command: 'run' }, variables);
    return { plan: parsePlan(planned.plan!), legs: [outputs], report: outputs };
  }
}
