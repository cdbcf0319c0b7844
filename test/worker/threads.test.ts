import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { Threads } from '../../src/worker/threads.ts';

const threads = new Threads(1);
afterEach(() => threads.close());

/** A task that asks for nothing. */
const succeed = () => threads.run<boolean[]>('compare', [{ segments: [], path: undefined }, []]);
/** A task that reads beyond the end of a spool. */
const fail = () => threads.run('compare', [{ segments: [], path: undefined }, [[2 ** 52, 1, 2 ** 52, 1]]]);

/** How many threads this process talks to. */
function alive(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

describe('Threads', () => {
  it('keeps a thread whose task succeeded, and ends it when closed', async () => {
    const before = alive();
    await succeed();
    await succeed();
    expect(alive()).toBe(before + 1);
    await threads.close();
    expect(alive()).toBe(before);
  });

  it('throws away a thread whose task threw, and runs the next in a new one', async () => {
    const before = alive();
    await expect(fail()).rejects.toThrow("The spool's file ends before its byte 1.");
    await expect.poll(alive).toBe(before);
    expect(await succeed()).toEqual([]);
    expect(alive()).toBe(before + 1);
  });

  it('does so with tasks that wait for it', async () => {
    const results = await Promise.allSettled([succeed(), fail(), succeed()]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('throws away a thread whose task is given up', async () => {
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
