import { describe, expect, it } from 'vitest';
import { delayMs, type RetryPolicy, retry, retryPolicies, type Transient } from '../../src/io/retry.ts';
import { TestClock } from '../support/clock.ts';

const policy: RetryPolicy = {
  attemptsMax: 4,
  baseMs: 100,
  throttledBaseMs: 1_000,
  backoffMsMax: 300,
  serverWaitMsMax: 500,
};

class Passing extends Error {}

/** An attempt that fails `count` times, and the numbers of its attempts. */
function failing(count: number, error = new Passing('passing')) {
  const numbers: number[] = [];
  const attempt = async (number: number) => {
    numbers.push(number);
    if (numbers.length <= count) throw error;
    return 'done';
  };
  return { numbers, attempt };
}

const classify = (error: Error): Transient | undefined => (error instanceof Passing ? {} : undefined);

describe('retry', () => {
  it('repeats a transient failure with growing backoff', async () => {
    const clock = new TestClock(0.5);
    const { numbers, attempt } = failing(3);
    expect(await retry({ policy, clock, classify }, attempt)).toBe('done');
    expect(numbers).toEqual([1, 2, 3, 4]);
    expect(clock.waits).toEqual([100, 150, 150]);
  });

  it('throws the last failure after all attempts, without a wait', async () => {
    const clock = new TestClock(0.5);
    const error = new Passing('passing');
    const { numbers, attempt } = failing(9, error);
    await expect(retry({ policy, clock, classify }, attempt)).rejects.toBe(error);
    expect([numbers.length, clock.waits.length]).toEqual([4, 3]);
  });

  it('throws a failure that is not transient at once', async () => {
    const clock = new TestClock();
    const error = new Error('final');
    const { numbers, attempt } = failing(1, error as Passing);
    await expect(retry({ policy, clock, classify }, attempt)).rejects.toBe(error);
    expect([numbers.length, clock.waits.length]).toEqual([1, 0]);
  });
});

describe('delayMs', () => {
  const delay = (transient: Transient, random = 0.999, attempts = 1) =>
    delayMs(policy, new TestClock(random), attempts, transient);

  it('is the backoff, from a larger range after throttling', () => {
    expect(delay({})).toBeCloseTo(199.8);
    expect(delay({}, 0)).toBe(0);
    expect(delay({ isThrottled: true })).toBeCloseTo(299.7);
  });

  it('is the wait that the server requested, up to a limit', () => {
    expect(delay({ serverWaitMs: 400 })).toBe(400);
    expect(delay({ serverWaitMs: 900 })).toBe(500);
  });
});

it.each(Object.entries<RetryPolicy>(retryPolicies))('the policy %s ends within three minutes of backoff', (_, each) => {
  const clock = new TestClock(0.999);
  const waits = Array.from({ length: each.attemptsMax - 1 }, (_, n) =>
    delayMs(each, clock, n + 1, { isThrottled: true }),
  );
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(180_000);
});
