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
export interface Entry {
  /** Absent of lines that belong to no job. */
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
  /** For people: without secrets, which stand in other members. */
  readonly msg: string;
}

/** Steps of the runner itself. */
const ownSteps = new Set(['Set up job', 'Complete job']);

/** Reads what act printed with `--json`; a line that is no JSON is one for people. */
export function readEntries(text: string): Entry[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : { job: '', matrix: {}, msg: line }));
}

/** An entry as people see it. */
export function lineOf({ job = '', msg }: Entry): string {
  return `${job.trim()} | ${msg.trimEnd()}`;
}

/**
 * What each job did. Whether a leg went well is told by its steps: act says of every leg that ends after one that failed that it
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
    lines: entries.filter(({ raw_output }) => raw_output).map(({ msg }) => msg.trimEnd()),
  };
}
