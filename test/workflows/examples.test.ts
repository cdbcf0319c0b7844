import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Outcome } from './act.ts';
import { Company, examples, spring } from './company.ts';
import { findings } from './findings.ts';
import { languageFindings } from './language-service.ts';
import { PrivateNetwork } from './private-network.ts';
import { programs } from './programs.ts';
import { Sandbox } from './sandbox.ts';
import { Source, token } from './source.ts';

const root = join(import.meta.dirname, '..', '..');
const files = readdirSync(examples);

describe('the examples', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'message-archive-examples-'));
    await cp(examples, join(folder, '.github', 'workflows'), { recursive: true });
    await promisify(execFile)('git', ['init', '--quiet', folder]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('pass actionlint', async () => {
    // Not every machine has the programs that actionlint would run. The label belongs to a reader's own runner.
    const flags = ['-shellcheck=', '-pyflakes=', '-ignore', 'label "archive" is unknown'];
    expect(await findings(folder, programs().actionlint, ...flags)).toBe('');
  });

  it('pass zizmor', async () => {
    const flags = ['--offline', '--persona', 'pedantic', '--format', 'plain'];
    expect(await findings(folder, programs().zizmor, ...flags, '.github')).toMatch(/^No findings to report\./);
  });

  it.each(files)("pass GitHub's language service: %s", async (file) => {
    expect(await languageFindings(root, join('examples', 'workflows', file))).toEqual([]);
  });
});

describe('an example, filled in and run by hand', () => {
  let sandbox: Sandbox;
  let source: Source;
  let company: Company;
  const months = (prefix: string) => ['02', '03', '04'].map((month) => `${prefix}/month=2024-${month}`);

  beforeAll(async () => {
    sandbox = await Sandbox.make();
  });
  afterAll(() => sandbox?.remove());

  beforeEach(async () => {
    source = await Source.start();
    onTestFinished(() => source.close());
    for (const month of ['02', '03', '04']) {
      source.truth.put({ id: month, at: Date.parse(`2024-${month}-10`), statuses: ['closed'] });
    }
    company = await Company.found(sandbox, source);
    onTestFinished(() => company.close());
  });

  function expectComplete(outcome: Outcome, times = 1): void {
    expect(outcome.code, outcome.log).toBe(0);
    expect(outcome.log.match(/archive is complete\b/gi)).toHaveLength(times);
    expect(outcome.log).not.toContain(token);
  }

  it('archives weekly, verifies, and continues in a single step', async () => {
    const dry = await company.run('archive.yml', { ...spring, 'dry-run': 'true' });
    expect(dry.code, dry.log).toBe(0);
    expect(await company.slots()).toEqual([]);
    expectComplete(await company.run('archive.yml', spring));
    expect(await company.slots()).toEqual(months('messages'));

    const verified = await company.run('verify.yml');
    expect(verified.code, verified.log).toBe(0);
    expect(verified.log).toMatch(/\b(0|no) differences\b/);

    source.truth.put({ id: 'later', at: Date.parse('2024-05-10'), statuses: ['closed'] });
    expectComplete(await company.run('single-step.yml', { from: '2024-02-01', to: '2024-06-01' }));
    expect(await company.slots()).toContain('messages/month=2024-05');
  });

  it('backfills a year to its end', async () => {
    source.truth.put({ id: 'last', at: Date.parse('2024-12-31T23:00Z'), statuses: ['closed'] });
    expectComplete(await company.run('backfill.yml', { years: '[2024]' }));
    expect(await company.slots()).toEqual([...months('messages'), 'messages/month=2024-12']);
  });

  it('tries a source, and keeps nothing', async () => {
    source.truth.putRaw('invalid', Date.parse('2024-03-03'), '{"timestamp":"2024-03-03T00:00:00Z","alerts":[]}');
    const outcome = await company.run('trial.yml', spring);
    expectComplete(outcome);
    expect(outcome.jobs[0]!.lines.join('\n')).toMatch(/^ +1 missing id$/m);
    expect(await company.slots()).toEqual([]);
  });

  it('keeps several archives', async () => {
    expectComplete(await company.run('several-archives.yml'), 2);
    expect(await company.slots()).toEqual(['archives/chat/day=2024-03-05', ...months('archives/mail')]);
  });

  it('archives on GitHub Enterprise Server', async () => {
    expectComplete(await company.run('enterprise-server.yml'));
    expect(await company.slots()).toEqual(months('messages'));
  });

  it('archives through a proxy, from a host with a certificate of a private authority', async () => {
    const network = await PrivateNetwork.around(source.url, await mkdtemp(join(sandbox.folder, 'network-')));
    onTestFinished(() => network.close());
    const values = {
      'http://proxy.example.com:3128': network.proxy,
      // In the example, only traffic to the internet uses the proxy; here, traffic to the source does.
      'NO_PROXY=.internal.example.com': 'NO_PROXY=elsewhere.example.com',
      '/etc/ssl/certs/company-ca.pem': network.authority,
    };
    expectComplete(await company.run('private-network.yml', {}, values));
    expect(await company.slots()).toEqual(months('messages'));
    expect(new Set(network.asked)).toEqual(new Set([`${PrivateNetwork.host}:443`]));
  });

  it('archives to an S3-compatible store', async () => {
    expectComplete(await company.run('s3-compatible.yml'));
    expect(await company.slots('other')).toEqual(months('messages'));
  });
});
