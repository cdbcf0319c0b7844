import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LedgerFile, readLedger } from '../../demo/ledger.ts';
import { parsePlan } from '../../src/plan/codec.ts';
import type { PlanOutput } from '../../src/plan/decide.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { type ReadRow, readBack } from '../services/read-back.ts';
import type { Outcome } from './act.ts';
import type { Job } from './act-log.ts';
import { callerWorkflow, expression } from './caller.ts';
import { Sandbox } from './sandbox.ts';
import { Source, token } from './source.ts';

const caller = 'other/records';
const workflow = 'weekly.yml';
const layout = { windowDays: 60, partitionBy: 'month' } as const;

/** State after a run. */
interface Run {
  readonly outcome: Outcome;
  /** Slot id, action and reason. */
  readonly plan: PlanOutput['slots'];
  readonly report: Job;
  readonly rows: ReadonlyMap<string, ReadRow>;
  readonly ledger: LedgerFile;
  /** Archive files with messages, by path. */
  readonly objects: ReadonlyMap<string, Buffer>;
}

let sandbox: Sandbox;
let source: Source;
let archive: string;

/** A message on a day, with alerts of these statuses. */
function put(id: string, day: string, statuses: readonly string[], text?: string): void {
  source.truth.put({ id, at: Date.parse(day), statuses, ...(text !== undefined && { text }) });
}

/** Seven years with one closed message a month, and a few that change later. */
function fillHistory(): void {
  for (let month = 0; month < 84; month++) {
    const at = Date.UTC(2019, month, 10);
    put(`closed-${month}`, new Date(at).toISOString(), ['closed']);
  }
  put('forgotten', '2019-03-20', ['closed', 'open']);
  put('slow', '2023-09-20', ['open']);
  put('bare', '2022-04-20', []);
  put('amended', '2020-08-20', ['closed'], 'as it was');
  put('reopened', '2021-10-20', ['closed'], 'as it was');
  put('removed', '2020-02-20', ['closed']);
  put('removed_pending', '2022-11-20', ['open']);
  put('recent', '2025-12-20', ['open']);
}

/** Changes of a week, and changes that no count shows. */
function slipIn(): void {
  put('recent', '2025-12-20', ['closed']);
  put('slow', '2023-09-20', ['closed']);
  put('new', '2026-01-08', ['closed']);
  put('late', '2021-05-20', ['closed']);
  put('bare', '2022-04-20', ['closed']);
  put('amended', '2020-08-20', ['closed'], 'as it is now');
  put('reopened', '2021-10-20', ['closed', 'open'], 'as it was');
  source.truth.remove('removed');
  source.truth.remove('removed_pending');
}

async function runAt(now: string, scrubWindows: number, inputs?: Readonly<Record<string, string>>): Promise<Run> {
  const outcome = await sandbox.run({
    in: caller,
    workflow,
    secrets: { SURVEILLANCE: token },
    vars: { NOW: now, SCRUB_WINDOWS: String(scrubWindows) },
    ...(inputs === undefined ? { name: 'schedule' } : { name: 'workflow_dispatch', inputs }),
  });
  const planned = outcome.jobs.find(({ id }) => id === 'plan')!;
  const report = outcome.jobs.find(({ id }) => id === 'report');
  if (report === undefined) throw new Error(`There is no report:\n${outcome.log}`);
  const rows = await readBack(archive);
  const ledger = await readLedger(archive);
  const objects = await Promise.all(
    ledger.ledger
      .filter(({ rows: count }) => count > 0)
      .map(({ slot }) => `month=${slot.slice(0, 4)}-${slot.slice(4, 6)}/messages-${slot}.parquet`)
      .map(async (path) => [path, await readFile(join(archive, path))] as const),
  );
  return {
    outcome,
    plan: parsePlan(planned.outputs.plan!.plan!).slots,
    report,
    rows: new Map(rows.map((row) => [row.id, row])),
    ledger,
    objects: new Map(objects),
  };
}

/** Action and reason that a run planned for the slot of a day. */
function reasonFor({ plan }: Run, day: string): string | undefined {
  const { id } = slotAt(Date.parse(day), layout);
  return plan.find(([slot]) => slot === id)?.[2];
}

function textOf(run: Run, id: string): string | undefined {
  const row = run.rows.get(id);
  return row && JSON.parse(row.payload.toString()).text;
}

/** Pending messages with their reasons. */
function staged({ ledger }: Run): Record<string, string> {
  return Object.fromEntries(ledger.staged.map(({ message_id, reason }) => [message_id, reason]));
}

function changedSince(before: Run, after: Run): string[] {
  return [...after.objects].filter(([path, bytes]) => !before.objects.get(path)?.equals(bytes)).map(([path]) => path);
}

