import { availableParallelism } from 'node:os';
import type { ArchiveSettings } from '../archive/settings.ts';
import type { UserError } from '../errors.ts';
import type { ApiSettings } from '../io/api/settings.ts';
import type { ElasticsearchSettings } from '../io/elasticsearch/settings.ts';
import type { GithubSettings } from '../io/github/settings.ts';
import type { ManifestSettings } from '../io/manifest/file.ts';
import type { OpenSearchSettings } from '../io/opensearch/settings.ts';
import { type Assignment, parseLeg } from '../plan/legs.ts';
import { windowById } from '../windows/grid.ts';
import { type Interval, intersection } from '../windows/interval.ts';
import type { Layout } from '../windows/slot.ts';
import { address, readApi } from './api.ts';
import { type AwsSettings, readAws } from './aws.ts';
import { columns } from './columns.ts';
import { readElasticsearch } from './elasticsearch.ts';
import { readGithub } from './github.ts';
import { type Form, Given, Refusal } from './given.ts';
import { type ArchivePlace, archivePlace, type StagingPlace, stagingPlace } from './locations.ts';
import { readManifest } from './manifest.ts';
import { readOpenSearch } from './opensearch.ts';
import { anyPointer, duration, flag, pointer, statuses, timeFormat, timeZone, wholeNumber, word } from './parsers.ts';
import { checkProxies } from './proxies.ts';
import { readRange } from './range.ts';
import { checkTransport } from './transport.ts';

export { inputDefaults } from './defaults.ts';

const windowDaysMax = 366;
const recentDaysMax = 3_650;
const scrubWindowsMax = 1_000;
const overlapDaysMax = 366;
/** Where both sources are given. */
const overlapDaysUsual = 7;
const concurrencyMax = 64;
/** GitHub ends a job on a self-hosted runner after five days. */
const timeBudgetHoursMax = 120;

export type Command = 'run' | 'plan' | 'export' | 'report' | 'verify';

const commands: readonly Command[] = ['run', 'plan', 'export', 'report', 'verify'];
/** The commands that read messages from the source. */
const readers: ReadonlySet<Command> = new Set(['run', 'plan', 'export']);

/** Every input, read and checked. */
export interface Inputs {
  readonly command: Command;
  /** What to read, in ms since 1970: it ends now at the latest, and starts 7 calendar years before its end by default. */
  readonly range: Interval;
  readonly refresh: boolean;
  readonly acceptFewer: boolean;
  readonly dryRun: boolean;
  /** What the run takes for now, in ms since 1970; undefined: the clock. */
  readonly asOf: number | undefined;
  /** Given for `export`, and for it alone. */
  readonly assignment: Assignment | undefined;
  /** What `plan` put out, as text; given for `report` alone, and absent there where the job that plans failed. */
  readonly plan: string | undefined;
  /** Ids from outside that `verify` holds the archive against. */
  readonly manifest: ManifestSettings | undefined;
  readonly recentDays: number;
  readonly scrubWindows: number;
  /** For how many days both sources are compared; 0: none, also in a dry run. */
  readonly overlapDays: number;
  readonly archive: ArchivePlace;
  readonly staging: StagingPlace;
  readonly settings: ArchiveSettings;
  /** Of the two sources one is given at least, but for `report` and `verify`, which need none. */
  readonly api: ApiSettings | undefined;
  readonly elasticsearch: ElasticsearchSettings | undefined;
  /** Instead of Elasticsearch. */
  readonly opensearch: OpenSearchSettings | undefined;
  readonly aws: AwsSettings;
  readonly concurrency: number;
  readonly timeBudgetMs: number;
  /** The tracking issue; undefined: none is kept. */
  readonly github: GithubSettings | undefined;
}

/**
 * Reads every input, and contacts nothing.
 * @param environment the process's variables, with the inputs as GitHub gives them: `api-url` is `INPUT_API-URL`
 * @param now the clock, in ms since 1970
 * @throws UserError where a proxy is no address, and on the first input that is unknown, missing or not accepted: one sentence with its name, its value
 *   (without secrets) and what is accepted
 */
