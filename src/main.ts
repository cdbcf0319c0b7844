import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertNothingFailed, exportLeg } from './commands/export.ts';
import { findArchive, openArchive } from './commands/open-archive.ts';
import { plan, planOutputs } from './commands/plan.ts';
import { parsePlan, type Report, report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { track } from './commands/track.ts';
import { verify } from './commands/verify.ts';
import type { Context, Sources } from './context.ts';
import { toldOf, UserError } from './errors.ts';
import { recordOffSlot } from './export/off-slot.ts';
import { outputsOf } from './export/result.ts';
import { counted } from './format.ts';
import { type Command, type Inputs, readInputs } from './inputs/index.ts';
import { secretsIn } from './inputs/secrets.ts';
import { githubHost, type Host } from './io/actions/host.ts';
import type { AwsAccess } from './io/aws/client.ts';
import { type Clock, clock } from './io/clock.ts';
import { DirectoryArchive } from './io/directory/archive.ts';
import type { Archive, Source, Staging } from './io/ports.ts';
import { stopOnSignals } from './io/process/signals.ts';
import { removeStaleFolders, TemporaryFolder } from './io/process/temporary.ts';
import { SqliteStaging } from './io/sqlite/staging.ts';
import { BufferPool } from './memory/buffer-pool.ts';
import { checkManifest } from './reconcile/manifest.ts';
import { type ManifestCheck, manifestProblem } from './report/manifest.ts';
import { summarizeVerification, type Verification } from './report/verification.ts';
import { pageScanner } from './worker/pages.ts';
import { Threads } from './worker/threads.ts';

const unverifiedTls =
  'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the verification of every TLS certificate: anyone on the network can read the tokens and change the messages. Remove it, and name the certificate authority in NODE_EXTRA_CA_CERTS.';

type Environment = Readonly<Record<string, string | undefined>>;

/** The commands that may write to the archive and the staging. */
const writers: ReadonlySet<Command> = new Set(['plan', 'export', 'run']);
/** Of payloads that wait for their slot to be written, of all slots in hand; what is more goes to disk. */
const memoryBytesMax = 128 * 1024 * 1024;

/** Tells what nothing else caught, and ends the process. Node would print it past every rule for what a log may show. */
export function tellCrash(environment: Environment): void {
  process.on('uncaughtException', (error) => {
    githubHost(environment).fail(toldOf(error));
    process.exit(1);
  });
}

/** Tells Node's own warnings through the log, for the same reason. */
export function tellWarnings(environment: Environment): void {
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => githubHost(environment).line(`Node.js: ${name}: ${message}`));
}

/** Runs the command that the inputs name. A failure ends in one sentence and exit code 1; a defect also in its trace. */
export async function main(environment: Environment): Promise<void> {
  const host = githubHost(environment);
  for (const secret of secretsIn(environment)) host.mask(secret);
  try {
    if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0') host.warning(unverifiedTls);
    const inputs = readInputs(environment, clock.now());
    await withParts(inputs, environment, host, (context) => execute(inputs, context, host));
  } catch (error) {
    host.fail(toldOf(error));
  }
}

async function execute(inputs: Inputs, context: Context, host: Host): Promise<void> {
  if (inputs.command === 'verify')
    return tellVerified(await verify(context), host, await manifestOf(inputs, context, host));
  if (inputs.command === 'report') {
    // Without one, the job that plans has failed.
    const made = await report(context, inputs.plan === undefined ? { failure: undefined } : parsePlan(inputs.plan));
    await publish(made, inputs, context, host);
    return assertNoProblems(made.problems);
  }
  const sources = await sourcesOf(inputs, context);
  try {
    if (inputs.command === 'plan') {
      const made = await plan(context, sources, inputs);
      if (!inputs.dryRun) await recordOffSlot(context, sources, made);
      host.setOutputs(planOutputs(made));
    } else if (inputs.command === 'export') {
      const tally = await exportLeg(context, sources, inputs, inputs.assignment!, inputs);
      if (!inputs.dryRun) host.setOutputs(outputsOf(tally));
      assertNothingFailed(tally);
    } else {
      const done = await run(context, sources, inputs, inputs);
      if (done === undefined) return;
      await publish(done.report, inputs, context, host, done.tally && outputsOf(done.tally));
      if (done.tally) assertNothingFailed(done.tally);
      assertNoProblems(done.report.problems);
    }
  } finally {
    await closeAll(sources);
  }
}

