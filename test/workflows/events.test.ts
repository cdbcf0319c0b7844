import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Leg } from '../../src/plan/legs.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { readBack } from '../services/read-back.ts';
import type { Outcome } from './act.ts';
import { callerWorkflow, expression } from './caller.ts';
import { Sandbox } from './sandbox.ts';
import { Source, token } from './source.ts';

const workflow = 'archive.yml';
const secrets = { MESSAGE_ARCHIVE_API_TOKEN: token };
const spring = { from: '2024-01-18', to: '2024-07-16' };

let sandbox: Sandbox;
let source: Source;
let folder: string;

beforeAll(async () => {
  sandbox = await Sandbox.make();
});
afterAll(() => sandbox?.remove());

beforeEach(async () => {
  source = await Source.start();
  folder = await mkdtemp(join(sandbox.folder, 'files-'));
});
afterEach(() => source.close());

/** Variables of a repository that archives to files. */
function settings(): Record<string, string> {
  return {
    MESSAGE_ARCHIVE_ARCHIVE: `file:${join(folder, 'archive')}`,
    MESSAGE_ARCHIVE_STAGING: `sqlite:${join(folder, 'staging.sqlite')}`,
    MESSAGE_ARCHIVE_API_URL: source.url,
    MESSAGE_ARCHIVE_SCRUB_WINDOWS: '0',
  };
}

/** A closed message in the middle of each spring month, and an open one. */
function fillSpring(): void {
  for (const month of ['02', '03', '04', '05', '06']) {
    source.truth.put({ id: `closed-${month}`, at: Date.parse(`2024-${month}-15`), statuses: ['closed'] });
  }
  source.truth.put({ id: 'open', at: Date.parse('2024-04-20'), statuses: ['closed', 'open'] });
}

async function archivedIds(): Promise<string[]> {
  const rows = await readBack(join(folder, 'archive'));
  return rows.map(({ id }) => id).sort();
}

/** Jobs that ran, and whether they succeeded. */
function course({ jobs }: Outcome): [string, boolean][] {
  return jobs.map(({ id, matrix, ok }) => [id === 'export' ? `export ${(matrix.leg as Leg).name}` : id, ok]);
}

function jobOf({ jobs }: Outcome, wanted: string) {
  return jobs.find(({ id }) => id === wanted)!;
}

function report(outcome: Outcome) {
  return jobOf(outcome, 'report');
}

describe('by schedule', () => {
  it('archives with the settings in repository variables', async () => {
    const now = Date.now();
    source.truth.put({ id: 'closed', at: now - 70 * DAY_MS, statuses: ['closed'] });
    source.truth.put({ id: 'open', at: now - 69 * DAY_MS, statuses: ['open'] });
    const vars = { ...settings(), MESSAGE_ARCHIVE_FROM: instant(now - 72 * DAY_MS).slice(0, 10) };
    const outcome = await sandbox.run({ name: 'schedule', workflow, vars, secrets });
    expect(outcome.code, outcome.log).toBe(0);
    expect(course(outcome).map(([name]) => name.split(' ')[0])).toEqual(['plan', ...legsOf(outcome), 'report']);
    expect(legsOf(outcome).length).toBeGreaterThanOrEqual(2);
    expect(report(outcome).outputs.report).toMatchObject({
      complete: 'true',
      'oldest-open': instant(now - 69 * DAY_MS),
    });
    expect(await archivedIds()).toEqual(['closed']);
    expect(outcome.log).not.toContain(token);
  });

  it('is skipped if nothing is set up', async () => {
    const outcome = await sandbox.run({ name: 'schedule', workflow });
    expect(course(outcome)).toEqual([]);
    expect(outcome.code, outcome.log).toBe(0);
  });
});

function legsOf(outcome: Outcome): string[] {
  return outcome.jobs.filter(({ id }) => id === 'export').map(() => 'export');
}

