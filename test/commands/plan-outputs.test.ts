import { expect, test } from 'vitest';
import { planOutputs } from '../../src/commands/plan.ts';
import { instant } from '../../src/windows/interval.ts';
import { legs, legsMax } from '../../src/windows/legs.ts';
import type { PlannedSlot, PlanOutput } from '../../src/windows/planner.ts';
import { slotsIn } from '../../src/windows/slots.ts';
import { range } from '../windows/arbitraries.ts';
import { settledFacts } from '../windows/facts.ts';

/** What Linux takes for one variable, which an input becomes. */
const variableBytesMax = 128 * 1024;
/** What GitHub takes for the outputs of one job, two bytes a character. */
const outputsBytesMax = 1024 * 1024;

test('the outputs of seven years by day, with something to do in every slot, stay far below what GitHub and Linux take', () => {
  const layout = { windowDays: 1, partitionBy: 'day' } as const;
  const facts = settledFacts({ layout, range: range('2018-01-01', '2025-01-01') });
  const kinds = [
    ['read', 'audit'],
    ['look-again', 'staged'],
    ['read', 'scrub'],
  ] as const;
  const slots = slotsIn(facts.range, layout).map((slot, n): PlannedSlot => {
    const [action, reason] = kinds[(n * n) % kinds.length]!;
    return { slot, action, reason, source: 'api', staged: 1 };
  });
  const output: PlanOutput = {
    planned_at: instant(facts.now),
    slots: slots.flatMap(({ slot, action, reason }) => (action === 'none' ? [] : [[slot.id, action, reason] as const])),
  };
  const outputs = planOutputs({ facts, slots, legs: legs(slots, facts), output });
  expect([slots.length, outputs.count]).toEqual([2557, String(legsMax)]);
  expect(outputs.plan!.length).toBeLessThan(variableBytesMax / 4);
  expect(2 * Object.values(outputs).join('').length).toBeLessThan(outputsBytesMax / 2);
});
