import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { bytes, duration, number, rate } from '../src/format.ts';
import type { Leg } from '../src/plan/legs.ts';
import type { Action, Step } from './action.ts';
import type { Screen } from './screen.ts';
import type { SourceProcess } from './source-process.ts';

/** What the legs of one run did together. */
export interface LegsDone {
  readonly legs: number;
  readonly archived: number;
  readonly objectsWritten: number;
  readonly bytesRead: number;
  readonly tookMs: number;
}

/** As a matrix has `max-parallel`. */
const legsAtOnce = Math.min(4, Math.max(2, availableParallelism()));
const statusEveryMs = 200;

/**
 * Runs `export` for every leg of a matrix, some at a time, with a line for each as it ends.
 * @param name of the folder that keeps what the legs leave
 */
export async function runLegs(
  matrix: readonly Leg[],
  name: string,
  inputs: Readonly<Record<string, string>>,
  { action, source, screen }: { action: Action; source: SourceProcess; screen: Screen },
): Promise<LegsDone> {
  const progress = new Progress(matrix.length, source, await source.bytesSent());
  const tick = () => void progress.status().then((text) => screen.status(text), ignore);
  const ticker = setInterval(tick, statusEveryMs);
  try {
    const steps = await pLimit(legsAtOnce).map(matrix, async (leg, n) => {
      const step = await action.run(`${name}/leg-${n + 1}`, {
        ...inputs,
        command: 'export',
        window: JSON.stringify(leg),
      });
      screen.line(`  ${await progress.ended(leg, step)}`);
      return step;
    });
    const sum = (output: string) => steps.reduce((total, { outputs }) => total + Number(outputs[output]), 0);
    return {
      legs: steps.length,
      archived: sum('archived'),
      objectsWritten: sum('objects-written'),
      bytesRead: await progress.bytesRead(),
      tookMs: progress.elapsedMs(),
    };
  } finally {
    clearInterval(ticker);
    screen.status('');
  }
}

/** What a leg did, in columns: `archived 431  waiting 12  written 13`, the last of them objects. */
export function legLine(window: string, { outputs, tookMs }: Pick<Step, 'outputs' | 'tookMs'>): string {
  const count = (name: string, output: string, width: number) =>
    `${name} ${number(Number(outputs[output])).padStart(width)}`;
  return [
    window,
    count('archived', 'archived', 5),
    count('waiting', 'open', 4),
    count('written', 'objects-written', 3),
    duration(tookMs).padStart(5),
  ].join('  ');
}

/** A source that has ended is told of by the legs, which then fail. */
function ignore(): void {}

class Progress {
  readonly #legs: number;
  readonly #source: SourceProcess;
  readonly #bytesBefore: number;
  readonly #startedMs = performance.now();
  #ended = 0;

  constructor(legs: number, source: SourceProcess, bytesBefore: number) {
    this.#legs = legs;
    this.#source = source;
    this.#bytesBefore = bytesBefore;
  }

  elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  async bytesRead(): Promise<number> {
    return (await this.#source.bytesSent()) - this.#bytesBefore;
  }

  async ended(leg: Leg, step: Step): Promise<string> {
    this.#ended += 1;
    const count = `${String(this.#ended).padStart(String(this.#legs).length)}/${this.#legs}`;
    return `leg ${count}  ${legLine(leg.name, step)}  │ ${await this.#sofar()}`;
  }

  async status(): Promise<string> {
    return `  ${this.#ended} of ${this.#legs} legs done, ${await this.#sofar()}`;
  }

  async #sofar(): Promise<string> {
    const read = await this.bytesRead();
    const left = this.#legs - this.#ended;
    const perLegMs = this.elapsedMs() / this.#ended;
    const eta = left === 0 || this.#ended === 0 ? '' : `, about ${duration(perLegMs * left)} left`;
    return `${bytes(read)} read, ${rate(read, this.elapsedMs())}${eta}`;
  }
}
