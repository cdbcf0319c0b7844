import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoText, parseInstant } from '../../../demo/source/instant.ts';

const LEAST_MS = Date.parse('0000-01-01T00:00:00Z');
const MOST_MS = Date.parse('9999-12-31T23:59:59.999Z');

test('formats an instant like toISOString, and parses it', () => {
  fc.assert(
    fc.property(fc.integer({ min: LEAST_MS, max: MOST_MS }), (ms) => {
      expect(isoText(ms)).toBe(new Date(ms).toISOString());
      expect(parseInstant(isoText(ms))).toBe(ms);
    }),
  );
});

test.each([
  ['2024-06-01', '2024-06-01T00:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['2024-06-01T12:30Z', '2024-06-01T12:30:00.000Z'],
  ['2024-06-01T12:30:05', '2024-06-01T12:30:05.000Z'],
  ['2024-06-01T12:30:05.5+02:00', '2024-06-01T10:30:05.500Z'],
  ['2024-06-01T12:30:05.123999Z', '2024-06-01T12:30:05.123Z'],
  ['2024-06-01T23:30:00-05:00', '2024-06-02T04:30:00.000Z'],
])('reads %s', (text, expected) => {
  expect(new Date(parseInstant(text) as number).toISOString()).toBe(expected);
});

test.each([
  '',
  'yesterday',
  '2024-6-1',
  '2024-02-30',
  '2024-13-01',
  '2024-02-30T00:00:00Z',
  '2024-06-01T25:00:00Z',
  '1717200000000',
])('does not read %j', (text) => {
  expect(parseInstant(text)).toBeUndefined();
});
