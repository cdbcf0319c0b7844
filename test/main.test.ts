import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseOutputs } from '../demo/outputs.ts';
import { DAY_MS } from '../src/windows/interval.ts';
import { testFolder } from './support/folders.ts';
import { githubToken, type TestGithub, testGithub } from './support/github.ts';
import { testServer } from './support/http-server.ts';
import { Truth } from './support/model-source.ts';
import { truthAnswer } from './support/truth-answer.ts';

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const token = 'a-secret-token-17';
const april = Date.parse('2024-04-01');

/** One run of the action outside of GitHub. */
async function runAction(
  inputs: Readonly<Record<string, string>>,
  environment: Record<string, string> = {},
  who: { uid?: number } = {},
) {
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, ...Object.fromEntries(given), ...environment };
  const child = spawn(process.execPath, [entry], { env, ...who, stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  // The runner obeys these lines and shows none of them. They come before all else.
  const out = printed.replace(/^(?:::add-mask::.*\n)+/, '');
  expect(`${out}${error}`).not.toContain(token);
  return { code: code as number, lines: out.split('\n').filter((line) => line !== ''), error };
}

/** What every run here is told, over a folder of its own. */
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

/** A message API over a truth. */
function apiOf(truth: Truth) {
  return testServer(truthAnswer(truth));
}

function truthOf(): Truth {
  const truth = new Truth();
  truth.put({ id: 'closed', at: april + DAY_MS, statuses: ['closed'] });
  truth.put({ id: 'open', at: april + 2 * DAY_MS, statuses: ['open'] });
  return truth;
}

describe('a mistake of the user ends in one line and exit code 1, with nothing written (promise 9, explained)', () => {
  const windowElsewhere = /^Error: The input `window` is "\S+": nothing of it lies between .*\.$/;
  const cases: [string, Record<string, string>, RegExp][] = [
    ['no token', { 'api-token': '' }, /^Error: The input `api-token` is missing: .*\.$/],
    ['the token in another input', { 'api-page-size': token }, /^Error: The input `api-page-size` is "\*\*\*": .*\.$/],
    ['an archive that is not there', { command: 'verify' }, /^Error: There is no archive at file:\S+: .*\.$/],
    [
      'a role for which the job may ask no token',
      { archive: 's3://bucket/messages', 'role-to-assume': 'arn:aws:iam::123456789012:role/message-archive' },
      /^Error: The input `role-to-assume` needs an identity token of GitHub, .*\.$/,
    ],
    [
      'a window of which nothing lies in the past',
      { command: 'export', window: '2024-09-14..2024-11-13' },
      windowElsewhere,
    ],
    ['a window outside of the range', { command: 'export', window: '2023-09-20..2023-11-19' }, windowElsewhere],
    ['a table without a region', { staging: 'dynamodb:messages' }, /^Error: The DynamoDB table .*: set aws-region\.$/],
  ];

  it('a staging file that is none', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, 'staging.db'), 'this is no database, '.repeat(1_000));
    const before = await contentOf(folder);
    const { code, lines } = await runAction(inputsFor(folder));
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/^Error: The staging file .*\.$/)] });
    expect(await contentOf(folder)).toEqual(before);
  });

  it.each(cases)('%s', async (_, changes, words) => {
    const folder = await testFolder();
    const { code, lines, error } = await runAction({ ...inputsFor(folder), ...changes }, { RUNNER_TEMP: folder });
    expect(code).toBe(1);
    expect(error).toBe('');
    expect(lines).toEqual([expect.stringMatching(words)]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('a folder that cannot be written, since a file is in its way', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, 'a-file'), '');
    const before = await contentOf(folder);
    const archive = `file:${join(folder, 'a-file', 'archive')}`;
    const { code, lines, error } = await runAction({ ...inputsFor(folder), archive });
    expect({ code, error }).toEqual({ code: 1, error: '' });
    expect(lines).toEqual([
      expect.stringMatching(/^Error: The archive's object _archive\.json cannot be read in \S+ \(ENOTDIR.*\): .*\.$/),
    ]);
    expect(await contentOf(folder)).toEqual(before);
  });
});

