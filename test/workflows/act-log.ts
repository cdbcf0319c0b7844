/** Result of a job, or of a leg of a matrix. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly matrix: Readonly<Record<string, unknown>>;
  readonly ok: boolean;
  /** Names of failed steps. */
  readonly failed: readonly string[];
  /** Outputs by step id. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Summary as Markdown. */
  readonly summary: string;
  /** Lines that its steps printed; act may lose the last lines of a failed step. */
  readonly lines: readonly string[];
}

/** A line of act's log. */
export interface Entry {
  /** Absent for lines that belong to no job. */
  readonly jobID?: string;
  readonly job: string;
  readonly matrix: Readonly<Record<string, unknown>>;
  readonly step?: string;
  readonly stepID?: readonly string[];
  readonly stepResult?: string;
  readonly jobResult?: string;
  readonly raw_output?: boolean;
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly content?: string;
  /** For people: without secrets, which other members contain. */
  readonly msg: string;
}

/** Steps of the runner itself. */
const ownSteps = new Set(['Set up job', 'Complete job']);

/** Parses the output of `act --json`; a line that is not JSON is a line for people. */
export function readEntries(text: string): Entry[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : { job: '', matrix: {}, msg: line }));
}

/** An entry as people see it. */
export function lineOf({ job = '', msg }: Entry): string {
  return `${job.trim()} | ${msg.trimEnd()}`;
}

/**
 * Returns the result of each job. Success of a leg is derived from its steps, because act marks every leg that ends after a failed one as
 * failed too.
 */
export function jobsOf(entries: readonly Entry[]): Job[] {
  const own = entries.filter(({ jobID }) => jobID !== undefined);
  const byJob = Map.groupBy(own, ({ job, matrix }) => `${job.trim()} ${JSON.stringify(matrix)}`);
  return [...byJob.values()].map(jobOf);
}

function jobOf(entries: readonly Entry[]): Job {
  const { jobID, job, matrix } = entries[0]!;
  const isLeg = Object.keys(matrix).length > 0;
  const failed = entries
    .filter(({ step = '', stepResult }) => stepResult === 'failure' && !ownSteps.has(step))
    .map(({ step }) => step!);
  const hasFailed = failed.length > 0 || (!isLeg && entries.some(({ jobResult }) => jobResult === 'failure'));
  const ofCommand = (command: string) => entries.filter((entry) => entry.command === command);
  const outputs: Record<string, Record<string, string>> = {};
  for (const { stepID, name, arg } of ofCommand('set-output')) {
    const step = stepID!.at(-1)!;
    outputs[step] = { ...outputs[step], [name!]: arg! };
  }
  return {
    id: jobID!,
    name: job.trim(),
    matrix,
    ok: !hasFailed,
    failed,
    outputs,
    summary: ofCommand('summary')
      .map(({ content }) => content)
      .join(''),
    lines: entries.filter(({ raw_output }) => raw_output).map(({ msg }) => msg.trimEnd()),
  };
}
