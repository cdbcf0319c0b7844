import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { githubToken, testGithub } from '../support/github.ts';
import { callerWorkflow, expression } from './caller.ts';
import { Sandbox } from './sandbox.ts';
import { Source, token } from './source.ts';

test('a failed run opens the tracking issue, another failed run updates it, and a complete run closes it', async () => {
  const sandbox = await Sandbox.make();
  onTestFinished(() => sandbox.remove());
  const source = await Source.start();
  onTestFinished(() => source.close());
  const github = await testGithub();
  const { owner, repository, apiUrl } = github.settings;
  const caller = `${owner}/${repository}`;
  const inputs = {
    from: '2024-01-18',
    to: '2024-05-17',
    archive: `file:${join(sandbox.folder, 'archive')}`,
    staging: `sqlite:${join(sandbox.folder, 'staging.sqlite')}`,
    'api-url': source.url,
  };
  await sandbox.add(caller, 'weekly.yml', callerWorkflow(inputs, { 'api-token': expression('secrets.SURVEILLANCE') }));
  const run = () =>
    sandbox.run({
      in: caller,
      name: 'schedule',
      workflow: 'weekly.yml',
      secrets: { SURVEILLANCE: token, GITHUB_TOKEN: githubToken },
      env: { GITHUB_API_URL: apiUrl },
    });
  const report = async () => {
    const { code, jobs, log } = await run();
    expect(log).not.toContain(githubToken);

    return { code, issue: jobs.find(({ id }) => id === 'report')!.outputs.report!.issue };
  };

  for (const month of ['02', '03', '04']) {
    source.truth.put({ id: `closed-${month}`, at: Date.parse(`2024-${month}-15`), statuses: ['closed'] });
  }
  source.refusal = 422;
  const refuse = (...starts: string[]) => {
    // Counts, which request pages of one message, succeed.
    source.refuses = (query) => query.get('page_size') !== '1' && starts.includes(query.get('start_time')!);
  };
  refuse('2024-03-31');
  expect(await report()).toEqual({ code: 1, issue: '1' });
  const [opened] = await github.issues();
  expect(opened).toMatchObject({ state: 'open', labels: [{ name: 'message-archive' }] });
  expect(opened!.body).toContain('April 2024');
  expect(opened!.body).toContain('422');
  expect(opened!.body).toContain(`https://github.com/${caller}/actions/runs/`);

  refuse('2024-03-17', '2024-03-31');
  source.truth.put({ id: 'late-03', at: Date.parse('2024-03-20'), statuses: ['closed'] });
  expect(await report()).toEqual({ code: 1, issue: '1' });
  const [same, ...others] = await github.issues();
  expect(others).toEqual([]);
  expect(same!.body).toContain('2 slots failed');
  expect(await github.comments(1)).toEqual([expect.stringMatching(/^\*\*New\*\*[\s\S]*March 2024/)]);

  refuse();
  expect(await report()).toEqual({ code: 0, issue: '' });
  expect(await github.issues()).toMatchObject([{ number: 1, state: 'closed', state_reason: 'completed' }]);
  expect((await github.comments(1)).at(-1)).toContain('**Complete**');
});