it('says that the runner has no folder for temporary files', async () => {
  const folder = await testFolder();
  const nowhere = join(folder, 'nowhere');
  const { code, lines, error } = await runAction(inputsFor(folder), { RUNNER_TEMP: nowhere });
  expect({ code, error }).toEqual({ code: 1, error: '' });
  expect(lines).toEqual([expect.stringContaining(`The folder for temporary files, ${nowhere}, cannot be written (`)]);
  expect(await readdir(folder)).toEqual([]);
});

describe('a dry run', () => {
  it('writes nothing at all, neither before the first run nor after it; nor does a run with another layout', async () => {
    const folder = await testFolder();
    const api = await apiOf(truthOf());
    const inputs = inputsFor(folder, api.url.href);
    const first = await runAction({ ...inputs, 'dry-run': 'true' });
    expect(first).toMatchObject({ code: 0, error: '' });
    expect(first.lines.join('\n')).toContain('1 slot read: new');
    expect(await readdir(folder)).toEqual([]);
    expect(api.requests.length).toBe(1);

    expect((await runAction(inputs)).code).toBe(0);
    const before = await contentOf(folder);
    const again = await runAction({ ...inputs, 'dry-run': 'true' });
    expect(again).toMatchObject({ code: 0, error: '' });
    expect(again.lines.join('\n')).toContain('1 message waiting');
    expect(await contentOf(folder)).toEqual(before);

    const asked = api.requests.length;
    const other = await runAction({ ...inputs, 'window-days': '30' });
    expect(other).toMatchObject({ code: 1, error: '' });
    expect(other.lines).toEqual([
      `Error: The input \`window-days\` is "30", but the archive file:${join(folder, 'archive')} was made with "60": set it to that value, or name another archive.`,
    ]);
    expect(await contentOf(folder)).toEqual(before);
    expect(api.requests.length).toBe(asked);
  });
});

describe('a run', () => {
  it('archives, reports and verifies, and tells GitHub', async () => {
    const folder = await testFolder();
    const temporary = await testFolder();
    const api = await apiOf(truthOf());
    const inputs = inputsFor(folder, api.url.href);
    const files = { GITHUB_OUTPUT: join(temporary, 'output'), GITHUB_STEP_SUMMARY: join(temporary, 'summary') };
    for (const path of Object.values(files)) await writeFile(path, '');
    const github = { ...files, GITHUB_ACTIONS: 'true', RUNNER_TEMP: temporary };
    const { code, lines } = await runAction(inputs, github);
    expect(code).toBe(0);
    expect(lines.at(-1)).toBe('The archive is complete.');
    const output = await readFile(files.GITHUB_OUTPUT, 'utf8');
    expect(output).toMatch(/^archived<<(\S+)\n1\n\1$/m);
    expect(output).toMatch(/^complete<<(\S+)\ntrue\n\1$/m);
    expect(output).toMatch(/^oldest-open<<(\S+)\n2024-04-03T00:00:00\.000Z\n\1$/m);
    expect(await readFile(files.GITHUB_STEP_SUMMARY, 'utf8')).toContain('✅ complete');
    expect((await readdir(temporary)).sort()).toEqual(['output', 'summary']);

    const summary = { GITHUB_STEP_SUMMARY: join(temporary, 'verified') };
    await writeFile(summary.GITHUB_STEP_SUMMARY, '');
    const verified = await runAction({ ...inputs, command: 'verify' }, summary);
    expect(verified).toMatchObject({ code: 0, error: '' });
    expect(verified.lines.at(-1)).toContain('0 differences.');
    expect(await readFile(summary.GITHUB_STEP_SUMMARY, 'utf8')).toContain('✅ verified');

    await rm(join(folder, 'archive', 'month=2024-04'), { recursive: true });
    const differing = await runAction({ ...inputs, command: 'verify' }, summary);
    expect(differing).toMatchObject({ code: 1, error: '' });
    expect(await readFile(summary.GITHUB_STEP_SUMMARY, 'utf8')).toContain('**1 difference**');
  });

  it('that writes nothing needs no more than to read archive and staging', async () => {
    const folder = await testFolder();
    const api = await apiOf(truthOf());
    const inputs = inputsFor(folder, api.url.href);
    expect(await runAction(inputs)).toMatchObject({ code: 0 });
    // By itself it is open to its user alone.
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
    const verified = await runAction({ ...inputs, command: 'verify' }, {}, who);
    expect(verified).toMatchObject({ code: 0, error: '' });
    expect(verified.lines.at(-1)).toContain('0 differences.');
    const planned = await runAction({ ...inputs, 'dry-run': 'true' }, {}, who);
    expect(planned).toMatchObject({ code: 0, error: '' });
    expect(await contentOf(folder)).toEqual(before);
  });

  it('that fails says why in one line at its end, and as an annotation on GitHub', async () => {
    const folder = await testFolder();
    const api = await testServer((response) => {
      response.statusCode = 401;
      response.end();
    });
    const { code, lines, error } = await runAction(inputsFor(folder, api.url.href), { GITHUB_ACTIONS: 'true' });
    expect({ code, error }).toEqual({ code: 1, error: '' });
    const annotations = lines.filter((line) => line.startsWith('::error::'));
    expect(annotations).toEqual([lines.at(-1)]);
    expect(lines.at(-1)).toContain('api-token');
  });
});

