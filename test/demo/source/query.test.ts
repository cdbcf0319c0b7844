import { expect, test } from 'vitest';
import type { SourceOptions } from '../../../demo/source/options.ts';
import { readOptions } from '../../../demo/source/options.ts';
import { readPageQuery, readTruthRange } from '../../../demo/source/query.ts';
import { Refusal } from '../../../demo/source/refusal.ts';

const NOW_MS = Date.parse('2024-09-01T00:00:00Z');
const read = (query: string, options: SourceOptions = {}) =>
  readPageQuery(new URLSearchParams(query), readOptions({ now: () => NOW_MS, ...options }));
const rangeOf = (query: string, options: SourceOptions = {}): string[] => {
  const { start, end } = read(query, options).range;
  return [new Date(start).toISOString(), new Date(end).toISOString()];
};

test.each<[string, string, SourceOptions, string, string]>([
  [
    'dates, the last one inclusive',
    'start_time=2024-06-01&end_time=2024-06-30',
    {},
    '2024-06-01T00:00:00.000Z',
    '2024-07-01T00:00:00.000Z',
  ],
  [
    'dates, the last one exclusive',
    'start_time=2024-06-01&end_time=2024-06-30',
    { endInclusive: false },
    '2024-06-01T00:00:00.000Z',
    '2024-06-30T00:00:00.000Z',
  ],
  [
    'dates of another place',
    'start_time=2024-06-01&end_time=2024-06-30',
    { dayOffsetMinutes: 120 },
    '2024-05-31T22:00:00.000Z',
    '2024-06-30T22:00:00.000Z',
  ],
  [
    'instants',
    'start_time=2024-06-01T00:00:00Z&end_time=2024-06-30T12:00:00Z',
    {},
    '2024-06-01T00:00:00.000Z',
    '2024-06-30T12:00:00.000Z',
  ],
  [
    'epoch ms',
    `start_time=${Date.UTC(2024, 5, 1)}&end_time=${Date.UTC(2024, 5, 2)}`,
    {},
    '2024-06-01T00:00:00.000Z',
    '2024-06-02T00:00:00.000Z',
  ],
  ['60 days', 'start_time=2024-05-10&end_time=2024-07-08', {}, '2024-05-10T00:00:00.000Z', '2024-07-09T00:00:00.000Z'],
])('reads a range of %s', (_name, query, options, start, end) => {
  expect(rangeOf(query, options)).toEqual([start, end]);
});

test('parses page and instant, and reduces the page size', () => {
  const range = 'start_time=2024-06-01&end_time=2024-06-01';
  expect(read(range)).toMatchObject({ pageSize: 100, pageNumber: 1, asOf: NOW_MS });
  expect(read(`${range}&status=all&page_size=500&page_number=7&as_of=2024-08-01`)).toMatchObject({
    pageSize: 500,
    pageNumber: 7,
    asOf: Date.parse('2024-08-01T00:00:00Z'),
  });
  expect(read(`${range}&page_size=500`, { pageSizeMax: 50 }).pageSize).toBe(50);
});

test.each([
  ['end_time=2024-06-01', 'start_time'],
  ['start_time=2024-06-01', 'end_time'],
  ['start_time=x&end_time=2024-06-01', 'start_time'],
  ['start_time=2024-06-03&end_time=2024-06-01', 'later'],
  ['start_time=2024-05-10&end_time=2024-07-09', '60 days'],
  ['start_time=2024-06-01&end_time=2024-06-01&page_size=0', 'page_size'],
  ['start_time=2024-06-01&end_time=2024-06-01&page_number=-1', 'page_number'],
  ['start_time=2024-06-01&end_time=2024-06-01&as_of=soon', 'as_of'],
  ['start_time=2024-06-01&end_time=2024-06-01&status=open', 'status'],
])('refuses %s', (query, reason) => {
  const refused = (() => {
    try {
      return read(query);
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(Refusal);
  expect(refused).toMatchObject({ status: 400, message: expect.stringContaining(reason) });
});

test('parses the range of a truth: both bounds or none', () => {
  expect(readTruthRange(new URLSearchParams())).toBeUndefined();
  expect(readTruthRange(new URLSearchParams('from=2024-06-01&to=2024-06-02T00:00:00Z'))).toEqual({
    start: Date.UTC(2024, 5, 1),
    end: Date.UTC(2024, 5, 2),
  });
  expect(() => readTruthRange(new URLSearchParams('from=2024-06-01'))).toThrow(Refusal);
});
