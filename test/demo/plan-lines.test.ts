import { expect, it } from 'vitest';
import { planLines } from '../../demo/plan-lines.ts';

it('prints one line per action and reason, most frequent first', () => {
  const slots = [
    ['a', 'read', 'live'] as const,
    ...Array.from({ length: 10 }, () => ['b', 're-check', 'new'] as const),
  ];
  expect(planLines({ slots })).toEqual([
    '10 × re-check  new   never read before',
    ' 1 × read      live  alerts may still change',
  ]);
  expect(planLines({ slots: [] })).toEqual([]);
});

it('prints a reason that it does not know without an explanation', () => {
  const slots = [['a', 'read', 'whim']] as unknown as Parameters<typeof planLines>[0]['slots'];
  expect(planLines({ slots })).toEqual(['1 × read  whim']);
});