describe('the tracking issue', () => {
  /** A run on GitHub, and what it left for later steps and for people. */
  async function runOnGithub(github: TestGithub, inputs: Record<string, string>) {
    const temporary = await testFolder();
    const files = { GITHUB_OUTPUT: join(temporary, 'output'), GITHUB_STEP_SUMMARY: join(temporary, 'summary') };
    for (const path of Object.values(files)) await writeFile(path, '');
    const { apiUrl, owner, repository } = github.settings;
    const environment = {
      ...files,
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: `${owner}/${repository}`,
      GITHUB_API_URL: apiUrl,
      GITHUB_SERVER_URL: 'https://github.example.com',
      GITHUB_RUN_ID: '77',
      RUNNER_TEMP: temporary,
    };
    const ran = await runAction({ 'github-token': githubToken, ...inputs }, environment);
    const [outputs, summary] = await Promise.all(Object.values(files).map((path) => readFile(path, 'utf8')));
    expect(`${ran.lines.join('\n')}${ran.error}${outputs}${summary}`).not.toContain(githubToken);
    return { ...ran, outputs: parseOutputs(outputs!), summary: summary! };
  }

  it('is opened by a run that fails, which still leaves all it has to say, and closed by one that succeeds', async () => {
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
    expect(first).toMatchObject({ code: 1, outputs: { complete: 'false', issue: '1', 'oldest-open': '' } });
    expect(first.lines.at(-1)).toMatch(/^::error::The message API .* answers 422/);
    const run = '[run](https://github.example.com/acme/messages/actions/runs/77)';
    expect(first.summary).toMatch(/ answers 422.*\(\[run\]/);
    expect(await github.issues()).toMatchObject([{ number: 1, state: 'open', body: expect.stringContaining(run) }]);

    isDown = false;
    const second = await runOnGithub(github, inputs);
    expect(second).toMatchObject({ code: 0, outputs: { complete: 'true', issue: '' } });
    expect(await github.issues()).toMatchObject([{ number: 1, state: 'closed' }]);
  });

  it('that may not be kept is a warning, and hides nothing', async () => {
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
      `::warning::The tracking issue in acme/messages is not up to date, since GitHub at ${github.settings.apiUrl} answers 403 (Resource not accessible by integration): add the permission \`issues: write\` to the job, or set issue-label to an empty text for no issue.`,
    ]);

    github.asked.length = 0;
    const silent = await runOnGithub(github, { ...inputsFor(folder, api.url.href), 'issue-label': '' });
    expect(silent.code).toBe(0);
    expect(github.asked).toEqual([]);
  });
});