export function readInputs(environment: Readonly<Record<string, string | undefined>>, now: number): Inputs {
  const given = new Given(environment);
  checkProxies(environment);
  const command = given.read('command', word(...commands));
  const archive = given.required('archive', archivePlace);
  const staging = given.required('staging', stagingPlace);
  const isLocal = archive.kind === 'file' && staging.kind === 'sqlite';
  const isOnFiles = archive.kind === 'file' || staging.kind === 'sqlite';
  if (command === 'export' && isOnFiles && environment.RUNNER_ENVIRONMENT === 'github-hosted')
    throw refuseMatrix(given);
  const settings = readSettings(given);
  const api = readApi(given, settings.layout);
  const elasticsearch = readElasticsearch(given);
  const opensearch = readOpenSearch(given);
  const engine = elasticsearch ?? opensearch;
  if (api === undefined && engine === undefined && readers.has(command)) given.required('api-url', address);
  const { range, asOf } = readRange(given, now, isLocal);
  const aws = readAws(given, archive, staging, opensearch);
  const github = readGithub(given, environment);
  const issuer = aws.roleToAssume && environment.ACTIONS_ID_TOKEN_REQUEST_URL;
  checkTransport(given, { api, elasticsearch, opensearch, github, issuer });
  return {
    command,
    range,
    asOf,
    refresh: given.read('refresh', flag),
    acceptFewer: given.read('accept-fewer', flag),
    dryRun: readDryRun(given, command),
    assignment: readAssignment(given, command, settings.layout, range, asOf ?? now),
    plan: readPlan(given, command),
    manifest: readManifest(given, command),
    recentDays: given.read('recent-days', wholeNumber(0, recentDaysMax)),
    scrubWindows: given.read('scrub-windows', wholeNumber(0, scrubWindowsMax)),
    overlapDays: readOverlapDays(given, api !== undefined && engine !== undefined),
    archive,
    staging,
    settings,
    api,
    elasticsearch,
    opensearch,
    aws,
    concurrency:
      given.read('concurrency', wholeNumber(1, concurrencyMax)) ?? Math.min(availableParallelism(), concurrencyMax),
    timeBudgetMs: given.read('time-budget', duration(timeBudgetHoursMax)),
    github,
  };
}

function readSettings(given: Given): ArchiveSettings {
  const format = given.read('format', word('parquet', 'jsonl'));
  const declared = given.read('columns', columns) ?? [];
  if (format === 'jsonl' && declared.length > 0) {
    throw given.refuse(
      'columns',
      '`format: jsonl` stores whole messages and has no columns of its own, so leave them out, or set `format: parquet`',
    );
  }
  return {
    layout: {
      windowDays: given.read('window-days', wholeNumber(1, windowDaysMax)),
      partitionBy: given.read('partition-by', word('month', 'day')),
    },
    format,
    shape: {
      id: given.read('message-id', pointer),
      timestamp: given.read('message-timestamp', pointer),
      alerts: given.read('message-alerts', pointer),
      alertId: given.read('alert-id', pointer),
      alertStatus: given.read('alert-status', anyPointer),
      closedStatuses: given.read('closed-statuses', statuses),
      columns: declared,
      timeFormat: given.read('message-time-format', timeFormat),
      timeZone: given.read('message-time-zone', timeZone),
    },
  };
}

function readDryRun(given: Given, command: Command): boolean {
  const dryRun = given.read('dry-run', flag);
  if (!dryRun || readers.has(command)) return dryRun;
  throw given.refuse('dry-run', `it prints a plan, and \`${command}\` makes none, so leave it out there`);
}

function readOverlapDays(given: Given, hasBoth: boolean): number {
  const days = given.read('overlap-days', wholeNumber(0, overlapDaysMax));
  if (hasBoth) return given.read('dry-run', flag) ? 0 : (days ?? overlapDaysUsual);
  if (days === undefined || days === 0) return 0;
  throw given.refuse(
    'overlap-days',
    'it compares the API with Elasticsearch or OpenSearch, and one of the two is missing, so leave it out',
  );
}

/** A file is on one machine, and GitHub gives each leg of a matrix another one. */
function refuseMatrix(given: Given): UserError {
  return given.refuse(
    'staging',
    "each leg of a matrix has a hosted runner of its own, which has no other's files: use `command: run`, or runners that share them",
  );
}

function readAssignment(
  given: Given,
  command: Command,
  { windowDays }: Layout,
  range: Interval,
  now: number,
): Assignment | undefined {
  if (command === 'export') return given.required('window', assignmentWithin(windowDays, range, now));
  return refuseFor('export', command, given, 'window');
}

function readPlan(given: Given, command: Command): string | undefined {
  return command === 'report' ? given.text('plan') || undefined : refuseFor('report', command, given, 'plan');
}

/** Refuses an input that another command takes. */
function refuseFor(owner: Command, command: Command, given: Given, name: 'window' | 'plan'): undefined {
  if (given.text(name) !== '')
    throw given.refuse(name, `only the command \`${owner}\` takes it, leave it out for \`${command}\``);
}

/** An element of the plan's matrix carries its own range, and may look again at what waits outside of it. */
function assignmentWithin(windowDays: number, range: Interval, now: number): Form<Assignment> {
  return {
    accepted: "write an element of the plan's matrix, as JSON, or the ids of windows",
    read(text) {
      const assignment = parseLeg(text, windowDays);
      const span = 'from' in assignment ? { start: Number.NEGATIVE_INFINITY, end: now } : range;
      if (assignment.windows.some((id) => intersection(windowById(id, windowDays), span))) return assignment;
      throw new Refusal('nothing of it lies between `from` and `to` and in the past, name a window of the plan');
    },
  };
}
