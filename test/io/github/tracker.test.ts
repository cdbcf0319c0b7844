import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import type { GithubSettings } from '../../../src/io/github/settings.ts';
import { GithubTracker, type Notes } from '../../../src/io/github/tracker.ts';
import { TestClock } from '../../support/clock.ts';
import { errorOf } from '../../support/failure.ts';
import { githubToken, isViewer, outsiderToken, type TestGithub, testGithub } from '../../support/github.ts';
import { testServer } from '../../support/http-server.ts';
import { testNotes } from '../../support/notes.ts';

const id = '3f2b7c1e-0000-4000-8000-000000000001';
const text = { title: 'The archive is incomplete', body: 'Much is *missing*.' };
const permission = '`issues: write`';

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'])
    vi.stubEnv(name, undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
});

function trackerOn(
  github: TestGithub,
  archive = id,
  changes: Partial<GithubSettings> = {},
  clock = new TestClock(),
  notes: Notes = testNotes(),
  say: (text: string) => void = () => undefined,
) {
  const tracker = new GithubTracker({ ...github.settings, ...changes, archive, notes, clock, say });
  onTestFinished(() => tracker.close());
  return tracker;
}

function refuse(status: number, headers: Record<string, string> = {}, message = 'No.') {
  return (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ message }));
}

const drop = (response: ServerResponse) => response.destroy();
const isPost = (line: string) => line.startsWith('POST ');

describe('the issue', () => {
  it('is opened with its label and the mark of its archive, and found again', async () => {
    const github = await testGithub();
    const tracker = trackerOn(github);
    expect(await tracker.find()).toBeUndefined();
    const number = await tracker.open(text);
    const [issue, ...others] = await github.issues();
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ number, state: 'open', title: text.title, labels: [{ name: 'message-archive' }] });
    expect(issue!.body).toBe(`<!-- message-archive: ${id} -->\n${text.body}`);
    expect(await tracker.find()).toMatchObject({ number, isOpen: true, body: issue!.body });
    expect(new Set(github.asked.map(({ authorization }) => authorization))).toEqual(new Set([`token ${githubToken}`]));
  });

  it('is rewritten, closed and reopened under its number', async () => {
    const github = await testGithub();
    const tracker = trackerOn(github);
    const number = await tracker.open(text);
    await tracker.update(number, { title: 'Done', body: 'All is there.' }, false);
    expect(await tracker.find()).toMatchObject({
      number,
      isOpen: false,
      body: expect.stringContaining('All is there.'),
    });
    expect(await github.issues()).toMatchObject([
      { number, state: 'closed', state_reason: 'completed', title: 'Done' },
    ]);
    await tracker.update(number, text, true);
    expect(await tracker.find()).toMatchObject({ number, isOpen: true, body: expect.stringContaining(text.body) });
    await tracker.comment(number, 'Some words.');
    expect(await github.comments(number)).toEqual(['Some words.']);
  });

  it('is separate for each archive of a repository, and requires the mark', async () => {
    const github = await testGithub();
    const foreign = { title: 'A label that others use too', body: 'No mark', labels: ['message-archive'] };
    await github.api('POST', '/issues', foreign);
    await github.api('POST', '/issues', { title: 'No body', labels: ['message-archive'] });
    const other = trackerOn(github, '3f2b7c1e-0000-4000-8000-000000000002');
    const otherNumber = await other.open(text);
    const tracker = trackerOn(github);
    expect(await tracker.find()).toBeUndefined();
    const number = await tracker.open(text);
    expect(number).not.toBe(otherNumber);
    expect((await other.find())?.number).toBe(otherNumber);
    expect((await tracker.find())?.number).toBe(number);
  });

  it('is no pull request', async () => {
    const github = await testGithub();
    const pull = { number: 1, state: 'open', body: `<!-- message-archive: ${id} -->`, pull_request: { url: 'x' } };
    github.spoil = (line) =>
      line.startsWith('GET ') && line.includes('/issues?')
        ? (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([pull]))
        : undefined;
    expect(await trackerOn(github).find()).toBeUndefined();
  });

  it('is found behind many others, page by page', async () => {
    const github = await testGithub();
    const number = await trackerOn(github).open(text);
    const others = Array.from({ length: 101 }, (_, n) => ({
      title: `Other ${n}`,
      body: '',
      labels: ['message-archive'],
    }));
    await Promise.all(others.map((other) => github.api('POST', '/issues', other)));
    github.asked.length = 0;
    expect((await trackerOn(github).find())?.number).toBe(number);
    expect(github.asked.filter(({ line }) => line.startsWith('GET ')).length).toBe(2);
  });

  it('is not searched for among more than 10000 issues', async () => {
    const github = await testGithub();
    github.spoil = () => (response) => {
      const link = `<${github.settings.apiUrl}/more/issues?page=2>; rel="next"`;
      response.writeHead(200, { 'content-type': 'application/json', link }).end('[]');
    };
    expect(await errorOf(trackerOn(github).find())).toMatchObject({
      code: 'github-unavailable',
      message: expect.stringContaining('more than 10000 issues with the label "message-archive"'),
    });
    expect(github.asked.length).toBe(101);
  });

  it('creates its label with a color if the repository lacks it', async () => {
    const github = await testGithub();
    await trackerOn(github).open(text);
    expect(await github.api('GET', '/labels/message-archive')).toMatchObject({
      color: 'b60205',
      description: 'An incomplete message archive',
    });
    const label = { name: 'archive: red/hot ❌', color: '00ff00' };
    await github.api('POST', '/labels', label);
    const other = trackerOn(github, id, { label: label.name });
    await other.open(text);
    expect(await github.api('GET', `/labels/${encodeURIComponent(label.name)}`)).toMatchObject({ color: '00ff00' });
    expect((await github.issues()).at(-1)?.labels).toMatchObject([{ name: label.name }]);
  });
});