/** Leaves the report where people and later steps look for it. An issue that cannot be kept hides nothing of it. */
async function publish(
  made: Report,
  inputs: Inputs,
  context: Context,
  host: Host,
  outputs: Readonly<Record<string, string>> = {},
): Promise<void> {
  host.setOutputs({ ...outputs, ...made.outputs });
  await host.addSummary(made.summary);
  const issue = await keepIssue(made, inputs, context).catch((error: unknown) => host.warning(toldOf(error)));
  host.setOutputs({ issue: String(issue ?? '') });
}

async function keepIssue(
  { survey }: Report,
  { github }: Inputs,
  { archiveId, staging, log }: Context,
): Promise<number | undefined> {
  if (github === undefined) return undefined;
  const { GithubTracker } = await import('./io/github/tracker.ts');
  const tracker = new GithubTracker(github, archiveId, staging, clock, log.line);
  try {
    return await track(tracker, survey);
  } finally {
    await tracker.close();
  }
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

/** Holds the archive against the manifest, where there is one, with the sources that are named. */
async function manifestOf(inputs: Inputs, context: Context, host: Host): Promise<ManifestCheck | undefined> {
  const { manifest, api, elasticsearch, range } = inputs;
  if (manifest === undefined) return undefined;
  const { manifestIds } = await import('./io/manifest/file.ts');
  const resultPath = join(dirname(context.temporary), `message-archive-manifest-${context.newId()}.jsonl`);
  const sources = api === undefined && elasticsearch === undefined ? undefined : await sourcesOf(inputs, context);
  try {
    const list = { path: manifest.path, ids: manifestIds(manifest), resultPath };
    const check = await checkManifest(context, list, sources && { sources, range });
    host.setOutputs({ 'manifest-result': resultPath });
    return check;
  } finally {
    if (sources !== undefined) await closeAll(sources);
  }
}

async function closeAll({ live, settled }: Sources): Promise<void> {
  for (const source of new Set([live, settled])) await source.close();
}

async function tellVerified(
  verification: Verification,
  host: Host,
  manifest: ManifestCheck | undefined,
): Promise<void> {
  const { differences } = verification;
  const problem = manifest && manifestProblem(manifest);
  host.setOutputs({ complete: String(differences.length === 0 && problem === undefined) });
  await host.addSummary(summarizeVerification(verification, manifest));
  for (const difference of differences) host.error(difference);
  if (differences.length > 0)
    throw new UserError(
      `The archive differs from its ledger in ${counted(differences.length, 'place')}: see the lines above.${problem === undefined ? '' : ` ${problem}`}`,
    );
  if (problem !== undefined) throw new UserError(problem);
}

/** Builds the context that the inputs name, runs the work, and closes everything. */
async function withParts(
  inputs: Inputs,
  environment: Environment,
  host: Host,
  work: (context: Context) => Promise<void>,
): Promise<void> {
  const { settings } = inputs;
  const aws = await awsAccess(inputs, environment, host);
  const temporary = await temporaryFolder(environment.RUNNER_TEMP || tmpdir(), host);
  const goOn = stopOnSignals(() => temporary.removeAtOnce(), host.line);
  const archive = await archiveOf(inputs, aws, join(temporary.path, 'objects'));
  const threads = new Threads(inputs.concurrency);
  const end = [() => threads.close(), () => archive.close(), () => temporary.remove(), goOn];
  try {
    const mayWrite = !inputs.dryRun && writers.has(inputs.command);
    const found = await findArchive(archive, settings);
    if (found === undefined && !mayWrite && !inputs.dryRun) {
      throw new UserError(`There is no archive at ${archive.url}: name the place that holds its _archive.json.`);
    }
    let archiveId = found ?? randomUUID();
    let staging = await stagingOf(inputs, aws, archiveId);
    end.unshift(() => staging.close());
    if (mayWrite) {
      // All that can be refused is refused before anything is written.
      await staging.prepare();
      await archive.prepare();
      const opened = await openArchive(archive, settings, () => archiveId);
      // Another run made the archive meanwhile.
      if (opened !== archiveId) {
        await staging.close();
        archiveId = opened;
        staging = await stagingOf(inputs, aws, archiveId);
      }
    }
    await work({
      settings,
      recentDays: inputs.recentDays,
      archiveId,
      archive,
      staging,
      threads,
      memory: new BufferPool(memoryBytesMax),
      temporary: temporary.path,
      now: () => inputs.asOf ?? clock.now(),
      elapsed: () => performance.now(),
      newId: randomUUID,
      run: { ...(host.runId && { id: host.runId }), ...(host.runUrl && { url: host.runUrl }) },
      log: host,
    });
  } finally {
    for (const step of end) await step();
  }
}

function temporaryFolder(parent: string, { line }: Host): Promise<TemporaryFolder> {
  const stale = removeStaleFolders(parent);
  if (stale > 0) line(`Removed the temporary files of ${counted(stale, 'run')} that had been killed.`);
  return TemporaryFolder.make(parent);
}

// Clients of services are large: each is loaded only where the inputs name its service.

async function awsAccess({ aws }: Inputs, environment: Environment, host: Host): Promise<AwsAccess> {
  const { roleToAssume, region } = aws;
  if (roleToAssume === undefined) return { region };
  const { roleCredentials } = await import('./io/aws/credentials.ts');
  const sessionName = `message-archive-${host.runId ?? 'run'}`;
  return {
    region,
    credentials: roleCredentials({ roleToAssume, region, sessionName, clock, environment, mask: host.mask }),
  };
}

async function archiveOf({ archive, aws }: Inputs, access: AwsAccess, scratch: string): Promise<Archive> {
  if (archive.kind === 'file') return new DirectoryArchive(archive.folder);
  const { S3Archive } = await import('./io/s3/archive.ts');
  const { bucket, prefix } = archive;
  const { sseKmsKeyId, objectLock } = aws;
  return new S3Archive({ ...access, bucket, prefix, sseKmsKeyId, objectLock, scratch, clock, newId: randomUUID });
}

async function stagingOf({ staging }: Inputs, access: AwsAccess, id: string): Promise<Staging> {
  if (staging.kind === 'sqlite') return new SqliteStaging(staging.path, id);
  const { DynamoStaging } = await import('./io/dynamodb/staging.ts');
  return new DynamoStaging({ ...access, table: staging.table, archive: id, clock, newId: randomUUID });
}

/** The API serves what is live, Elasticsearch the rest; where one is not given, the other serves both. */
async function sourcesOf(inputs: Inputs, { threads, memory, settings, log, now }: Context): Promise<Sources> {
  const { api, elasticsearch } = inputs;
  const patient = patientNature(inputs);
  const scan = pageScanner(threads, settings.shape, settings.format === 'jsonl');
  const made: Source[] = [];
  if (api !== undefined) {
    const { ApiSource } = await import('./io/api/source.ts');
    made.push(new ApiSource(api, scan, memory, patient, log.line, now, settings.shape));
  }
  if (elasticsearch !== undefined) {
    const { ElasticsearchSource } = await import('./io/elasticsearch/source.ts');
    made.push(new ElasticsearchSource(elasticsearch, settings.shape, scan, memory, patient, log));
  }
  return { live: made[0]!, settled: made.at(-1)! };
}

/** The real world, in which a leg waits for a source as long as its time budget lasts. */
function patientNature({ command, timeBudgetMs }: Inputs): Clock {
  const hasBudget = command === 'run' || command === 'export';
  return hasBudget ? { ...clock, waitsUntil: clock.now() - performance.now() + timeBudgetMs } : clock;
}
