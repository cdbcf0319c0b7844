import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { eachWithin } from '../src/concurrency.ts';

describe('eachWithin', () => {
  it('returns results in the order of the items, within the limit', async () => {
    let underWay = 0;
    let most = 0;
    const results = await eachWithin(pLimit(2), [3, 1, 2], async (turns) => {
      underWay += 1;
      most = Math.max(most, underWay);
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      underWay -= 1;
      return turns * 10;
    });
    expect(results).toEqual([30, 10, 20]);
    expect(most).toBe(2);
  });

  it('starts nothing after a failure, awaits running work, and throws the first failure', async () => {
    const held = Promise.withResolvers<void>();
    const begun: number[] = [];
    let hasEnded = false;
    const done = eachWithin(pLimit(2), [1, 2, 3, 4], async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('the first');
      await held.promise;
      throw new Error('a later one');
    }).finally(() => {
      hasEnded = true;
    });
    const failed = expect(done).rejects.toThrow('the first');
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    expect(hasEnded).toBe(false);
    held.resolve();
    await failed;
    expect(begun).toEqual([1, 2]);
  });
});