describe('the life of an archive, run by run', () => {
  let first: Run;
  let weekly: Run;
  let accepted: Run;
  let closed: Run;
  let again: Run;

  beforeAll(async () => {
    sandbox = await Sandbox.make();
    source = await Source.start();
    archive = join(sandbox.folder, 'archive');
    const inputs = {
      from: '2019-01-01',
      'as-of': expression('vars.NOW'),
      archive: `file:${archive}`,
      staging: `sqlite:${join(sandbox.folder, 'staging.sqlite')}`,
      'api-url': source.url,
      'scrub-windows': expression('vars.SCRUB_WINDOWS'),
    };
    await sandbox.add(caller, workflow, callerWorkflow(inputs, { 'api-token': expression('secrets.SURVEILLANCE') }));
    fillHistory();
    first = await runAt('2026-01-05', 1);
    slipIn();
    weekly = await runAt('2026-01-12', 20);
    accepted = await runAt('2026-01-13', 20, { 'accept-fewer': 'true' });
    put('reopened', '2021-10-20', ['closed', 'closed'], 'as it is now');
    closed = await runAt('2026-01-19', 0);
    again = await runAt('2026-01-20', 0);
  });

  afterAll(async () => {
    await source?.close();
    await sandbox?.remove();
  });

  it('first reads seven years, a leg per 60 days', () => {
    expect(first.outcome.code, first.outcome.log).toBe(0);
    expect(first.outcome.jobs.filter(({ id }) => id === 'export')).toHaveLength(43);
    expect(first.report.outputs.report!.complete).toBe('true');
    expect(first.rows.size).toBe(84 + 3);
    expect(staged(first)).toEqual({ forgotten: 'open', slow: 'open', removed_pending: 'open', recent: 'open' });
  });

  it('shows how long a message has been open', () => {
    for (const { report } of [first, weekly, accepted, closed]) {
      expect(report.outputs.report!['oldest-open']).toBe('2019-03-20T00:00:00.000Z');
      expect(report.summary).toMatch(/\*\*\d pending\*\*, .*; the oldest is 6 years \d+ months? old/);
      expect(report.summary).toContain('forgotten');
    }
  });

  it('archives new messages, late ones, and those that were closed since', () => {
    expect(reasonFor(weekly, '2026-01-08')).toBe('live');
    expect(reasonFor(weekly, '2023-09-20')).toBe('pending');
    expect(reasonFor(weekly, '2021-05-20')).toBe('audit');
    for (const id of ['new', 'recent', 'slow', 'late']) expect(weekly.rows.has(id), id).toBe(true);
    expect(staged(weekly)).not.toHaveProperty('slow');
  });

  it('fails a slot that shrank, and continues with the others', () => {
    expect(weekly.outcome.code).toBe(1);
    expect(weekly.report.outputs.report!.complete).toBe('false');
    for (const [day, month] of [
      ['2020-02-20', 'February 2020'],
      ['2022-11-20', 'November 2022'],
    ] as const) {
      expect(reasonFor(weekly, day)).toBe('audit');
      expect(weekly.report.summary).toContain(month);
    }
    expect(weekly.report.summary).toMatch(/shr[au]nk/);
    const failed = weekly.outcome.jobs.filter(({ id, ok }) => id === 'export' && !ok);
    expect(failed).toHaveLength(2);
  });

  it('finds changes that no count shows when it reads windows again', () => {
    const reasons = ['2022-04-20', '2020-08-20', '2021-10-20'].map(
      (day) => reasonFor(weekly, day) ?? reasonFor(accepted, day),
    );
    expect(reasons).toEqual(['scrub', 'scrub', 'scrub']);
    expect(first.rows.has('bare')).toBe(false);
    expect(accepted.rows.has('bare')).toBe(true);
    expect([textOf(first, 'amended'), textOf(accepted, 'amended')]).toEqual(['as it was', 'as it is now']);
  });

  it('keeps re-opened and removed messages and names them once fewer are accepted', () => {
    expect(accepted.outcome.code, accepted.outcome.log).toBe(0);
    expect(accepted.report.outputs.report!.complete).toBe('true');
    expect(accepted.rows.has('removed')).toBe(true);
    expect(textOf(accepted, 'reopened')).toBe('as it was');
    expect(staged(accepted)).toEqual({ forgotten: 'open', reopened: 'reopened', removed_pending: 'open' });
    const cases = ['reopened', 'amended', 'removed', 'removed_pending'] as const;
    const sum = (name: (typeof cases)[number]) =>
      accepted.ledger.ledger.reduce((total, record) => total + (record.cases?.[name] ?? 0), 0);
    expect(cases.map(sum)).toEqual([1, 1, 1, 1]);
    for (const name of ['re-opened', 'amended', 'removed', 'removed_pending']) {
      expect(`${weekly.report.summary}${accepted.report.summary}`.toLowerCase(), name).toContain(name);
    }
  });

  it('replaces a re-opened message by its newer closed version', () => {
    expect(closed.outcome.code, closed.outcome.log).toBe(0);
    expect(reasonFor(closed, '2021-10-20')).toBe('pending');
    expect(textOf(closed, 'reopened')).toBe('as it is now');
    expect(staged(closed)).toEqual({ forgotten: 'open', removed_pending: 'open' });
    const { id } = slotAt(Date.parse('2021-10-20'), layout);
    expect(changedSince(accepted, closed)).toEqual([`month=2021-10/messages-${id}.parquet`]);
  });

  it('writes nothing if nothing is new', () => {
    expect(again.outcome.code, again.outcome.log).toBe(0);
    expect(changedSince(closed, again)).toEqual([]);
    expect(again.objects.size).toBe(closed.objects.size);
  });

  it('archives each message once, with the bytes that the source sent', () => {
    expect(again.rows.size).toBe(84 + 3 + 5);
    for (const { id, json } of source.truth.held.values()) {
      if (id !== 'forgotten') expect(again.rows.get(id)?.payload.toString(), id).toBe(json);
    }
    expect([...again.rows.values()].every(({ holds }) => holds)).toBe(true);
  });
});
