import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLive, isSettled } from '../../src/plan/settled.ts';
import { windowAt, windowsOf } from '../../src/windows/grid.ts';
import { contains, covers, DAY_MS, instant, union } from '../../src/windows/interval.ts';
import { type Layout, slotAt, slotById, slotsIn, slotsOf, widen } from '../../src/windows/slot.ts';
import { anyLayout, anyMs, anyRange, ms, range } from './arbitraries.ts';

const monthly: Layout = { windowDays: 60, partitionBy: 'month' };
const daily: Layout = { windowDays: 60, partitionBy: 'day' };
const slotIds = (from: string, to: string, layout: Layout) => slotsIn(range(from, to), layout).map((slot) => slot.id);

describe('slotsOf', () => {
  it('splits a window at month ends', () => {
    expect(slotsOf(windowAt(ms('2024-06-01'), 60), 'month')).toEqual([
      {
        id: '20240517T000000Z-20240601T000000Z',
        ...range('2024-05-17', '2024-06-01'),
        window: '2024-05-17..2024-07-16',
        partition: 'month=2024-05',
      },
      {
        id: '20240601T000000Z-20240701T000000Z',
        ...range('2024-06-01', '2024-07-01'),
        window: '2024-05-17..2024-07-16',
        partition: 'month=2024-06',
      },
      {
        id: '20240701T000000Z-20240716T000000Z',
        ...range('2024-07-01', '2024-07-16'),
        window: '2024-05-17..2024-07-16',
        partition: 'month=2024-07',
      },
    ]);
  });

  it('splits a window into days, including leap days', () => {
    const slots = slotsOf(windowAt(ms('2024-02-29'), 60), 'day');
    expect(slots).toHaveLength(60);
    expect(slots.map((slot) => slot.partition)).toContain('day=2024-02-29');
  });

  it('gives February 29 days in leap years and 28 in others', () => {
    expect(slotAt(ms('2024-02-15'), { windowDays: 400, partitionBy: 'month' }).id).toBe(
      '20240201T000000Z-20240301T000000Z',
    );
    expect(slotAt(ms('2023-02-15'), { windowDays: 400, partitionBy: 'month' }).id).toBe(
      '20230201T000000Z-20230301T000000Z',
    );
  });

  it('splits at the end of a year', () => {
    expect(slotIds('2023-12-31T23:59:59.999Z', '2024-01-01T00:00:00.001Z', monthly)).toEqual([
      '20231201T000000Z-20240101T000000Z',
      '20240101T000000Z-20240118T000000Z',
    ]);
  });

  it('supports dates before 1970', () => {
    expect(slotIds('1969-12-31', '1970-01-02', monthly)).toEqual([
      '19691201T000000Z-19700101T000000Z',
      '19700101T000000Z-19700201T000000Z',
    ]);
  });

  it('covers every window without gaps or overlaps', () => {
    fc.assert(
      fc.property(anyMs, anyLayout, (at, layout) => {
        const window = windowAt(at, layout.windowDays);
        const slots = slotsOf(window, layout.partitionBy);
        for (const [index, slot] of slots.entries()) {
          expect(slot.start).toBe(slots[index - 1]?.end ?? window.start);
          expect(slot.end).toBeGreaterThan(slot.start);
        }
        expect(slots.at(-1)!.end).toBe(window.end);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps every slot within one window and one partition', () => {
    fc.assert(
      fc.property(anyMs, anyLayout, (at, layout) => {
        const slot = slotAt(at, layout);
        const [first, last] = [instant(slot.start), instant(slot.end - 1)];
        expect(slot.end - slot.start).toBeLessThanOrEqual(layout.windowDays * DAY_MS);
        expect(windowsOf(slot, layout.windowDays).map((window) => window.id)).toEqual([slot.window]);
        const width = layout.partitionBy === 'month' ? 7 : 10;
        expect(slot.partition).toBe(`${layout.partitionBy}=${first.slice(0, width)}`);
        expect(last.slice(0, width)).toBe(first.slice(0, width));
      }),
    );
  });
});

describe('slotById', () => {
  it('finds every slot by its id', () => {
    fc.assert(
      fc.property(anyMs, anyLayout, (at, layout) => {
        const slot = slotAt(at, layout);
        expect(slotById(slot.id, layout)).toEqual(slot);
      }),
    );
  });

  it.each([
    '',
    '20240601T000000Z',
    '20240601T000000Z-',
    '20240601-20240701',
    '20240230T000000Z-20240301T000000Z',
    'x-y',
  ])('rejects %j', (id) => {
    expect(() => slotById(id, monthly)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    expect(() => slotById(id, monthly)).toThrow(JSON.stringify(id));
  });

  it('rejects a slot of another layout and names the actual one', () => {
    const id = '20240601T000000Z-20240701T000000Z';
    expect(() => slotById(id, daily)).toThrow(
      expect.objectContaining({
        code: 'input-invalid',
        message: expect.stringMatching(
          new RegExp(`^"${id}" .* window-days 60 .* partition-by day.* 20240601T000000Z-20240602T000000Z\\.$`),
        ),
      }),
    );
    for (const malformed of ['20240601T000001Z-20240701T000000Z', `${id}-`])
      expect(() => slotById(malformed, monthly)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
  });
});

describe('widen', () => {
  it('extends the range to slot boundaries', () => {
    expect(widen(range('2024-06-10T08:00:00Z', '2024-07-01T00:00:00.001Z'), monthly)).toEqual(
      range('2024-06-01', '2024-07-16'),
    );
    expect(widen(range('2024-06-10T08:00:00Z', '2024-07-01'), daily)).toEqual(range('2024-06-10', '2024-07-01'));
  });

  it('returns an empty range unchanged', () => {
    expect(widen(range('2024-06-10', '2024-06-10'), monthly)).toEqual(range('2024-06-10', '2024-06-10'));
    expect(widen(range('2024-06-10', '2024-06-09'), monthly)).toEqual(range('2024-06-10', '2024-06-09'));
  });

  it('is idempotent, and covers exactly the slots in the range', () => {
    fc.assert(
      fc.property(anyRange, anyLayout, (whole, layout) => {
        const wide = widen(whole, layout);
        expect(covers(wide, whole)).toBe(true);
        expect(widen(wide, layout)).toEqual(wide);
        expect(union(slotsIn(whole, layout))).toEqual([wide]);
        expect(slotsIn(wide, layout)).toEqual(slotsIn(whole, layout));
      }),
      { numRuns: 40 },
    );
  });
});

describe('slotsIn', () => {
  it('returns the slots that the range overlaps, without neighbors', () => {
    expect(slotIds('2024-06-30T23:59:59.999Z', '2024-07-16', monthly)).toEqual([
      '20240601T000000Z-20240701T000000Z',
      '20240701T000000Z-20240716T000000Z',
    ]);
  });

  it('assigns every microsecond to exactly one slot', () => {
    fc.assert(
      fc.property(anyMs, fc.bigInt({ min: 0n, max: 999n }), anyLayout, (at, micros, layout) => {
        const us = BigInt(at) * 1000n + micros;
        const around = slotsIn({ start: at - 40 * DAY_MS, end: at + 40 * DAY_MS }, layout);
        expect(around.filter((slot) => contains(slot, us))).toEqual([slotAt(at, layout)]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('isLive and isSettled', () => {
  const june = slotById('20240601T000000Z-20240701T000000Z', monthly);
  const cooled = ms('2024-08-30');

  it('treat a slot as live until recent-days after its end', () => {
    expect(isLive(june, cooled - 1, 60)).toBe(true);
    expect(isLive(june, cooled, 60)).toBe(false);
    expect(isLive(june, june.end, 0)).toBe(false);
    expect(isLive(june, june.end - 1, 0)).toBe(true);
  });

  it('treat a slot as settled once it was read after that', () => {
    expect(isSettled(june, { read_at: instant(cooled) }, cooled + DAY_MS, 60)).toBe(true);
    expect(isSettled(june, { read_at: instant(cooled - 1) }, cooled + DAY_MS, 60)).toBe(false);
    expect(isSettled(june, { read_at: instant(cooled), unproven: true }, cooled + DAY_MS, 60)).toBe(false);
    expect(isSettled(june, {}, cooled + DAY_MS, 60)).toBe(false);
    expect(isSettled(june, undefined, cooled + DAY_MS, 60)).toBe(false);
  });

  it('never treat a live slot as settled', () => {
    expect(isSettled(june, { read_at: instant(cooled + DAY_MS) }, cooled - 1, 60)).toBe(false);
  });
});
