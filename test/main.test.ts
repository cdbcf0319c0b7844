import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseOutputs } from '../demo/outputs.ts';
import { variableOf } from '../src/inputs/defaults.ts';
import { main } from '../src/main.ts';
import { DAY_MS } from '../src/windows/interval.ts';
import { testFolder } from './support/folders.ts';
import { githubToken, type TestGithub, testGithub } from './support/github.ts';
import { testServer } from './support/http-server.ts';
import { Truth } from './support/model-source.ts';
import { truthAnswer } from './support/truth-answer.ts';

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const token = 'a-secret-token-17';
const april = Date.parse('2024-04-01');

type Texts = Readonly<Record<string, string>>;

interface Ran {
  readonly code: number;
  readonly lines: readonly string[];
}

function environmentOf(inputs: Texts, environment: Texts): Record<string, string> {
  const given = Object.entries(inputs).map(([name, value]) => [variableOf(name), value]);
  return { ...Object.fromEntries(given), ...environment };
}

/** The printed lines. The runner obeys `::add-mask::` and shows none of them; they come before all else. */
function linesOf(printed: string): string[] {
  expect(printed.replace(/^(?:::add-mask::.*\n)+/, '')).not.toContain(token);
  const lines = printed.replace(/^(?:::add-mask::.*\n)+/, '').split('\n');
  return lines.filter((line) => line !== '');
}

/** One run of the action in a process of its own, with what it prints to standard error. */
async function spawnAction(inputs: Texts, environment: Texts = {}, who: { uid?: number } = {}) {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, ...environmentOf(inputs, environment) };
  const child = spawn(process.execPath, [entry], { env, ...who, stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  expect(error).not.toContain(token);
  return { code: code as number, lines: linesOf(printed), error };
}

/** One run of the action in this process, which takes a tenth of the time. */
async function runAction(inputs: Texts, environment: Texts = {}): Promise<Ran> {
  const given = environmentOf(inputs, environment);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await main(given);
    return { code: Number(process.exitCode), lines: linesOf(printed) };
  } finally {
    write.mockRestore();
    process.exitCode = before;
  }
}

