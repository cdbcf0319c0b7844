import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inputDefaults } from '../../src/inputs/defaults.ts';
import { testFolder } from '../support/folders.ts';
import { api, Case, june, pageOf } from './support/run.ts';

/** An archive whose API stops responding in the middle of a slot, until `resume`; and where its runs keep temporary files. */
async function stalling() {
  const messages = june(25);
  const stalls = new EventTarget();
  let isStalling = true;
  const { url } = await api((asked) => {
    if (!isStalling || asked.size === 1 || asked.page < 2) return pageOf(messages, asked);
    stalls.dispatchEvent(new Event(asked.url.searchParams.get('run')!));
    return undefined;
  });
  const made = await Case.make({ 'api-url': url.href });
  const temporary = await testFolder();
  const variables = { RUNNER_TEMP: temporary };
  /** Starts a run, and waits until its API has stopped. */
  const stalled = async () => {
    const run = crypto.randomUUID();
    const stall = once(stalls, run);
    const started = await made.start({ 'api-query': `${inputDefaults['api-query']}&run=${run}` }, variables);
    await stall;
    return started;
  };
  const run = () => {
    isStalling = false;
    return made.run({}, variables);
  };
  return { made, temporary, stalled, run };
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'a run that %s stops removes its temporary files and ends with %i, and the next one completes it',
  async (signal, code) => {
    const { temporary, stalled, run } = await stalling();
    const { child, ran } = await stalled();
    const [folder] = await readdir(temporary);
    await writeFile(join(temporary, folder!, 'a.spool'), 'messages');
    child.kill(signal);
    const { code: ended, log } = await ran;
    expect(ended).toBe(code);
    expect(log.split('\n').filter((line) => line.startsWith('Stopped'))).toEqual([
      `Stopped by ${signal}; removing temporary files. Re-run to continue. [interrupted]`,
    ]);
    expect(await readdir(temporary)).toEqual([]);
    expect(await run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
  },
);

it('what a killed run left is removed by the next one, and what a live run holds is not', async () => {
  const { temporary, stalled, run } = await stalling();
  const live = await stalled();
  const [held] = await readdir(temporary);
  const killed = await stalled();
  killed.child.kill('SIGKILL');
  expect((await killed.ran).code).toBe(null);
  expect(await readdir(temporary)).toHaveLength(2);
  const next = await run();
  expect(next).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
  expect(next.log).toContain('Removed temporary files of 1 killed run.');
  expect(await readdir(temporary)).toEqual([held]);
  live.child.kill('SIGTERM');
  expect((await live.ran).code).toBe(143);
  expect(await readdir(temporary)).toEqual([]);
});

it('temporary files and the staging are open to their user alone, and the archive as the umask says', async () => {
  const { made, temporary, stalled, run } = await stalling();
  const { child, ran } = await stalled();
  const paths = (await readdir(temporary, { recursive: true })).map((path) => join(temporary, path));
  expect(paths.length).toBeGreaterThan(2);
  for (const path of paths) {
    const found = await stat(path);
    expect([path, found.mode & 0o777]).toEqual([path, found.isDirectory() ? 0o700 : 0o600]);
  }
  child.kill('SIGTERM');
  await ran;
  await run();
  expect((await stat(join(made.folder, 'staging.sqlite'))).mode & 0o777).toBe(0o600);
  const archive = join(made.folder, 'archive');
  const objects = (await readdir(archive, { recursive: true })).filter((path) => path.endsWith('.parquet'));
  expect(objects).toHaveLength(1);
  expect((await stat(join(archive, objects[0]!))).mode & 0o777).toBe(0o666 & ~process.umask());
});
