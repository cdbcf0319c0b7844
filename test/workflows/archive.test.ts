import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../support/http-server.ts';
import { Truth } from '../support/model-source.ts';
import { truthAnswer } from '../support/truth-answer.ts';
import { Sandbox } from './sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.make();
});
afterAll(() => sandbox?.remove());

test('dispatch', async () => {
  const truth = new Truth();
  for (let m = 1; m < 10; m++) truth.put({ id: `m${m}`, at: Date.parse(`2024-0${m}-05`), statuses: ['closed'] });
  const api = await startServer(truthAnswer(truth));
  const begun = performance.now();
  const outcome = await sandbox.run({
    name: 'workflow_dispatch',
    workflow: 'archive.yml',
    inputs: { from: '2024-01-01', to: '2024-06-01' },
    vars: {
      MESSAGE_ARCHIVE_ARCHIVE: `file:${join(sandbox.folder, 'archive')}`,
      MESSAGE_ARCHIVE_STAGING: `sqlite:${join(sandbox.folder, 'staging.sqlite')}`,
      MESSAGE_ARCHIVE_API_URL: api.url.href,
    },
    secrets: { MESSAGE_ARCHIVE_API_TOKEN: 'x-token' },
  });
  console.log(performance.now() - begun, outcome.code, JSON.stringify(outcome.jobs, null, 1));
  if (outcome.code) console.log(outcome.log.slice(-3000));
  await api.close();
  expect(outcome.code).toBe(0);
});
