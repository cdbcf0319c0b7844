import { expect, it } from 'vitest';
import { byAge } from '../../src/report/ages.ts';
import { now, stagedOf } from './surveys.ts';

it('byAge puts a message at a bound into the older group, and one from the future into the youngest', () => {
  const days = [-3, 0, 6.9, 7, 29.9, 30, 89, 90, 364, 365, 1_095, 1_096, 5_000];
  const staged = days.map((age) => stagedOf(String(age), age));
  expect(
    byAge(staged, now).map(({ name, messages }) => [name, messages.map(({ message_id }) => Number(message_id))]),
  ).toEqual([
    ['up to 7 days', [-3, 0, 6.9]],
    ['7 to 30 days', [7, 29.9]],
    ['30 to 90 days', [30, 89]],
    ['90 days to 1 year', [90, 364]],
    ['1 to 3 years', [365, 1_095]],
    ['over 3 years', [1_096, 5_000]],
  ]);
});

it('byAge returns every group if there are no messages', () => {
  expect(byAge([], now).map(({ messages }) => messages.length)).toEqual([0, 0, 0, 0, 0, 0]);
});
