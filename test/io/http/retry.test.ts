import { describe, expect, it } from 'vitest';
import { attemptsMax, gaveUp, Retries, Retryable } from '../../../src/io/http/retry.ts';
import { TestClock } from '../../support/clock.ts';

function retriesOf(clock: TestClock) {
  const said: string[] = [];
  return { said, retries: new Retries('The host', clock, (text) => void said.push(text)) };
}

const failing = (waitMs: number, busy = false) => {
  let attempts = 0;
  return async () => {
    attempts += 1;
    if (attempts === 1) throw new Retryable('answers 503', waitMs, busy);
    return attempts;
  };
};

describe('Retries', () => {
  it('ends with the last failure after a bounded number of attempts, and waits for a bounded time', async () => {
    const clock = new TestClock(0.999);
    const { retries } = retriesOf(clock);
    let attempts = 0;
    const failure = retries.run(async () => {
      attempts += 1;
      throw new Retryable(`answers ${attempts}`);
    });
    await expect(failure).rejects.toThrow(`answers ${attemptsMax}`);
    expect(clock.waits.length).toBe(attemptsMax - 1);
    expect(clock.waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(65_000);
  });

  it('tells of a long wait, and of no short one', async () => {
    const { retries, said } = retriesOf(new TestClock());
    await retries.run(failing(1_999));
    expect(said).toEqual([]);
    await retries.run(failing(12_345));
    expect(said).toEqual(['The host answers 503; try 2 of 7 in 13 s.']);
  });

  it.each([true, false])('tells once of what many wait for at a time (busy: %s)', async (busy) => {
    const clock = new TestClock();
    const { retries, said } = retriesOf(clock);
    clock.hold();
    const all = [1, 2, 3].map(() => retries.run(failing(5_000, busy)));
    await expect.poll(() => clock.waits.length).toBe(3);
    expect(said.length).toBe(1);
    clock.release();
    expect(await Promise.all(all)).toEqual([2, 2, 2]);
  });

  it.each([
    [600_000, undefined, 'waits'],
    [900_000, undefined, 'waits'],
    [900_001, undefined, 'ends'],
    [7_200_000, 7_200_000, 'waits'],
    [7_200_001, 7_200_000, 'ends'],
    [60_000, 59_999, 'ends'],
  ])('asked to wait for %i ms with %s ms left, it %s', async (waitMs, leftMs, outcome) => {
    const clock = new TestClock();
    const start = clock.now();
    if (leftMs !== undefined) Object.assign(clock, { waitsUntil: start + leftMs });
    const { retries, said } = retriesOf(clock);
    const ended = await retries.run(failing(waitMs, true)).catch((error: Retryable) => gaveUp(error));
    if (outcome === 'waits') {
      expect(ended).toBe(2);
      expect([clock.waits, said]).toEqual([[waitMs], [`The host answers 503; try 2 of 7 in ${waitMs / 1000} s.`]]);
      return;
    }
    const limit =
      leftMs === undefined
        ? 'longer than the 15 min that this command waits'
        : 'after the time budget of this job ends';
    expect(ended).toEqual({
      why: `answers 503 and is unavailable until ${new Date(start + waitMs).toISOString()}, ${limit}`,
      what: 're-run after that',
    });
    expect([clock.waits, said]).toEqual([[], []]);
  });
});
