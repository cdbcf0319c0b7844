import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertNothingFailed, exportLeg } from './commands/export.ts';
import { findArchive, openArchive } from './commands/open-archive.ts';
import { plan, planOutputs } from './commands/plan.ts';
import { type Report, report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { track } from './commands/track.ts';
import { verify } from './commands/verify.ts';
import type { Context, Sources } from './context.ts';
import { type ErrorCode, sentenceOf, UserError } from './errors.ts';
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
import { parsePlan } from './plan/codec.ts';
import { checkManifest } from './reconcile/manifest.ts';
import { type ManifestCheck, manifestProblem } from './report/manifest.ts';
import { summarizeVerification, type Verification } from './report/verification.ts';
import { pageScanner } from './worker/pages.ts';
import { Threads } from './worker/threads.ts';

const unverifiedTls =
  'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the verification of TLS certificates: anyone on the network can read the tokens and change the messages. Remove it, and set NODE_EXTRA_CA_CERTS to a file with the certificate of the authority.';

type Environment = Readonly<Record<string, string | undefined>>;

/** The commands that write to the archive and the staging. */
const writers: ReadonlySet<Command> = new Set(['plan', 'export', 'run']);
/** The memory for pages and payloads of all slots in progress; the rest goes to disk. */
const memoryBytesMax = 128 * 1024 * 1024;

/** Logs an uncaught error and ends the process. Node would print it without masking secrets. */
export function logCrash(environment: Environment): void {
  process.on('uncaughtException', (error) => {
    githubHost(environment).fail(error);
    process.exit();
  });
}

/** Logs Node's own warnings, for the same reason. */
export function logWarnings(environment: Environment): void {
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => githubHost(environment).line(`Node.js: ${name}: ${message}`));
}

/**
 * Runs the command that the inputs name. A failure sets the exit code and the output `error-code`, and is logged as one line;
 * a bug also with its stack trace.
 */
export async function main(environment: Environment): Promise<void> {
  const host = githubHost(environment);
  for (const secret of secretsIn(environment)) host.mask(secret);
  try {
    if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0') host.warning(unverifiedTls);
    const inputs = readInputs(environment, clock.now());
    const aws = await awsAccess(inputs, environment, host);
    await withContext(inputs, environment, host, aws, (context) => execute(inputs, context, host, aws));
  } catch (error) {
    host.fail(error);
  }
}

async function execute(inputs: Inputs, context: Context, host: Host, aws: AwsAccess): Promise<void> {
  if (inputs.command === 'verify')
    return reportVerification(await verify(context), host, await manifestOf(inputs, context, host, aws));
  if (inputs.command === 'report') {
    // Without a plan, the job that plans has failed.
    const made = await report(context, inputs.plan === undefined ? { failure: undefined } : parsePlan(inputs.plan));
    await publish(made, inputs, context, host);
    return assertNoProblems(made);
  }
  const sources = await sourcesOf(inputs, context, aws);
  try {
    if (inputs.command === 'plan') {
      const made = await plan(context, sources, inputs);
      if (!inputs.dryRun) await recordOffSlot(context, sources, made);
      host.setOutputs(planOutputs(made));
    } else if (inputs.command === 'export') {
      const tally = await exportLeg(context, sources, inputs.assignment!, inputs);
      if (!inputs.dryRun) host.setOutputs(outputsOf(tally));
      assertNothingFailed(tally);
    } else {
      const done = await run(context, sources, inputs, inputs);
      if (done === undefined) return;
      await publish(done.report, inputs, context, host, done.tally && outputsOf(done.tally));
      if (done.tally) assertNothingFailed(done.tally);
      assertNoProblems(done.report);
    }
  } finally {
    await closeAll(sources);
  }
}

/** Publishes the report as outputs, summary and tracking issue. If the issue cannot be updated, a warning says so. */
async function publish(
  made: Report,
  inputs: Inputs,
  context: Context,
  host: Host,
  outputs: Readonly<Record<string, string>> = {},
): Promise<void> {
  host.setOutputs({ ...outputs, ...made.outputs });
  await host.addSummary(made.summary);
  const issue = await updateIssue(made, inputs, context).catch((error: unknown) => host.warning(sentenceOf(error)));
  host.setOutputs({ issue: String(issue ?? '') });
}

async function updateIssue(
  { survey }: Report,
  { github }: Inputs,
  { archiveId, staging, log }: Context,
): Promise<number | undefined> {
  if (github === undefined) return undefined;
  const { GithubTracker } = await import('./io/github/tracker.ts');
  const tracker = new GithubTracker({ ...github, archive: archiveId, notes: staging, clock, say: log.line });
  try {
    return await track(tracker, survey);
  } finally {
    await tracker.close();
  }
}

