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
import { Given, type Parser, Refusal } from './given.ts';
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
/** The default if both sources are given. */
const overlapDaysDefault = 7;
const concurrencyMax = 64;
/** GitHub's limit for a job on a self-hosted runner: five days. */
const timeBudgetHoursMax = 120;

const commands = ['run', 'plan', 'export', 'report', 'verify'] as const;

export type Command = (typeof commands)[number];

/** The commands that require a source. */
const readers: ReadonlySet<Command> = new Set(['run', 'plan', 'export']);

/** Every input, parsed and checked. */
export interface Inputs {
  readonly command: Command;
  /** The range to read, in ms since 1970. It ends now at the latest, and by default starts 7 calendar years before its end. */
  readonly range: Interval;
  readonly refresh: boolean;
  readonly acceptFewer: boolean;
  readonly dryRun: boolean;
  /** The instant to use as the current time, in ms since 1970; undefined: the clock. */
  readonly asOf: number | undefined;
  /** Set for `export` only. */
  readonly assignment: Assignment | undefined;
  /** The output `plan` of the command `plan`; for `report` only, and absent if that job failed. */
  readonly plan: string | undefined;
  /** The ids that `verify` checks the archive against. */
  readonly manifest: ManifestSettings | undefined;
  readonly recentDays: number;
  readonly scrubWindows: number;
  /** The number of days for which both sources are compared; 0 in a dry run. */
  readonly overlapDays: number;
  readonly archive: ArchivePlace;
  readonly staging: StagingPlace;
  readonly settings: ArchiveSettings;
  /** At least one of the two sources is set, except for `report` and `verify`. */
  readonly api: ApiSettings | undefined;
  readonly elasticsearch: ElasticsearchSettings | undefined;
  /** Instead of Elasticsearch. */
  readonly opensearch: OpenSearchSettings | undefined;
  readonly aws: AwsSettings;
  readonly concurrency: number;
  readonly timeBudgetMs: number;
  /** The tracking issue; undefined if there is none. */
  readonly github: GithubSettings | undefined;
}

/**
 * Parses every input, without contacting any service.
 * @param environment the process's variables, in which GitHub passes `api-url` as `INPUT_API-URL`
 * @param now the current time, in ms since 1970
 * @throws UserError for the first input that is unknown, missing or not accepted, with its name, its value (without secrets)
 *   and the accepted values; and for a proxy variable that is not a URL
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
      '`format: jsonl` stores whole messages and has no columns, so remove them, or set `format: parquet`',
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
  throw given.refuse('dry-run', `it prints a plan, which \`${command}\` does not make, so remove it`);
}

function readOverlapDays(given: Given, hasBoth: boolean): number {
  const days = given.read('overlap-days', wholeNumber(0, overlapDaysMax));
  if (hasBoth) return given.read('dry-run', flag) ? 0 : (days ?? overlapDaysDefault);
  if (days === undefined || days === 0) return 0;
  throw given.refuse(
    'overlap-days',
    'it compares the API with Elasticsearch or OpenSearch, and one of the two is missing, so remove it',
  );
}

/** A file is on one machine, and each leg of a matrix runs on another. */
function refuseMatrix(given: Given): UserError {
  return given.refuse(
    'staging',
    'each leg of a matrix runs on a GitHub-hosted runner of its own, without the files of the others: use `command: run`, or runners that share them',
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

/** Refuses an input of another command. */
function refuseFor(owner: Command, command: Command, given: Given, name: 'window' | 'plan'): undefined {
  if (given.text(name) !== '')
    throw given.refuse(name, `it applies to the command \`${owner}\` only, so remove it for \`${command}\``);
}

/** An element of the plan's matrix has its own range, and may re-check pending messages outside of it. */
function assignmentWithin(windowDays: number, range: Interval, now: number): Parser<Assignment> {
  return {
    accepted: "use an element of the plan's matrix, as JSON, or the ids of windows",
    read(text) {
      const assignment = parseLeg(text, windowDays);
      const span = 'from' in assignment ? { start: Number.NEGATIVE_INFINITY, end: now } : range;
      if (assignment.windows.some((id) => intersection(windowById(id, windowDays), span))) return assignment;
      throw new Refusal(
        'it does not overlap the range from `from` to `to`, as far as that is in the past: use a window of the plan',
      );
    },
  };
}
