import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DuckDBInstance } from '@duckdb/node-api';
import { inject, onTestFinished } from 'vitest';
import { parseOutputs } from '../../../demo/outputs.ts';
import type { LedgerRecord, SourceRecord, StagedMessage } from '../../../src/archive/ledger.ts';
import { testFolder } from '../../support/folders.ts';
import { testServer } from '../../support/http-server.ts';

export const token = 'a-secret-token-17';

/** A message of a case: its id, its time (ISO 8601), its alerts' statuses, and whatever else it carries. */
export function message(id: string, timestamp: string, statuses: readonly string[] = ['closed'], rest: object = {}) {
  const alerts = statuses.map((status, n) => ({ alert_id: `${id}-${n}`, status }));
  return { message_id: id, timestamp, alerts, ...rest };
}

/** `count` closed messages, spread over June 2024. */
export function june(count: number, prefix = 'm'): ReturnType<typeof message>[] {
  const start = Date.UTC(2024, 5, 1, 12);
  const stepMs = (29 * 86_400_000) / Math.max(count, 1);
  return Array.from({ length: count }, (_, n) =>
    message(`${prefix}-${String(n).padStart(5, '0')}`, new Date(start + Math.floor(n * stepMs)).toISOString()),
  );
}

/** One request to the API. */
export interface Asked {
  readonly url: URL;
  readonly page: number;
  readonly size: number;
  /** As they were sent. */
  readonly start: string;
  readonly end: string;
  readonly request: IncomingMessage;
  /** Requests so far, this one included. */
  readonly count: number;
}

/** Returns a value to send as JSON, or undefined if it has written the response itself. */
export type Handler = (asked: Asked, response: ServerResponse) => unknown;

/** An API that responds by `handle`. */
export async function api(handle: Handler) {
  return testServer((response, count, request) => {
    const url = new URL(request.url ?? '/', 'http://api');
    const query = url.searchParams;
    const [page, size] = [Number(query.get('page_number')), Number(query.get('page_size'))];
    const [start, end] = [query.get('start_time') ?? '', query.get('end_time') ?? ''];
    const sent = handle({ url, page, size, start, end, request, count }, response);
    if (sent !== undefined) sendJson(response, sent);
  });
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** The response of an API that filters by timestamp and counts correctly. */
export function pageOf<Sent extends { readonly timestamp: string }>(
  messages: readonly Sent[],
  { page, size, start, end }: Asked,
) {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const found = messages.filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) < to);
  return { messages: found.slice((page - 1) * size, page * size), total: found.length };
}

/** The results of one run of the action. */
export interface Ran {
  readonly code: number | null;
  /** Standard output and standard error, without the lines that ask the runner to mask a secret. */
  readonly log: string;
  /** Standard output, unchanged. */
  readonly printed: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** A folder in which the action runs, as a process, with its archive and its staging. */
export class Case {
  readonly folder: string;
  readonly inputs: Readonly<Record<string, string>>;

  private constructor(folder: string, inputs: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.inputs = inputs;
  }

  /**
   * June 2024 as of 1 November 2024: one settled slot, in pages of 10.
   * @param inputs added to the usual ones, or replacing them
   */
  static async make(inputs: Readonly<Record<string, string>>): Promise<Case> {
    const folder = await testFolder();
    return new Case(folder, {
      command: 'run',
      archive: `file:${join(folder, 'archive')}`,
      staging: `sqlite:${join(folder, 'staging.sqlite')}`,
      from: '2024-06-01',
      to: '2024-07-01',
      'as-of': '2024-11-01',
      'api-page-size': '10',
      'api-token': token,
      concurrency: '1',
      'issue-label': '',
      ...inputs,
    });
  }

  /** Runs the bundle once, as GitHub's runner does. */
  async run(
    inputs: Readonly<Record<string, string>> = {},
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    return (await this.start(inputs, variables)).ran;
  }

  /** Starts the bundle, for who ends it; it ends with the test in hand at the latest. */
  async start(
    inputs: Readonly<Record<string, string>> = {},
    variables: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly child: ChildProcess; readonly ran: Promise<Ran> }> {
    const home = join(this.folder, `run-${crypto.randomUUID()}`);
    await mkdir(home);
    const [output, summary] = [join(home, 'output'), join(home, 'summary.md')];
    await Promise.all([writeFile(output, ''), writeFile(summary, '')]);
    const given = Object.entries({ ...this.inputs, ...inputs }).map(([name, value]) => [
      `INPUT_${name.toUpperCase()}`,
      value,
    ]);
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      RUNNER_TEMP: home,
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      ...Object.fromEntries(given),
      ...variables,
    };
    const child = spawn(process.execPath, [join(inject('dist'), 'index.js')], {
      env,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = async () => {
      const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      return {
        code,
        log: `${out.replace(/^(?:::add-mask::.*\n)+/, '')}${error}`,
        printed: out,
        outputs: parseOutputs(await readFile(output, 'utf8')),
        summary: await readFile(summary, 'utf8'),
      };
    };
    return { child, ran: ended() };
  }

  /** The ids that the archive holds, sorted, as DuckDB reads them. */
  async archivedIds(): Promise<string[]> {
    const files = (await readdir(join(this.folder, 'archive'), { recursive: true }).catch(() => [])).filter((path) =>
      /^month=.*\.parquet$/.test(path),
    );
    if (files.length === 0) return [];
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const paths = files.map((path) => `'${join(this.folder, 'archive', path)}'`).join(', ');
    const reader = await connection.runAndReadAll(`SELECT message_id FROM read_parquet([${paths}]) ORDER BY ALL`);
    const ids = reader.getRows().map(([id]) => String(id));
    connection.closeSync();
    instance.closeSync();
    return ids;
  }

  /** The ledger and the staged messages as the report left them for auditors. */
  async ledger(): Promise<{ ledger: LedgerRecord[]; staged: StagedMessage[]; sources?: SourceRecord[] }> {
    return JSON.parse(await readFile(join(this.folder, 'archive', '_report', 'ledger.json'), 'utf8'));
  }

  /** The quarantined messages, one parsed line each. */
  async quarantined(): Promise<Record<string, unknown>[]> {
    const folder = join(this.folder, 'archive', '_quarantine');
    const files = (await readdir(folder, { recursive: true }).catch(() => [])).filter((path) =>
      path.endsWith('.jsonl'),
    );
    const texts = await Promise.all(files.map((path) => readFile(join(folder, path), 'utf8')));
    return texts.flatMap((each) => each.split('\n').filter((line) => line !== '')).map((line) => JSON.parse(line));
  }
}
