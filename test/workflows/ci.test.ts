import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from './sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.make();
});
afterAll(() => sandbox?.remove());

test('CI archives with the action as a step, and verifies the result', async () => {
  const { code, jobs, log } = await sandbox.run({ name: 'push', workflow: 'ci.yml', job: 'action' });
  expect(code, log).toBe(0);
  expect(jobs).toMatchObject([{ id: 'action', ok: true, outputs: { verify: { complete: 'true' } } }]);
  await expect(fetch(jobs[0]!.outputs.source!.url!)).rejects.toThrow('fetch failed');
});