describe('the issue of its own account', () => {
  const marked = {
    title: 'Not theirs',
    body: `<!-- message-archive: ${id} -->\nNothing to report.`,
    labels: ['message-archive'],
  };
  const trackerWith = (github: TestGithub, notes: Notes) => trackerOn(github, id, {}, new TestClock(), notes);
  const forge = (github: TestGithub) => github.api<{ number: number }>('POST', '/issues', marked, outsiderToken);

  it('is not confused with one that an outsider opened with its label and mark', async () => {
    const github = await testGithub();
    const forged = await forge(github);
    const tracker = trackerOn(github);
    expect(await tracker.find()).toBeUndefined();
    const number = await tracker.open(text);
    expect(number).not.toBe(forged.number);
    const later = await forge(github);
    expect((await trackerOn(github).find())?.number).toBe(number);
    for (const { number } of [forged, later])
      expect(await github.api('GET', `/issues/${number}`)).toMatchObject({ title: 'Not theirs', state: 'open' });
  });

  it("is not confused with an outsider's after the response to its creation was lost", async () => {
    const github = await testGithub();
    const forged = await forge(github);
    let lost = 0;
    github.spoil = (line) => (isPost(line) && line.endsWith('/issues') && lost++ === 0 ? 'lose' : undefined);
    const number = await trackerOn(github).open(text);
    expect(number).toBe(forged.number + 1);
    expect(await github.issues()).toHaveLength(2);
  });

  it.each<[string, (line: string) => ((response: ServerResponse) => unknown) | undefined]>([
    ['the API of users', (line) => (isViewer(line) ? refuse(403, {}, 'Resource not accessible') : undefined)],
    [
      'the API of users, if GraphQL responds with errors',
      (line) =>
        isViewer(line)
          ? (response) =>
              response
                .writeHead(200, { 'content-type': 'application/json' })
                .end(JSON.stringify({ data: null, errors: [{ message: 'Resource not accessible by integration' }] }))
          : undefined,
    ],
    ['GraphQL, as it is closed to the tokens of apps', (line) => (line === 'GET /user' ? refuse(403) : undefined)],
  ])('its account is read from %s', async (_, spoil) => {
    const github = await testGithub();
    await forge(github);
    github.spoil = spoil;
    const number = await trackerOn(github).open(text);
    expect((await trackerOn(github).find())?.number).toBe(number);
  });

  it('the request for its account is retried', async () => {
    const github = await testGithub();
    const number = await trackerOn(github).open(text);
    let spoilt = 0;
    github.spoil = (line) => (isViewer(line) && spoilt++ === 0 ? refuse(502) : undefined);
    expect((await trackerOn(github).find())?.number).toBe(number);
    expect(spoilt).toBe(2);
  });

  it('without a known account, it is found by its stored number only', async () => {
    const github = await testGithub();
    await forge(github);
    github.spoil = (line) => (isViewer(line) || line === 'GET /user' ? refuse(403) : undefined);
    const notes = testNotes();
    const number = await trackerWith(github, notes).open(text);
    expect((await trackerWith(github, notes).find())?.number).toBe(number);
    expect(await trackerOn(github).find()).toBeUndefined();
  });

  it('its number is stored, and used first', async () => {
    const github = await testGithub();
    const notes = testNotes();
    const number = await trackerWith(github, notes).open(text);
    const { user } = (await github.issues())[0]!;
    expect([...notes.kept]).toEqual([
      ['tracking-issue', JSON.stringify({ repository: 'acme/messages', number, author: user.id })],
    ]);
    await github.api('PATCH', `/issues/${number}`, { labels: [] });
    github.asked.length = 0;
    expect((await trackerWith(github, notes).find())?.number).toBe(number);
    expect(github.asked.map(({ line }) => line)).toEqual([`GET /repos/acme/messages/issues/${number}`]);
  });

  it('its number is stored if an earlier version opened it', async () => {
    const github = await testGithub();
    const number = await trackerOn(github).open(text);
    const notes = testNotes();
    expect((await trackerWith(github, notes).find())?.number).toBe(number);
    expect(JSON.parse(notes.kept.get('tracking-issue')!)).toMatchObject({ number });
  });

  it.each<[string, (note: Kept, forged: number) => object | string]>([
    ['of another repository', (note) => ({ ...note, repository: 'acme/other' })],
    ['of an issue that somebody else opened', (note, forged) => ({ ...note, number: forged })],
    ['of an issue that is no longer there', (note) => ({ ...note, number: 9_999 })],
    ['of another author', (note) => ({ ...note, author: note.author + 1 })],
    ['that is no number', (note) => ({ ...note, number: '../1' })],
    ['that is no JSON', () => 'seven'],
  ])('a stored number %s is ignored', async (_, change) => {
    const github = await testGithub();
    const forged = await forge(github);
    const notes = testNotes();
    const number = await trackerWith(github, notes).open(text);
    const note = JSON.parse(notes.kept.get('tracking-issue')!) as Kept;
    const changed = change(note, forged.number);
    notes.kept.set('tracking-issue', typeof changed === 'string' ? changed : JSON.stringify(changed));
    expect((await trackerWith(github, notes).find())?.number).toBe(number);
    expect(JSON.parse(notes.kept.get('tracking-issue')!)).toEqual(note);
  });

  it('a stored number of an issue with neither label nor mark is ignored', async () => {
    const github = await testGithub();
    const notes = testNotes();
    const number = await trackerWith(github, notes).open(text);
    await github.api('PATCH', `/issues/${number}`, { labels: [], body: 'Something else' });
    expect(await trackerWith(github, notes).find()).toBeUndefined();
  });

  it('is opened although its number cannot be stored, which is logged', async () => {
    const github = await testGithub();
    const said: string[] = [];
    const notes: Notes = {
      ...testNotes(),
      keepNote: () => Promise.reject(new UserError('staging-unavailable', 'The table is closed.')),
    };
    const tracker = trackerOn(github, id, {}, new TestClock(), notes, (line) => void said.push(line));
    const number = await tracker.open(text);
    expect((await tracker.find())?.number).toBe(number);
    expect(said[0]).toContain('The table is closed.');
  });
});

