import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { bytes, duration, number, rate } from '../src/format.ts';
import type { Leg } from '../src/plan/legs.ts';
import type { Action, Step } from './action.ts';
import type { Screen } from './screen.ts';
import type { SourceProcess } from './source-process.ts';

/** Totals over the legs of one run. */
export interface LegsDone {
  readonly legs: number;
  /** Legs that wrote no file. */
  readonly idle: number;
  readonly archived: number;
  readonly objectsWritten: number;
  readonly bytesRead: number;
  readonly tookMs: number;
}

/** The `max-parallel` of the matrix. */
const legsAtOnce = Math.min(4, Math.max(2, availableParallelism()));
const statusEveryMs = 200;

/**
 * Runs `export` for every leg of a matrix, several at a time. Prints a line for each leg that wrote a file.
 * @param name name of the folder for the legs' logs, outputs and summaries
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
      const line = progress.ended(leg, step);
      if (!isIdle(step)) screen.line(`  ${line}`);
      return step;
    });
    const sum = (output: string) => steps.reduce((total, { outputs }) => total + Number(outputs[output]), 0);
    return {
      legs: steps.length,
      idle: steps.filter(isIdle).length,
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

function isIdle({ outputs }: Step): boolean {
  return outputs['objects-written'] === '0';
}

/** A leg in columns: `2018-12-15..2019-02-13  archived 431  pending 12  files 13   1.5 s`. */
export function legLine(window: string, { outputs, tookMs }: Pick<Step, 'outputs' | 'tookMs'>): string {
  const count = (name: string, output: string, width: number) =>
    `${name} ${number(Number(outputs[output])).padStart(width)}`;
  return [
    window,
    count('archived', 'archived', 5),
    count('pending', 'open', 4),
    count('files', 'objects-written', 3),
    duration(tookMs).padStart(5),
  ].join('  ');
}

/** If the source has ended, the legs fail and say so. */
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

  ended(leg: Leg, step: Step): string {
    this.#ended += 1;
    const count = `${String(this.#ended).padStart(String(this.#legs).length)}/${this.#legs}`;
    return `leg ${count}  ${legLine(leg.name, step)}`;
  }

  async status(): Promise<string> {
    const read = await this.bytesRead();
    const remaining = this.#legs - this.#ended;
    const perLegMs = this.elapsedMs() / this.#ended;
    const eta = remaining === 0 || this.#ended === 0 ? '' : `, about ${duration(perLegMs * remaining)} left`;
    return `  ${this.#ended} of ${this.#legs} legs done, ${bytes(read)} read, ${rate(read, this.elapsedMs())}${eta}`;
  }
}
