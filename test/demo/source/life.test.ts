import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Life } from '../../../demo/source/life.ts';
import { isVisible, lifeOf, stateAt, statusAt, visibilityOf } from '../../../demo/source/life.ts';

const SENT_US = Date.parse('2024-01-01T00:00:00Z') * 1_000;
const LATER_MS = Date.parse('2034-01-01T00:00:00Z');
const COUNT = 4_000;
const many = (oddities: number): Life[] =>
  Array.from({ length: COUNT }, (_, index) => lifeOf(5, index, SENT_US, { oddities, deletions: oddities }));
const share = (lives: readonly Life[], holds: (life: Life) => boolean): number =>
  lives.filter(holds).length / lives.length;

test('a history is deterministic and includes the visibility', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.constantFrom(0, 1, 20), (seed, index, oddities) => {
      const life = lifeOf(seed, index, SENT_US, { oddities, deletions: oddities });
      expect(lifeOf(seed, index, SENT_US, { oddities, deletions: oddities })).toEqual(life);
      expect(life).toMatchObject(visibilityOf(seed, index, SENT_US, { oddities, deletions: oddities }));
    }),
  );
});

test('alerts open after the message arrived, change in chronological order, and have distinct ids', () => {
  for (const life of many(20).slice(0, 500)) {
    expect(life.arrival).toBeGreaterThanOrEqual(SENT_US / 1_000);
    expect(life.gone).toBeGreaterThan(life.arrival);
    expect(life.amended).toBeGreaterThan(life.arrival);
    expect(new Set(life.alerts.map(({ id }) => id)).size).toBe(life.alerts.length);
    for (const { changes } of life.alerts) {
      const instants = changes.map(({ at }) => at);
      expect(instants[0]).toBeGreaterThan(life.arrival);
      expect(instants.toSorted((a, b) => a - b)).toEqual(instants);
    }
  }
});

test('the state follows from the changes up to an instant', () => {
  for (const life of many(1).slice(0, 500)) {
    const instants = life.alerts.flatMap(({ changes }) => changes.map(({ at }) => at)).sort((a, b) => a - b);
    instants.forEach((at, place) => {
      const next = instants[place + 1] ?? LATER_MS;
      expect(stateAt(life, next - 1)).toBe(stateAt(life, at));
    });
    for (const alert of life.alerts) {
      const opened = alert.changes[0]?.at as number;
      expect(statusAt(alert, opened - 1)).toBeUndefined();
      expect(statusAt(alert, opened)).toBe(alert.changes[0]);
      expect(statusAt(alert, Infinity)).toBe(alert.changes.at(-1));
    }
  }
});

test('most messages end closed, some stay open, some never have an alert', () => {
  const lives = many(1);
  expect(share(lives, ({ alerts }) => alerts.length === 0)).toBeCloseTo(0.12, 1);
  expect(share(lives, ({ alerts }) => alerts.length >= 1 && alerts.length <= 3)).toBeGreaterThan(0.75);
  expect(share(lives, (life) => stateAt(life, LATER_MS) === 'closed')).toBeGreaterThan(0.8);
  expect(share(lives, (life) => stateAt(life, LATER_MS) === 'open')).toBeGreaterThan(0.002);
  const reopened = ({ alerts }: Life) =>
    alerts.some(({ changes }) => changes.filter(({ status }) => status === 'open').length > 1);
  expect(share(lives, reopened)).toBeGreaterThan(0.01);
});

test('odd messages occur at the given frequency', () => {
  const odd: ((life: Life) => boolean)[] = [
    ({ arrival }) => arrival > SENT_US / 1_000,
    ({ gone }) => gone !== Infinity,
    ({ amended }) => amended !== Infinity,
    ({ flaw }) => flaw !== undefined,
    ({ alerts }) => alerts.some(({ changes }) => changes.some(({ status }) => status === undefined)),
  ];
  const [none, some, lots] = [many(0), many(1), many(20)];
  for (const holds of odd) {
    expect(share(none, holds)).toBe(0);
    expect(share(some, holds)).toBeGreaterThan(0);
    expect(share(lots, holds)).toBeGreaterThan(share(some, holds) * 5);
  }
  expect(new Set(lots.map(({ flaw }) => flaw)).size).toBe(5);
});

test('a message is visible from its arrival until its deletion', () => {
  const visibility = { arrival: 10, gone: 20 };
  expect([9, 10, 19, 20].map((asOf) => isVisible(visibility, asOf))).toEqual([false, true, true, false]);
});