interface Kept {
  readonly repository: string;
  readonly number: number;
  readonly author: number;
}

it('never requests a next page from another server, which would receive the token', async () => {
  const github = await testGithub();
  const other = await testServer((response) => response.end('[]'));
  github.spoil = () => (response) => {
    const link = `<${other.url.origin}/repos/acme/messages/issues?page=2>; rel="next"`;
    response.writeHead(200, { 'content-type': 'application/json', link }).end('[]');
  };
  const { code, message } = await errorOf(trackerOn(github).find());
  expect(code).toBe('github-unavailable');
  for (const part of ['acme/messages', github.settings.apiUrl, other.url.origin]) expect(message).toContain(part);
  expect(other.requests).toEqual([]);
});

describe('there are never two issues', () => {
  it('when two runs open one concurrently: both use the older one', async () => {
    const github = await testGithub();
    const numbers = await Promise.all([trackerOn(github).open(text), trackerOn(github).open(text)]);
    const open = (await github.issues()).filter(({ state }) => state === 'open');
    expect(open.length).toBe(1);
    expect(numbers).toEqual([open[0]!.number, open[0]!.number]);
  });

  it('when a race has created several: the others are closed, once, as duplicates of the oldest', async () => {
    const github = await testGithub();
    const tracker = trackerOn(github);
    const number = await tracker.open(text);
    const { body } = (await github.issues())[0]!;
    for (let n = 0; n < 2; n += 1)
      await github.api('POST', '/issues', { title: 'Twin', body, labels: ['message-archive'] });
    expect((await trackerOn(github).find())?.number).toBe(number);
    expect((await trackerOn(github).find())?.number).toBe(number);
    const states = (await github.issues()).map(({ state, state_reason }) => [state, state_reason]);
    expect(states).toEqual([
      ['open', null],
      ['closed', 'not_planned'],
      ['closed', 'not_planned'],
    ]);
    expect(await github.comments(number + 1)).toEqual([`Duplicate of #${number}`]);
    expect(await github.comments(number + 2)).toEqual([`Duplicate of #${number}`]);
  });

  it('when the response to its creation is lost', async () => {
    const github = await testGithub();
    let lost = 0;
    github.spoil = (line) => (isPost(line) && line.endsWith('/issues') && lost++ === 0 ? 'lose' : undefined);
    const number = await trackerOn(github).open(text);
    expect(await github.issues()).toMatchObject([{ number, state: 'open' }]);
  });

  it('nor two comments, when the response to one is lost', async () => {
    const github = await testGithub();
    const tracker = trackerOn(github);
    const number = await tracker.open(text);
    await tracker.comment(number, 'Before.');
    let lost = 0;
    github.spoil = (line) => (isPost(line) && lost++ === 0 ? 'lose' : undefined);
    await tracker.comment(number, 'Once.');
    expect(await github.comments(number)).toEqual(['Before.', 'Once.']);
  });

  it.each<[string, (response: ServerResponse) => unknown]>([
    ['an empty response', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end()],
    ['a page of a proxy', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hello')],
    [
      'an incomplete response',
      (response) =>
        response.writeHead(200, { 'content-length': 99 }).write('[', () => {
          response.destroy();
        }),
    ],
  ])('when %s could be mistaken for no issue', async (_, spoil) => {
    const github = await testGithub();
    const tracker = trackerOn(github);
    const number = await tracker.open(text);
    let spoilt = 0;
    github.spoil = () => (spoilt++ < 2 ? spoil : undefined);
    expect((await tracker.find())?.number).toBe(number);
    expect(spoilt).toBe(3);
  });
});

describe('a request is retried', () => {
  it.each<[string, (now: number) => (response: ServerResponse) => unknown, number]>([
    ['502', () => refuse(502), 0],
    ['a dropped connection', () => drop, 0],
    ['429 with Retry-After', () => refuse(429, { 'retry-after': '17' }), 17_000],
    ['403 with Retry-After, for a secondary limit', () => refuse(403, { 'retry-after': '30' }), 30_000],
    ['403 for a limit without a wait', () => refuse(403, {}, 'You have exceeded a secondary rate limit.'), 60_000],
    [
      '403 for an exhausted limit',
      (now) => refuse(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1000 + 90) }),
      90_000,
    ],
  ])('after %s', async (_, spoil, waitMs) => {
    const github = await testGithub();
    const clock = new TestClock(0);
    const tracker = trackerOn(github, id, {}, clock);
    for (const isSpoilt of [(line: string) => !isPost(line), isPost]) {
      let spoilt = 0;
      github.spoil = (line) => (isSpoilt(line) && spoilt++ === 0 ? spoil(clock.now()) : undefined);
      clock.waits.length = 0;
      const number = (await tracker.find())?.number ?? (await tracker.open(text));
      await tracker.comment(number, `Comment on ${number}.`);
      expect(spoilt).toBeGreaterThan(0);
      expect(clock.waits).toEqual([waitMs]);
    }
    expect((await github.issues()).length).toBe(1);
  });

  it('in 7 attempts', async () => {
    const github = await testGithub();
    github.spoil = () => refuse(500);
    expect(await errorOf(trackerOn(github).find())).toMatchObject({
      code: 'github-unavailable',
      message: expect.stringContaining(`${github.settings.apiUrl} responded 500 after 7 attempts (No)`),
    });
    expect(github.asked.length).toBe(7);
  });

  it('in 7 attempts, each after a look for the result of the one before', async () => {
    const github = await testGithub();
    const tracker = trackerOn(github);
    const number = await tracker.open(text);
    github.asked.length = 0;
    github.spoil = (line) => (isPost(line) ? refuse(500) : undefined);
    expect(await errorOf(tracker.comment(number, 'Never said.'))).toMatchObject({ code: 'github-unavailable' });
    expect(github.asked.map(({ line }) => line.split(' ')[0]).join(' ')).toBe(`POST${' GET POST'.repeat(6)}`);
  });

  it('after a timeout', async () => {
    const github = await testGithub();
    const tracker = trackerOn(github, id, { requestMs: 20 });
    github.spoil = () => () => undefined;
    expect(await errorOf(tracker.find())).toMatchObject({
      code: 'github-unavailable',
      message: expect.stringContaining('after 7 attempts (timeout)'),
    });
  });

  it('but not if the limit lasts too long', async () => {
    const github = await testGithub();
    github.spoil = () => refuse(403, { 'retry-after': '3600' }, 'You have exceeded a rate limit.');
    expect(await errorOf(trackerOn(github).find())).toMatchObject({
      code: 'github-unavailable',
      message: expect.stringMatching(/403 \(You have exceeded a rate limit\) .* until \S+Z/),
    });
    expect(github.asked.length).toBe(1);
  });
});

