import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoolMemory } from './archive/spool.ts';
import { assertNothingFailed, exportLeg } from './commands/export.ts';
import { findArchive, openArchive } from './commands/open-archive.ts';
import type { Parts, Sources } from './commands/parts.ts';
import { plan, planOutputs } from './commands/plan.ts';
import { parsePlan, report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { verify } from './commands/verify.ts';
import { counted } from './commands/words.ts';
import { outputsOf } from './commands/work.ts';
import { UserError } from './errors.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { githubHost, type Host } from './io/actions.ts';
import { DirectoryArchive } from './io/directory.ts';
import { nature } from './io/nature.ts';
import { SqliteStaging } from './io/sqlite.ts';
import { pageScanner } from './worker/pages.ts';
import { Threads } from './worker/threads.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of all spools together; what is more goes to disk. */
const spoolBytesMax = 128 * 1024 * 1024;

/** Runs the command that the inputs name. A failure ends in one sentence and exit code 1; a defect also in its trace. */
export async function main(environment: Environment): Promise<void> {
  const host = githubHost(environment);
  try {
    const inputs = readInputs(environment, nature.now());
    await withParts(inputs, environment, host, (parts) => execute(inputs, parts, host));
  } catch (error) {
    if (error instanceof UserError) return host.fail(error.message);
    host.fail(`A defect of Message Archive, please report it: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

async function execute(inputs: Inputs, parts: Parts, host: Host): Promise<void> {
  if (inputs.command === 'verify') return assertSame(await verify(parts), host);
  if (inputs.command === 'report') return publishReport(parts, parsePlan(inputs.plan!), host);
  const sources = await sourcesOf(inputs, parts);
  try {
    if (inputs.command === 'plan') {
      host.setOutputs(planOutputs(await plan(parts, sources, inputs)));
    } else if (inputs.command === 'export') {
      const tally = await exportLeg(parts, sources, inputs, inputs.assignment!, inputs);
      host.setOutputs(outputsOf(tally));
      assertNothingFailed(tally);
    } else {
      const done = await run(parts, sources, inputs, inputs);
      if (done === undefined) return;
      host.setOutputs({ ...outputsOf(done.tally), ...done.report.outputs });
      await host.addSummary(done.report.summary);
      assertNothingFailed(done.tally);
      assertNoProblems(done.report.problems);
    }
  } finally {
    await sources.live.close();
  }
}

async function publishReport(parts: Parts, made: ReturnType<typeof parsePlan>, host: Host): Promise<void> {
  const { summary, outputs, problems, isComplete } = await report(parts, made);
  host.setOutputs(outputs);
  await host.addSummary(summary);
  host.line(isComplete ? 'The archive is complete.' : 'The archive is not complete.');
  assertNoProblems(problems);
}

function assertNoProblems(problems: readonly string[]): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  throw new UserError(
    others.length === 0
      ? first
      : `${first.replace(/\.$/, '')} (and ${counted(others.length, 'other problem')}, see the summary).`,
  );
}

function assertSame(differences: readonly string[], host: Host): void {
  host.setOutputs({ complete: String(differences.length === 0) });
  for (const difference of differences) host.error(difference);
  if (differences.length > 0)
    throw new UserError(
      `The archive differs from its ledger in ${counted(differences.length, 'place')}: see the lines above.`,
    );
}

/** Makes the parts that the inputs name, and takes them away after the work. */
async function withParts(
  inputs: Inputs,
  environment: Environment,
  host: Host,
  work: (parts: Parts) => Promise<void>,
): Promise<void> {
  const { settings } = inputs;
  const archive = new DirectoryArchive(inputs.archive.folder);
  const mayWrite =
    !inputs.dryRun && (inputs.command === 'plan' || inputs.command === 'export' || inputs.command === 'run');
  const id = mayWrite ? await openArchive(archive, settings, randomUUID) : await findArchive(archive, settings);
  if (id === undefined && !inputs.dryRun)
    throw new UserError(`There is no archive at ${archive.url}: name the folder that holds its _archive.json.`);
  const staging = new SqliteStaging(inputs.staging.path, id ?? randomUUID());
  if (mayWrite) await staging.prepare();
  const threads = new Threads(inputs.concurrency);
  const temporary = await mkdtemp(join(environment.RUNNER_TEMP || tmpdir(), 'message-archive-'));
  const parts: Parts = {
    settings,
    recentDays: inputs.recentDays,
    archive,
    staging,
    threads,
    memory: new SpoolMemory(spoolBytesMax),
    temporary,
    now: () => inputs.asOf ?? nature.now(),
    elapsed: () => performance.now(),
    newId: randomUUID,
    run: { ...(host.runId && { id: host.runId }), ...(host.runUrl && { url: host.runUrl }) },
    log: host,
  };
  try {
    await work(parts);
  } finally {
    await threads.close();
    await staging.close();
    await archive.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The source's client is large: only the commands that ask it load it. */
async function sourcesOf(inputs: Inputs, { threads, settings }: Parts): Promise<Sources> {
  const { ApiSource } = await import('./io/api.ts');
  const scan = pageScanner(threads, settings.shape, settings.format === 'jsonl');
  const api = new ApiSource(inputs.api!, scan, nature);
  return { live: api, settled: api };
}
