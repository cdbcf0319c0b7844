import { describe, expect, it } from 'vitest';
import { gaveUp, Retries, Retryable } from '../../../src/io/http/retry.ts';
import { retryPolicies } from '../../../src/io/retry.ts';
import { TestClock } from '../../support/clock.ts';

const { attemptsMax } = retryPolicies.http;

function retriesOf(clock: TestClock) {
  const said: string[] = [];
  return { said, retries: new Retries('The host', clock, (text) => void said.push(text)) };
}

const failing = (waitMs: number, busy = false) => {
  let attempts = 0;
  return async () => {
    attempts += 1;
    if (attempts === 1) throw new Retryable('responded 503', waitMs, busy);
    return attempts;
  };
};

describe('Retries', () => {
  it('throws the last failure after 7 attempts and less than 65 s of backoff', async () => {
    const clock = new TestClock(0.999);
    const { retries } = retriesOf(clock);
    let attempts = 0;
    const failure = retries.run(async () => {
      attempts += 1;
      throw new Retryable(`responded ${attempts}`);
    });
    await expect(failure).rejects.toThrow(`responded ${attemptsMax}`);
    expect(clock.waits.length).toBe(attemptsMax - 1);
    expect(clock.waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(65_000);
  });

  it('logs a long wait, but no short one', async () => {
    const { retries, said } = retriesOf(new TestClock());
    await retries.run(failing(1_999));
    expect(said).toEqual([]);
    await retries.run(failing(12_345));
    expect(said).toEqual(['The host responded 503; retrying in 13 s (attempt 2 of 7).']);
  });

  it.each([true, false])('logs a wait of concurrent requests once (busy: %s)', async (busy) => {
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
  ])('with a requested wait of %i ms and %s ms left, %s', async (waitMs, leftMs, outcome) => {
    const clock = new TestClock();
    const start = clock.now();
    if (leftMs !== undefined) Object.assign(clock, { waitsUntil: start + leftMs });
    const { retries, said } = retriesOf(clock);
    const ended = await retries.run(failing(waitMs, true)).catch((error: Retryable) => gaveUp(error));
    if (outcome === 'waits') {
      expect(ended).toBe(2);
      expect([clock.waits, said]).toEqual([
        [waitMs],
        [`The host responded 503; retrying in ${waitMs / 1000} s (attempt 2 of 7).`],
      ]);
      return;
    }
    const limit = leftMs === undefined ? '15 min' : 'time budget';
    const { why } = ended as { why: string };
    expect(why).toContain(new Date(start + waitMs).toISOString());
    expect(why).toContain(limit);
    expect([clock.waits, said]).toEqual([[], []]);
  });
});

describe('gaveUp', () => {
  it.each([
    ['responded 503', 'responded 503 after 7 attempts'],
    ['was unreachable (ECONNREFUSED)', 'was unreachable after 7 attempts (ECONNREFUSED)'],
    ['responded 500 (no (really))', 'responded 500 after 7 attempts (no (really))'],
  ])('counts the attempts of "%s" before its details', (message, why) => {
    expect(gaveUp(new Retryable(message)).why).toBe(why);
  });
});