describe('a refused request names a remedy and not the token', () => {
  it.each<[number, string, string]>([
    [401, 'Bad credentials', '`github-token`'],
    [403, 'Resource not accessible by integration', permission],
    [404, 'Not Found', permission],
    [410, 'Issues are disabled for this repo', 'settings of the repository'],
    [409, 'Git Repository is empty', 'GITHUB_REPOSITORY'],
    [422, 'Validation\nFailed', 'GITHUB_REPOSITORY'],
  ])('%i', async (status, message, remedy) => {
    const github = await testGithub();
    const tracker = trackerOn(github);
    github.spoil = () => refuse(status, {}, message);
    for (const attempt of [
      () => tracker.find(),
      () => tracker.comment(1, 'x'),
      () => tracker.update(1, text, true),
      () => tracker.open(text),
    ]) {
      const error = await errorOf(attempt());
      expect(error.code).toBe('github-unavailable');
      expect(error.message).toContain(`${github.settings.apiUrl} responded ${status} (${message.replace('\n', ' ')})`);
      expect(error.message).toContain(remedy);
      expect(error.message).not.toContain(githubToken);
    }
    expect(await github.issues()).toEqual([]);
  });

  it('also for a redirect, which is not followed', async () => {
    const github = await testGithub();
    github.spoil = () => refuse(301, { location: 'https://example.com' }, 'Moved Permanently');
    expect((await errorOf(trackerOn(github).find())).message).toContain('responded 301. ');
  });

  it('also for a response beyond the size limit', async () => {
    const github = await testGithub();
    github.spoil = () => (response) => response.writeHead(200, { 'content-length': 2 ** 26 + 1 }).write('[');
    expect((await errorOf(trackerOn(github).find())).message).toContain('more than 64 MiB');
    expect(github.asked.length).toBe(1);
  });

  it('also for a port without a server', async () => {
    const github = await testGithub();
    const tracker = trackerOn(github, id, { apiUrl: 'http://127.0.0.1:9/api/v3' });
    expect((await errorOf(tracker.find())).message).toContain(
      'http://127.0.0.1:9/api/v3 was unreachable after 7 attempts (ECONNREFUSED)',
    );
  });
});

it('uses the path of a GitHub Enterprise Server', async () => {
  const github = await testGithub();
  github.spoil = () => (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  await trackerOn(github, id, { apiUrl: `${github.settings.apiUrl}/api/v3` }).find();
  expect(github.asked[0]!.line).toMatch(
    /^GET \/api\/v3\/repos\/acme\/messages\/issues\?labels=message-archive&state=all/,
  );
});

it('uses the proxy of the environment', async () => {
  const github = await testGithub();
  vi.stubEnv('http_proxy', github.settings.apiUrl);
  github.spoil = () => (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  await trackerOn(github, id, { apiUrl: 'http://github.invalid/api/v3' }).find();
  expect(github.asked[0]!.line).toContain('http://github.invalid/api/v3/repos/acme/messages/issues');
});
