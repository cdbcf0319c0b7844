import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { testFolder } from '../../support/folders.ts';
import { startScript } from '../../support/processes.ts';

async function started(...parameters: string[]) {
  const child = startScript('stop-busy.ts', await testFolder(), ...parameters);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  return { child, next, folder: await next() };
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s ends a process with busy threads with %i, after one line and without its files',
  async (signal, code) => {
    const { child, next, folder } = await started();
    expect(existsSync(folder)).toBe(true);
    const exit = once(child, 'exit');
    child.kill(signal);
    expect(await next()).toContain(`Stopped by ${signal}`);
    expect(await exit).toEqual([code, null]);
    expect(existsSync(folder)).toBe(false);
  },
);

it.each(['SIGINT', 'SIGTERM'] as const)('a second signal, %s, ends the process at once', async (signal) => {
  const { child, next } = await started('stuck');
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await next()).toContain('Stopped by SIGTERM');
  expect(await next()).toBe('stuck');
  child.kill(signal);
  expect(await exit).toEqual([null, signal]);
});
