import { describe, expect, it } from 'vitest';
import { ignoresRange, withoutStrays } from '../../../src/io/api/strays.ts';
import { DAY_MS } from '../../../src/windows/interval.ts';
import { plainShape } from '../../support/messages.ts';
import { pageOf, tell } from '../../support/model-source.ts';

const asked = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const page = (...times: number[]) =>
  pageOf(
    plainShape,
    times.map((at, n) => tell({ id: `m${n}`, at, statuses: ['closed'] })),
  );

describe('withoutStrays', () => {
  it('leaves a page as it is that holds what was asked for, and a little around it', async () => {
    const whole = await page(asked.start, asked.end - 1, asked.start - 500);
    expect(withoutStrays(whole, asked, 'iso')).toEqual({ page: whole, far: 0, near: undefined });
    const dated = await page(asked.start - 2 * DAY_MS);
    expect(withoutStrays(dated, asked, 'date').near).toBeUndefined();
  });

  it('makes a message from far away invalid, with its bytes, its id and the reason', async () => {
    const whole = await page(asked.start, 0, 2 ** 31 * 1000);
    const { page: kept, far, near } = withoutStrays(whole, asked, 'iso');
    expect({ far, near }).toEqual({ far: 2, near: undefined });
    expect(kept.messages[0]).toBe(whole.messages[0]);
    const { start, end } = whole.messages[1]!;
    expect(kept.messages[1]).toMatchObject({
      start,
      end,
      id: 'm1',
      state: 'invalid',
      reason: 'timestamp is far outside the requested range',
    });
    expect(kept.messages[1]!.timestamp).toBeUndefined();
  });

  it('names one that is near: it belongs to another slot', async () => {
    const near = asked.start - 5 * DAY_MS;
    expect(withoutStrays(await page(asked.start, near), asked, 'iso').near).toBe(near);
  });
});

it('the range is ignored where most of what came are strays, and not by a single message', () => {
  expect([ignoresRange(1, 1), ignoresRange(2, 2), ignoresRange(2, 4), ignoresRange(3, 5), ignoresRange(0, 0)]).toEqual([
    false,
    true,
    false,
    true,
    false,
  ]);
});
