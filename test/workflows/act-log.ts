/** What a job, or a leg of a matrix, did. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly matrix: Readonly<Record<string, unknown>>;
  readonly ok: boolean;
  /** The names of the steps that failed. */
  readonly failed: readonly string[];
  /** By the id of the step. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The Markdown of its summary. */
  readonly summary: string;
  /** The lines that its steps printed; of a step that failed act may have lost the last ones. */
  readonly lines: readonly string[];
}

/** A line of act's log. */
interface Entry {
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
  readonly msg?: string;
}

/** Steps of the runner itself. */
const ownSteps = new Set(['Set up job', 'Complete job']);

/**
 * Reads what act printed, with `--json`. Whether a leg went well is told by its steps: act says of every leg that ends after
 * one that failed that it failed too.
 */
export function readJobs(log: string): Job[] {
  const entries = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Entry => JSON.parse(line))
    .filter(({ jobID }) => jobID !== undefined);
  const byJob = Map.groupBy(entries, ({ job, matrix }) => `${job.trim()} ${JSON.stringify(matrix)}`);
  return [...byJob.values()].map(jobOf);
}

function jobOf(entries: readonly Entry[]): Job {
  const { jobID, job, matrix } = entries[0]!;
  const isLeg = Object.keys(matrix).length > 0;
  const failed = entries
    .filter(({ step = '', stepResult }) => stepResult === 'failure' && !ownSteps.has(step))
    .map(({ step }) => step!);
  const hasFailed = failed.length > 0 || (!isLeg && entries.some(({ jobResult }) => jobResult === 'failure'));
  const told = (command: string) => entries.filter((entry) => entry.command === command);
  const outputs: Record<string, Record<string, string>> = {};
  for (const { stepID, name, arg } of told('set-output')) {
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
    summary: told('summary')
      .map(({ content }) => content)
      .join(''),
    lines: entries.filter(({ raw_output }) => raw_output).map(({ msg }) => msg!.trimEnd()),
  };
}
