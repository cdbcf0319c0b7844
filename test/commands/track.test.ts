import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { track } from '../../src/commands/track.ts';
import { GithubTracker, type Notes } from '../../src/io/github/tracker.ts';
import type { Survey } from '../../src/report/survey.ts';
import { before, failed, left, recordsWith, surveyOf } from '../report/surveys.ts';
import { TestClock } from '../support/clock.ts';
import { failureOf } from '../support/failure.ts';
import { type TestGithub, testGithub } from '../support/github.ts';
import { testNotes } from '../support/notes.ts';

const spent = { read_at: before, ...left('time') };
const complete = surveyOf();
const down = surveyOf({ records: recordsWith({ 1: failed('It is down.') }) });
const worse = surveyOf({ records: recordsWith({ 1: failed('It is down.'), 4: undefined }) });
const late = surveyOf({ records: recordsWith({ 6: spent, 7: spent, 8: spent }) });
const later = surveyOf({ records: recordsWith({ 7: spent, 8: spent }) });

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) vi.stubEnv(name, undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
});

const notes = new WeakMap<TestGithub, Notes>();

/** Kept in the staging from run to run. */
function notesOf(github: TestGithub): Notes {
  const kept = notes.get(github) ?? testNotes();
  notes.set(github, kept);
  return kept;
}

/** One run, with its own tracker. */
async function runOn(github: TestGithub, survey: Survey): Promise<number | undefined> {
  const tracker = new GithubTracker({
    ...github.settings,
    archive: '3f2b7c1e-0000-4000-8000-000000000001',
    notes: notesOf(github),
    clock: new TestClock(),
    say: () => undefined,
  });
  try {
    return await track(tracker, survey);
  } finally {
    await tracker.close();
  }
}

/** The only issue, with the first words of its comments. */
async function shown(github: TestGithub) {
  const [issue, ...others] = await github.issues();
  expect(others).toEqual([]);
  const comments = (await github.comments(issue!.number)).map((comment) => /^\*\*(.*?)\*\*/.exec(comment)![1]);
  return { ...issue!, comments };
}

describe('the tracking issue', () => {
  it('is not opened while the archive is complete', async () => {
    const github = await testGithub();
    expect(await runOn(github, complete)).toBeUndefined();
    expect(await github.issues()).toEqual([]);
    expect(github.asked.length).toBe(1);
  });

  it('is opened once, rewritten, closed and re-opened, with comments only about news', async () => {
    const github = await testGithub();
    const number = await runOn(github, down);
    expect(await shown(github)).toMatchObject({ number, state: 'open', comments: [] });

    expect(await runOn(github, down)).toBe(number);
    expect(await shown(github)).toMatchObject({ number, state: 'open', comments: [] });

    expect(await runOn(github, worse)).toBe(number);
    expect(await shown(github)).toMatchObject({
      body: expect.stringContaining('April 2024'),
      comments: ['New'],
    });
    expect((await github.comments(number!))[0]).not.toContain('February 2024');

    expect(await runOn(github, down)).toBe(number);
    expect(await shown(github)).toMatchObject({
      body: expect.not.stringContaining('April 2024'),
      comments: ['New'],
    });

    expect(await runOn(github, complete)).toBeUndefined();
    const closed = await shown(github);
    expect(closed).toMatchObject({ state: 'closed', state_reason: 'completed', comments: ['New', 'Complete'] });
    expect(closed.body).toContain('is complete.');

    github.asked.length = 0;
    expect(await runOn(github, complete)).toBeUndefined();
    expect(github.asked.length).toBe(1);
    expect(await shown(github)).toEqual(closed);

    expect(await runOn(github, down)).toBe(number);
    expect(await shown(github)).toMatchObject({ state: 'open', comments: ['New', 'Complete', 'Incomplete again'] });
    expect((await shown(github)).body).toContain('`It is down.`');
  });

  it('gets no comment while runs continue deferred work', async () => {
    const github = await testGithub();
    const number = await runOn(github, late);
    await runOn(github, later);
    await runOn(github, complete);
    expect(await shown(github)).toMatchObject({ number, state: 'closed', comments: ['Complete'] });
  });

  it('is re-opened after a person closed it while something is missing', async () => {
    const github = await testGithub();
    const number = await runOn(github, down);
    await github.api('PATCH', `/issues/${number}`, { state: 'closed' });
    expect(await runOn(github, down)).toBe(number);
    expect(await shown(github)).toMatchObject({ state: 'open', comments: ['Incomplete again'] });
  });

  it('gets a comment about news again if its rewrite failed', async () => {
    const github = await testGithub();
    const number = await runOn(github, down);
    github.spoil = (line) =>
      line.startsWith('PATCH ') ? (response) => response.writeHead(403).end('{"message":"No."}') : undefined;
    expect(await failureOf(runOn(github, worse))).toContain('403');
    github.spoil = () => undefined;
    expect(await runOn(github, worse)).toBe(number);
    expect((await shown(github)).comments).toEqual(['New', 'New']);
  });
});