beforeEach(() => {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  const runner = ['GITHUB_ACTIONS', 'GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'RUNNER_TEMP'];
  for (const name of [...proxies, ...runner, 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'])
    vi.stubEnv(name, undefined);
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** The inputs of a run with archive and staging in a folder. */
function inputsFor(folder: string, url = 'http://127.0.0.1:9/messages'): Record<string, string> {
  return {
    archive: `file:${join(folder, 'archive')}`,
    staging: `sqlite:${join(folder, 'staging.db')}`,
    'api-url': url,
    'api-token': token,
    from: '2024-04-01',
    to: '2024-05-01',
    'as-of': '2024-09-01',
    concurrency: '1',
  };
}

/** Every file of a folder, with its bytes. */
async function contentOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((each) => join(each.parentPath, each.name)).sort();
  const bytes = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const contents = new Map(paths.map((path) => [path, '']));
  for (const path of bytes) contents.set(path, (await readFile(path)).toString('base64'));
  return contents;
}

/** A message API that serves a truth. */
function apiOf(truth: Truth) {
  return testServer(truthAnswer(truth));
}

function truthOf(): Truth {
  const truth = new Truth();
  truth.put({ id: 'closed', at: april + DAY_MS, statuses: ['closed'] });
  truth.put({ id: 'open', at: april + 2 * DAY_MS, statuses: ['open'] });
  return truth;
}

describe('a usage error ends in one line with its code and in exit code 2, with nothing written', () => {
  const cases: [string, Texts, string, string][] = [
    ['a missing token', { 'api-token': '' }, 'input-invalid', '`api-token`'],
    ['the token in another input', { 'api-page-size': token }, 'input-invalid', '`api-page-size` is "***"'],
    ['a missing archive', { command: 'verify' }, 'archive-not-found', 'file:'],
    [
      'a window in the future',
      { command: 'export', window: '2024-09-14..2024-11-13' },
      'input-invalid',
      '"2024-09-14..2024-11-13"',
    ],
    [
      'a window outside of the range',
      { command: 'export', window: '2023-09-20..2023-11-19' },
      'input-invalid',
      '"2023-09-20..2023-11-19"',
    ],
    ['a table without a region', { staging: 'dynamodb:messages' }, 'input-invalid', '`aws-region`'],
  ];

  it.each(cases)('%s', async (_, changes, code, value) => {
    const folder = await testFolder();
    const ran = await runAction({ ...inputsFor(folder), ...changes }, { RUNNER_TEMP: folder });
    expect(ran).toEqual({ code: 2, lines: [expect.stringMatching(/^Error: .*\.? \[[a-z-]+\]$/)] });
    expect(ran.lines[0]).toContain(value);
    expect(ran.lines[0]).toContain(` [${code}]`);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a failure ends in one line with its code and in exit code 1, with nothing written', () => {
  const failed = (code: string) => ({
    code: 1,
    lines: [expect.stringMatching(`^Error: .*\\. \\[${code}\\]$`)],
  });

  it('a job without the permission to request a token', async () => {
    const folder = await testFolder();
    const role = {
      archive: 's3://bucket/messages',
      'role-to-assume': 'arn:aws:iam::123456789012:role/message-archive',
    };
    const ran = await runAction({ ...inputsFor(folder), ...role }, { RUNNER_TEMP: folder });
    expect(ran).toEqual(failed('aws-permission'));
    expect(await readdir(folder)).toEqual([]);
  });

  it('a staging file that is not a database', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, 'staging.db'), 'this is no database, '.repeat(1_000));
    const before = await contentOf(folder);
    expect(await spawnAction(inputsFor(folder))).toEqual({ ...failed('staging-unavailable'), error: '' });
    expect(await contentOf(folder)).toEqual(before);
  });

  it('a file in place of the folder of the archive', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, 'a-file'), '');
    const before = await contentOf(folder);
    const ran = await runAction({ ...inputsFor(folder), archive: `file:${join(folder, 'a-file', 'archive')}` });
    expect(ran).toEqual(failed('archive-unavailable'));
    expect(ran.lines[0]).toContain('(ENOTDIR');
    expect(await contentOf(folder)).toEqual(before);
  });

  it('a runner without a folder for temporary files', async () => {
    const folder = await testFolder();
    const nowhere = join(folder, 'nowhere');
    const ran = await runAction(inputsFor(folder), { RUNNER_TEMP: nowhere });
    expect(ran).toEqual(failed('file-unwritable'));
    expect(ran.lines[0]).toContain(nowhere);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a dry run', () => {
  it('writes nothing, before the first run and after it; nor does a run with another layout', async () => {
    const folder = await testFolder();
    const api = await apiOf(truthOf());
    const inputs = inputsFor(folder, api.url.href);
    const first = await runAction({ ...inputs, 'dry-run': 'true' });
    expect(first.code).toBe(0);
    expect(first.lines.join('\n')).toMatch(/\b1 slot\b/);
    expect(await readdir(folder)).toEqual([]);
    expect(api.requests.length).toBe(1);

    expect((await runAction(inputs)).code).toBe(0);
    const before = await contentOf(folder);
    const again = await runAction({ ...inputs, 'dry-run': 'true' });
    expect(again.code).toBe(0);
    expect(again.lines.join('\n')).toMatch(/\b1 (?:pending )?message\b/);
    expect(await contentOf(folder)).toEqual(before);

    const requests = api.requests.length;
    const other = await runAction({ ...inputs, 'window-days': '30' });
    expect(other.lines).toEqual([expect.stringMatching(/^Error: .*`window-days` is "30".*"60"/)]);
    expect(other.code).toBeGreaterThan(0);
    expect(await contentOf(folder)).toEqual(before);
    expect(api.requests.length).toBe(requests);
  });
});

describe('a run', () => {
  it.each(['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'])('whose %s is absent says so in one sentence', async (variable) => {
    const folder = await testFolder();
    const api = await apiOf(truthOf());
    const path = join(folder, 'absent', 'file');
    const { code, lines, error } = await spawnAction(inputsFor(folder, api.url.href), { [variable]: path });
    expect([code, error]).toEqual([1, '']);
    expect(lines.filter((line) => line.startsWith('Error:'))).toEqual([
      expect.stringMatching(new RegExp(`^Error: The file ${path} that ${variable} names .* \\[file-unwritable\\]$`)),
    ]);
    expect(lines.join('\n')).not.toMatch(/^\s+at /m);
  });

  it('archives, reports and verifies, and sets outputs and summary on GitHub', async () => {
    const folder = await testFolder();
    const temporary = await testFolder();
    const api = await apiOf(truthOf());
    const inputs = inputsFor(folder, api.url.href);
    const files = { GITHUB_OUTPUT: join(temporary, 'output'), GITHUB_STEP_SUMMARY: join(temporary, 'summary') };
    for (const path of Object.values(files)) await writeFile(path, '');
    const { code } = await spawnAction(inputs, { ...files, GITHUB_ACTIONS: 'true', RUNNER_TEMP: temporary });
    expect(code).toBe(0);
    const outputs = parseOutputs(await readFile(files.GITHUB_OUTPUT, 'utf8'));
    expect(outputs).toMatchObject({ archived: '1', complete: 'true', 'oldest-open': '2024-04-03T00:00:00.000Z' });
    expect(outputs).not.toHaveProperty('error-code');
    expect(await readFile(files.GITHUB_STEP_SUMMARY, 'utf8')).toContain('✅ complete');
    expect((await readdir(temporary)).sort()).toEqual(['output', 'summary']);

    expect((await runAction({ ...inputs, command: 'verify' })).code).toBe(0);

    await rm(join(folder, 'archive', 'month=2024-04'), { recursive: true });
    for (const path of Object.values(files)) await writeFile(path, '');
    const differing = await spawnAction({ ...inputs, command: 'verify' }, files);
    expect(differing).toMatchObject({ code: 1, error: '' });
    expect(parseOutputs(await readFile(files.GITHUB_OUTPUT, 'utf8'))).toMatchObject({
      complete: 'false',
      'error-code': 'archive-differs',
    });
    expect(await readFile(files.GITHUB_STEP_SUMMARY, 'utf8')).toContain('**1 difference**');
  });

  it('without writes needs only read access to archive and staging', async () => {
    const folder = await testFolder();
    const api = await apiOf(truthOf());
    const inputs = inputsFor(folder, api.url.href);
    expect((await runAction(inputs)).code).toBe(0);
    // By default, only its user has access.
    await chmod(join(folder, 'staging.db'), 0o644);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const folders = entries.filter((each) => each.isDirectory()).map((each) => join(each.parentPath, each.name));
    for (const each of [folder, ...folders]) await chmod(each, 0o555);
    onTestFinished(async () => {
      for (const each of [folder, ...folders]) await chmod(each, 0o755);
    });
    const before = await contentOf(folder);
    // Root may write everywhere.
    const who = process.getuid!() === 0 ? { uid: 65_534 } : {};
    const [verified, planned] = await Promise.all([
      spawnAction({ ...inputs, command: 'verify' }, {}, who),
      spawnAction({ ...inputs, 'dry-run': 'true' }, {}, who),
    ]);
    expect(verified).toMatchObject({ code: 0, error: '' });
    expect(planned).toMatchObject({ code: 0, error: '' });
    expect(await contentOf(folder)).toEqual(before);
  });
});

describe('the tracking issue', () => {
  /** A run on GitHub, with its outputs and summary. */
  async function runOnGithub(github: TestGithub, inputs: Texts) {
    const temporary = await testFolder();
    const files = { GITHUB_OUTPUT: join(temporary, 'output'), GITHUB_STEP_SUMMARY: join(temporary, 'summary') };
    for (const path of Object.values(files)) await writeFile(path, '');
    const ran = await spawnAction(
      { 'github-token': githubToken, ...inputs },
      { ...onGithub(github, temporary), ...files },
    );
    const [outputs, summary] = await Promise.all(Object.values(files).map((path) => readFile(path, 'utf8')));
    expect(`${ran.lines.join('\n')}${ran.error}${outputs}${summary}`).not.toContain(githubToken);
    return { ...ran, outputs: parseOutputs(outputs!), summary: summary! };
  }

  function onGithub(github: TestGithub, temporary: string): Texts {
    const { apiUrl, owner, repository } = github.settings;
    return {
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: `${owner}/${repository}`,
      GITHUB_API_URL: apiUrl,
      GITHUB_SERVER_URL: 'https://github.example.com',
      GITHUB_RUN_ID: '77',
      RUNNER_TEMP: temporary,
    };
  }

  it('is opened by a run that fails, after its outputs and summary, and closed by one that succeeds', async () => {
    const github = await testGithub();
    const folder = await testFolder();
    let isDown = true;
    const truth = await apiOf(truthOf());
    const api = await testServer(async (response, _, request) => {
      if (isDown) return void response.writeHead(422).end();
      response.end(await (await fetch(new URL(request.url!, truth.url))).text());
    });
    const inputs = inputsFor(folder, api.url.href);
    const first = await runOnGithub(github, inputs);
    expect(first).toMatchObject({
      code: 1,
      error: '',
      outputs: { complete: 'false', issue: '1', 'oldest-open': '', 'error-code': 'source-refused' },
    });
    const annotations = first.lines.filter((line) => line.startsWith('::error::'));
    expect(annotations).toEqual([first.lines.at(-1)]);
    expect(annotations[0]).toMatch(/\b422\b.* \[source-refused\]$/);
    const run = '[run](https://github.example.com/acme/messages/actions/runs/77)';
    expect(first.summary).toMatch(/\b422\b/);
    expect(first.summary).toContain(run);
    expect(await github.issues()).toMatchObject([{ number: 1, state: 'open', body: expect.stringContaining(run) }]);

    isDown = false;
    const second = await runOnGithub(github, inputs);
    expect(second).toMatchObject({ code: 0, outputs: { complete: 'true', issue: '' } });
    expect(await github.issues()).toMatchObject([{ number: 1, state: 'closed' }]);
  });

  it('that cannot be updated causes a warning only', async () => {
    const github = await testGithub();
    github.spoil = () => (response) =>
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end('{"message":"Resource not accessible by integration"}');
    const api = await apiOf(truthOf());
    const folder = await testFolder();
    const { code, lines, outputs, summary } = await runOnGithub(github, inputsFor(folder, api.url.href));
    expect({ code, complete: outputs.complete, issue: outputs.issue }).toEqual({
      code: 0,
      complete: 'true',
      issue: '',
    });
    expect(summary).toContain('✅ complete');
    expect(lines.filter((line) => line.startsWith('::'))).toEqual([
      expect.stringMatching(
        /^::warning::.*acme\/messages.* 403 \(Resource not accessible by integration\).*`issues: write`/,
      ),
    ]);

    github.asked.length = 0;
    const silent = { ...inputsFor(folder, api.url.href), 'github-token': githubToken, 'issue-label': '' };
    expect((await runAction(silent, onGithub(github, await testFolder()))).code).toBe(0);
    expect(github.asked).toEqual([]);
  });
});
