import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const CLI = join(import.meta.dirname, '../../../demo/source/cli.ts');
const run = (...args: string[]): ChildProcessWithoutNullStreams => spawn(process.execPath, [CLI, ...args]);
const exitOf = async (child: ChildProcessWithoutNullStreams): Promise<unknown> => (await once(child, 'exit'))[0];

test('prints its URL, serves messages and stops with its parent', async () => {
  const child = run(
    '--token',
    'secret',
    '--messages',
    '50',
    '--from',
    '2024-01-01',
    '--to',
    '2024-02-01',
    '--with-parent',
  );
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  expect(line.toString()).toBe(`{"url":"${url}"}\n`);
  const response = await fetch(`${url}?start_time=2024-01-01&end_time=2024-01-31&page_size=1&as_of=2024-02-01`, {
    headers: { authorization: 'Bearer secret' },
  });
  expect(await response.json()).toMatchObject({ total: expect.any(Number), messages: [expect.any(Object)] });
  child.stdin.end();
  expect(await exitOf(child)).toBe(0);
});

test('stops on a signal', async () => {
  const child = run('--messages', '1');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await exitOf(child)).toBe(0);
});

test.each([
  [['--seed', 'x'], 'The option --seed must be a number, not "x".'],
  [['--bogus'], "Unknown option '--bogus'; see --help."],
])('%j fails with one sentence', async (args, sentence) => {
  const child = run(...args);
  const [error, code] = await Promise.all([text(child.stderr), exitOf(child)]);
  expect(error.trimEnd().split('\n')).toEqual([expect.stringContaining(sentence)]);
  expect(code).toBe(1);
});