function assertNoProblems(made: Report & { readonly code?: ErrorCode }): void {
  const { problems, survey, code = survey.noPlan === undefined ? 'archive-incomplete' : 'plan-failed' } = made;
  const [first, ...others] = problems;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` The summary lists ${counted(others.length, 'other problem')}.`;
  throw new UserError(code, `${first}${more}`);
}

/** Checks the archive against the manifest, if there is one, with the sources that the inputs name. */
async function manifestOf(
  inputs: Inputs,
  context: Context,
  host: Host,
  aws: AwsAccess,
): Promise<ManifestCheck | undefined> {
  const { manifest, range } = inputs;
  if (manifest === undefined) return undefined;
  const { manifestIds } = await import('./io/manifest/file.ts');
  const resultPath = join(dirname(context.temporary), `message-archive-manifest-${context.newId()}.jsonl`);
  const sources = hasSource(inputs) ? await sourcesOf(inputs, context, aws) : undefined;
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

async function reportVerification(
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
      'archive-differs',
      `The archive differs from its ledger: ${counted(differences.length, 'difference')}. See the lines above.${problem === undefined ? '' : ` ${problem}`}`,
    );
  if (problem !== undefined) throw new UserError('manifest-unknown-ids', problem);
}

/** Runs the work with the context that the inputs name, and closes everything afterwards. */
async function withContext(
  inputs: Inputs,
  environment: Environment,
  host: Host,
  aws: AwsAccess,
  work: (context: Context) => Promise<void>,
): Promise<void> {
  const { settings } = inputs;
  const temporary = await temporaryFolder(environment.RUNNER_TEMP || tmpdir(), host);
  const ignoreSignals = stopOnSignals(() => temporary.removeSync(), host.line);
  const archive = await archiveOf(inputs, aws, join(temporary.path, 'objects'));
  const threads = new Threads(inputs.concurrency);
  const end = [() => threads.close(), () => archive.close(), () => temporary.remove(), ignoreSignals];
  try {
    const mayWrite = !inputs.dryRun && writers.has(inputs.command);
    const found = await findArchive(archive, settings);
    if (found === undefined && !mayWrite && !inputs.dryRun) {
      throw new UserError(
        'archive-not-found',
        `There is no archive at ${archive.url}. Set \`archive\` to the location of its _archive.json.`,
      );
    }
    let archiveId = found ?? randomUUID();
    let staging = await stagingOf(inputs, aws, archiveId);
    end.unshift(() => staging.close());
    if (mayWrite) {
      // Checks everything before the first write.
      await staging.prepare();
      await archive.prepare();
      const opened = await openArchive(archive, settings, () => archiveId);
      // Another run has created the archive meanwhile.
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
      elapsed: clock.elapsed,
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
  if (stale > 0) line(`Removed temporary files of ${counted(stale, 'killed run')}.`);
  return TemporaryFolder.create(parent);
}

// Service clients are large: each is loaded only if the inputs name its service.

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
  if (archive.kind === 'file') return new DirectoryArchive({ folder: archive.folder, clock, newId: randomUUID });
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

function hasSource({ api, elasticsearch, opensearch }: Inputs): boolean {
  return (api ?? elasticsearch ?? opensearch) !== undefined;
}

/** The API serves live slots, and Elasticsearch or OpenSearch the others. If only one source is given, it serves both. */
async function sourcesOf(
  inputs: Inputs,
  { threads, memory, settings, log, now }: Context,
  aws: AwsAccess,
): Promise<Sources> {
  const { api, elasticsearch, opensearch } = inputs;
  const bounded = boundedClock(inputs);
  const scan = pageScanner(threads, settings.shape, settings.format === 'jsonl');
  const made: Source[] = [];
  if (api !== undefined) {
    const { ApiSource } = await import('./io/api/source.ts');
    made.push(new ApiSource(api, scan, memory, bounded, log.line, now, settings.shape));
  }
  if (elasticsearch !== undefined) {
    const { ElasticsearchSource } = await import('./io/elasticsearch/source.ts');
    made.push(new ElasticsearchSource(elasticsearch, settings.shape, scan, memory, bounded, log));
  }
  if (opensearch !== undefined) {
    const { OpenSearchSource } = await import('./io/opensearch/source.ts');
    made.push(new OpenSearchSource(opensearch, aws, settings.shape, scan, memory, bounded, log));
  }
  return { live: made[0]!, settled: made.at(-1)! };
}

/** The clock for sources, which bounds the waits of a leg by its time budget. */
function boundedClock({ command, timeBudgetMs }: Inputs): Clock {
  const hasBudget = command === 'run' || command === 'export';
  return hasBudget ? { ...clock, waitsUntil: clock.now() - clock.elapsed() + timeBudgetMs } : clock;
}