describe('by hand', () => {
  it('names missing settings if nothing is set up', async () => {
    const outcome = await sandbox.run({ name: 'workflow_dispatch', workflow });
    expect(outcome.code, outcome.log).toBe(1);
    expect(course(outcome)).toEqual([['plan', false]]);
    expect(jobOf(outcome, 'plan').failed).toEqual(['Check the settings']);
    expect(jobOf(outcome, 'plan').summary).toMatch(/MESSAGE_ARCHIVE_ARCHIVE/);
  });

  it('archives a range, a leg per window, and has nothing to do the second time', async () => {
    fillSpring();
    const event = { name: 'workflow_dispatch', workflow, vars: settings(), secrets, inputs: spring } as const;
    const first = await sandbox.run(event);
    expect(first.code, first.log).toBe(0);
    expect(course(first)).toEqual([
      ['plan', true],
      ['export 2024-01-18..2024-03-18', true],
      ['export 2024-03-18..2024-05-17', true],
      ['export 2024-05-17..2024-07-16', true],
      ['report', true],
    ]);
    expect(report(first).summary).toContain('✅ complete');
    expect(await archivedIds()).toEqual(['closed-02', 'closed-03', 'closed-04', 'closed-05', 'closed-06']);

    source.truth.put({ id: 'open', at: Date.parse('2024-04-20'), statuses: ['closed', 'closed'] });
    const second = await sandbox.run(event);
    expect(course(second)).toEqual([
      ['plan', true],
      ['export 2024-03-18..2024-05-17', true],
      ['report', true],
    ]);
    expect(await archivedIds()).toContain('open');

    const third = await sandbox.run(event);
    expect(third.code).toBe(0);
    expect(course(third)).toEqual([
      ['plan', true],
      ['report', true],
    ]);
    expect(jobOf(third, 'plan').outputs.plan).toMatchObject({ matrix: '[]', count: '0' });
    expect(report(third).outputs.report!.complete).toBe('true');
  });

  it('prints the plan of a dry run, and writes nothing', async () => {
    fillSpring();
    const inputs = { ...spring, 'dry-run': 'true' };
    const outcome = await sandbox.run({ name: 'workflow_dispatch', workflow, vars: settings(), secrets, inputs });
    expect(outcome.code, outcome.log).toBe(0);
    expect(course(outcome)).toEqual([['plan', true]]);
    expect(jobOf(outcome, 'plan').lines.join('\n')).toMatch(/\b3 legs\b/);
    expect(existsSync(join(folder, 'archive'))).toBe(false);
    expect(existsSync(join(folder, 'staging.sqlite'))).toBe(false);
  });

  it('continues with other legs if one fails, and fails; the next run completes the work', async () => {
    fillSpring();
    source.refuses = (query) => query.get('start_time')!.startsWith('2024-03-31');
    const event = { name: 'workflow_dispatch', workflow, vars: settings(), secrets, inputs: spring } as const;
    const failed = await sandbox.run(event);
    expect(failed.code).toBe(1);
    expect(course(failed)).toEqual([
      ['plan', true],
      ['export 2024-01-18..2024-03-18', true],
      ['export 2024-03-18..2024-05-17', false],
      ['export 2024-05-17..2024-07-16', true],
      ['report', false],
    ]);
    expect(report(failed).outputs.report!.complete).toBe('false');
    expect(report(failed).summary).toContain('❌ incomplete');
    expect(report(failed).summary).toContain('403');
    expect(await archivedIds()).toEqual(['closed-02', 'closed-03', 'closed-05', 'closed-06']);

    source.refuses = () => false;
    const next = await sandbox.run(event);
    expect(next.code, next.log).toBe(0);
    expect(report(next).outputs.report!.complete).toBe('true');
    expect(await archivedIds()).toContain('closed-04');
  });
});

describe('a failed plan', () => {
  it('is in the report', async () => {
    fillSpring();
    const event = { name: 'workflow_dispatch', workflow, vars: settings(), secrets, inputs: spring } as const;
    expect((await sandbox.run(event)).code).toBe(0);
    source.refuses = () => true;
    const outcome = await sandbox.run(event);
    expect(outcome.code).toBe(1);
    expect(course(outcome)).toEqual([
      ['plan', false],
      ['report', false],
    ]);
    expect(report(outcome).outputs.report!.complete).toBe('false');
    expect(report(outcome).summary).toMatch(/no plan|plan failed/i);
  });
});

