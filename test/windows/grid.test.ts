import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowAt, windowById, windowsOf } from '../../src/windows/grid.ts';
import { DAY_MS } from '../../src/windows/interval.ts';
import { anyMs, anyRange, anyWindowDays, ms, range } from './arbitraries.ts';

const ids = (from: string, to: string, windowDays = 60) =>
  windowsOf(range(from, to), windowDays).map((window) => window.id);

describe('windowsOf', () => {
  it('aligns windows to 1970-01-01', () => {
    expect(windowsOf(range('1970-01-01', '1970-01-02'), 60)).toEqual([
      { id: '1970-01-01..1970-03-02', ...range('1970-01-01', '1970-03-02') },
    ]);
    expect(ids('2024-06-01', '2024-06-02')).toEqual(['2024-05-17..2024-07-16']);
  });

  it('extends the grid before 1970', () => {
    expect(ids('1969-11-02', '1970-01-01T00:00:00.001Z')).toEqual(['1969-11-02..1970-01-01', '1970-01-01..1970-03-02']);
    expect(ids('1969-11-01T23:59:59.999Z', '1969-11-02')).toEqual(['1969-09-03..1969-11-02']);
  });

  it('spans leap days and year ends', () => {
    expect(ids('2024-02-29', '2024-03-01')).toEqual(['2024-01-18..2024-03-18']);
    expect(ids('2023-12-31', '2024-01-02')).toEqual(['2023-11-19..2024-01-18']);
  });

  it('omits the window that starts at the end of the range', () => {
    expect(ids('2024-05-17', '2024-07-16')).toEqual(['2024-05-17..2024-07-16']);
    expect(ids('2024-05-16T23:59:59.999Z', '2024-07-16T00:00:00.001Z')).toHaveLength(3);
  });

  it('supports one-day windows', () => {
    expect(ids('2024-02-28T12:00:00Z', '2024-03-01T00:00:00.001Z', 1)).toEqual([
      '2024-02-28..2024-02-29',
      '2024-02-29..2024-03-01',
      '2024-03-01..2024-03-02',
    ]);
  });

  it('supports windows longer than a year', () => {
    expect(ids('2024-06-01', '2024-06-02', 400)).toEqual(['2023-08-31..2024-10-04']);
  });

  it('returns none for an empty or reversed range', () => {
    expect(ids('2024-06-01', '2024-06-01')).toEqual([]);
    expect(ids('2024-06-02', '2024-06-01')).toEqual([]);
  });

  it('returns the fewest contiguous windows of equal length that cover the range', () => {
    fc.assert(
      fc.property(anyRange, anyWindowDays, (whole, windowDays) => {
        const windows = windowsOf(whole, windowDays);
        const [first, last] = [windows[0]!, windows.at(-1)!];
        expect(first.start <= whole.start && whole.start < first.end).toBe(true);
        expect(last.start < whole.end && whole.end <= last.end).toBe(true);
        for (const [index, window] of windows.entries()) {
          expect(window.end - window.start).toBe(windowDays * DAY_MS);
          expect(window.start).toBe(windows[index - 1]?.end ?? first.start);
        }
      }),
    );
  });

  it('assigns an instant to the same window whatever the range', () => {
    fc.assert(
      fc.property(anyRange, anyWindowDays, (whole, windowDays) => {
        for (const window of windowsOf(whole, windowDays)) {
          expect(windowAt(window.start, windowDays)).toEqual(window);
          expect(windowAt(window.end - 1, windowDays)).toEqual(window);
        }
      }),
    );
  });
});

describe('windowById', () => {
  it('finds every window by its id', () => {
    fc.assert(
      fc.property(anyMs, anyWindowDays, (at, windowDays) => {
        const window = windowAt(at, windowDays);
        expect(windowById(window.id, windowDays)).toEqual(window);
      }),
    );
  });

  it.each([
    '',
    '2024-05-17',
    '2024-05-17..',
    '2024-5-17..2024-7-16',
    '2024-05-17 .. 2024-07-16',
    '2024-13-01..2024-14-01',
  ])('rejects the malformed id %j', (id) => {
    const message = expect.stringMatching(/ is not a window id\. .*1970-01-01\.\.1970-03-02/);
    expect(() => windowById(id, 60)).toThrow(expect.objectContaining({ code: 'input-invalid', message }));
  });

  it.each([
    ['off the grid', '2024-05-10..2024-07-09', '2024-03-18..2024-05-17'],
    ['of another length', '2024-05-17..2024-07-15', '2024-05-17..2024-07-16'],
    ['that ends before it starts', '2024-05-17..2024-03-18', '2024-05-17..2024-07-16'],
    ['that starts on an impossible date', '2024-02-30..2024-04-30', '2024-01-18..2024-03-18'],
  ])('rejects a window %s and names the actual one', (_, id, accepted) => {
    expect(() => windowById(id, 60)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    expect(() => windowById(id, 60)).toThrow(id);
    expect(() => windowById(id, 60)).toThrow(accepted);
    expect(windowById(accepted, 60).id).toBe(accepted);
  });

  it('rejects a window of another window-days', () => {
    const start = ms('1970-01-01');
    expect(() => windowById(windowAt(start, 30).id, 60)).toThrow('not a window on the 60-day grid');
  });
});
