import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { Threads } from '../../src/worker/threads.ts';

const threads = new Threads(1);
afterEach(() => threads.close());

/** A task without input. */
const succeed = () => threads.run<boolean[]>('compare', [{ segments: [], path: undefined }, []]);
/** A task that fails: it reads beyond the end of a spool. */
const fail = () => threads.run('compare', [{ segments: [], path: undefined }, [[2 ** 52, 1, 2 ** 52, 1]]]);

/** Number of worker threads of this process. */
function alive(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

describe('Threads', () => {
  it('reuses a thread whose task succeeded, and terminates it on close', async () => {
    const before = alive();
    await succeed();
    await succeed();
    expect(alive()).toBe(before + 1);
    await threads.close();
    expect(alive()).toBe(before);
  });

  it('replaces a thread whose task failed', async () => {
    const before = alive();
    await expect(fail()).rejects.toThrow('The spool file ends before byte 1.');
    await expect.poll(alive).toBe(before);
    expect(await succeed()).toEqual([]);
    expect(alive()).toBe(before + 1);
  });

  it('replaces a failed thread for queued tasks', async () => {
    const results = await Promise.allSettled([succeed(), fail(), succeed()]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('terminates a thread whose task is aborted', async () => {
    const before = alive();
    const end = new AbortController();
    const { port1, port2 } = new MessageChannel();
    const waiting = threads.run('read', [port2, 10, { format: 'jsonl', payloads: true }], [port2], end.signal);
    port1.once('message', () => end.abort(new Error('enough')));
    await expect(waiting).rejects.toThrow('enough');
    port1.close();
    await expect.poll(alive).toBe(before);
    expect(await succeed()).toEqual([]);
  });
});