describe('a lost leg', () => {
  it('is in the report, and the next run makes up for it whatever its range', async () => {
    fillSpring();
    const event = { name: 'workflow_dispatch', workflow, vars: settings(), secrets } as const;
    const env = { STAND_IN_LOST_LEG: join(folder, 'lost') };
    const first = await sandbox.run({ ...event, inputs: spring, env });
    expect(first.code).toBe(1);
    expect(course(first).filter(([, ok]) => !ok)).toEqual([
      ['export 2024-01-18..2024-03-18', false],
      ['report', false],
    ]);
    expect(report(first).outputs.report!.complete).toBe('false');
    expect(report(first).summary).toContain('❌ incomplete');
    expect(report(first).summary).toContain('2024-01-18..2024-03-18');
    expect(await archivedIds()).toEqual(['closed-04', 'closed-05', 'closed-06']);

    const next = await sandbox.run({ ...event, inputs: { from: '2024-05-17', to: '2024-07-16' } });
    expect(report(next).outputs.report!.complete, next.log).toBe('false');
    const last = await sandbox.run({ ...event, inputs: spring });
    expect(last.code, last.log).toBe(0);
    expect(report(last).outputs.report!.complete).toBe('true');
    expect(await archivedIds()).toEqual(['closed-02', 'closed-03', 'closed-04', 'closed-05', 'closed-06']);
  });
});

describe('by a call from another repository', () => {
  const caller = 'other/records';
  const weekly = 'weekly.yml';

  beforeAll(() => {
    const inputs = {
      from: '2024-01-18',
      to: '2024-05-17',
      archive: expression('vars.ARCHIVE'),
      staging: expression('vars.STAGING'),
      columns: 'text: /text string\n',
      'api-url': expression('vars.SOURCE'),
      'scrub-windows': '0',
      'runs-on': '["ubuntu-latest"]',
      'max-parallel': 1,
      env: 'ONE=1\nMESSAGE=of the caller\n',
    };
    const text = callerWorkflow(inputs, { 'api-token': expression('secrets.SURVEILLANCE') });
    return sandbox.add(caller, weekly, text);
  });

  it('archives with its inputs and secrets, and returns outputs', async () => {
    fillSpring();
    const { MESSAGE_ARCHIVE_ARCHIVE: ARCHIVE, MESSAGE_ARCHIVE_STAGING: STAGING } = settings();
    const vars = { ARCHIVE: ARCHIVE!, STAGING: STAGING!, SOURCE: source.url };
    const event = { in: caller, workflow: weekly, vars, secrets: { SURVEILLANCE: token } } as const;
    const first = await sandbox.run({ ...event, name: 'schedule' });
    expect(first.code, first.log).toBe(0);
    expect(first.jobs.at(-1)!.lines).toContain('count=2 complete=true oldest-open=2024-04-20T00:00:00.000Z issue=');
    expect(await archivedIds()).toEqual(['closed-02', 'closed-03', 'closed-04', 'closed-05']);

    const again = await sandbox.run({ ...event, name: 'workflow_dispatch', inputs: { refresh: 'true' } });
    expect(again.code, again.log).toBe(0);
    expect(jobOf(again, 'plan').lines.join('\n')).toContain('refresh');
    expect(again.log).not.toContain(token);
  });

  it('fails, even on schedule, if it names no archive', async () => {
    const vars = { ARCHIVE: '', STAGING: '', SOURCE: source.url };
    const event = { in: caller, workflow: weekly, vars, secrets: { SURVEILLANCE: token } } as const;
    const outcome = await sandbox.run({ ...event, name: 'schedule' });
    expect(outcome.code, outcome.log).toBe(1);
    expect(jobOf(outcome, 'plan').failed).toEqual(['Check the settings']);
  });
});
