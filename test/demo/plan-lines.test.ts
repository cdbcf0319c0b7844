import { expect, it } from 'vitest';
import { planLines } from '../../demo/plan-lines.ts';

it('tells a plan by action and reason, the most frequent first', () => {
  const slots = [
    ['a', 'read', 'live'] as const,
    ...Array.from({ length: 10 }, () => ['b', 're-check', 'pending'] as const),
  ];
  expect(planLines({ planned_at: '2026-01-01T00:00:00.000Z', slots })).toEqual([
    '10 × look again  pending    messages of theirs wait for their alerts',
    ' 1 × read        live       their alerts still move',
  ]);
  expect(planLines({ planned_at: '2026-01-01T00:00:00.000Z', slots: [] })).toEqual([]);
});
