import { describe, expect, it } from 'vitest';
import { type Plan, plan, planOutputs } from '../../src/commands/plan.ts';
import { UserError } from '../../src/errors.ts';
import { type Archive, type Staging, Unavailable } from '../../src/io/ports.ts';
import type { PlannedSlot, PlanOutput } from '../../src/plan/decide.ts';
import { legs, legsMax } from '../../src/plan/legs.ts';
import { windowsOf } from '../../src/windows/grid.ts';
import { DAY_MS, type Interval, instant } from '../../src/windows/interval.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { runAll } from '../support/embedded.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';
import { range } from '../windows/arbitraries.ts';
import { settledFacts } from '../windows/facts.ts';

const windowDays = 60;
const now = Date.parse('2024-09-01');
const windows = 6;
const start = 300 * windowDays * DAY_MS;
const settled: Interval = { start, end: start + windows * windowDays * DAY_MS };
/** Linux's limit of an environment variable, which an input becomes. */
const variableBytesMax = 128 * 1024;
/** GitHub's limit of a job's outputs, at two bytes per character. */
const outputsBytesMax = 1024 * 1024;
const { newParts, scan } = useEmbedded(now);

/** The part, with calls of its methods recorded. */
function recorded<Part extends object>(part: Part, calls: string[]): Part {
  return new Proxy(part, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) => {
        calls.push(String(name));
        return value.apply(target, parameters);
      };
    },
  });
}

it('needs one listing of the archive and one query of the state if all slots are settled', async () => {
  const { parts } = await newParts();
  const truth = new Truth();
  for (const { id, start } of windowsOf(settled, windowDays)) truth.put({ id, at: start, statuses: ['closed'] });
  const source = new ModelSource(truth, scan());
  await runAll(parts, source, settled);
  const passes = source.passes.length;

  const [archived, staged]: [string[], string[]] = [[], []];
  const watched = {
    ...parts,
    archive: recorded<Archive>(parts.archive, archived),
    staging: recorded<Staging>(parts.staging, staged),
  };
  const scope = { range: settled, refresh: false, scrubWindows: 0 };
  const made: Plan = await plan(watched, { live: source, settled: source }, scope);

  expect(made.legs).toEqual([]);
  expect(new Set(made.slots.map(({ slot }) => slot.window)).size).toBe(windows);
  expect(archived).toEqual(['list']);
  expect(staged).toEqual(['state']);
  expect(source.passes.length).toBe(passes);
});

it('logs nothing of a plan that fails', async () => {
  const { parts, said } = await newParts();
  const source = new ModelSource(new Truth(), scan());
  const scope = { range: settled, refresh: false, scrubWindows: 0 };
  const archive = Object.assign(Object.create(parts.archive), { list: () => fails('The archive is down.') });
  await expect(plan({ ...parts, archive }, { live: source, settled: source }, scope)).rejects.toMatchObject({
    code: 'archive-unavailable',
  });
  expect(said.lines).toEqual([]);
});

describe('a failing audit', () => {
  const scope = { range: settled, refresh: false, scrubWindows: 1 };

  async function archived() {
    const embedded = await newParts();
    const truth = new Truth();
    for (const { id, start } of windowsOf(settled, windowDays)) truth.put({ id, at: start, statuses: ['closed'] });
    const source = new ModelSource(truth, scan());
    await runAll(embedded.parts, source, settled);
    embedded.said.warnings.length = 0;
    return { ...embedded, source };
  }

  it('is skipped with a warning if the source refuses to count', async () => {
    const { parts, said, source } = await archived();
    const refusing = Object.assign(source, {
      count: () => fails('No counts.'),
      strays: () => Promise.reject(new Unavailable('source-unavailable', 'No strays.')),
    });
    const made = await plan(parts, { live: new ModelSource(source.truth, scan()), settled: refusing }, scope);
    expect(said.warnings).toEqual([
      'No counts. The audit skipped 18 of 18 settled slots, since the source refused to count them.',
      'Only the source api can be read now: No strays.',
    ]);
    // Not scrubbed either: the source would refuse to return them too.
    expect(made.slots.every(({ action }) => action === 'none')).toBe(true);
  });

  it('covers the slots that the source still counts, the latest first', async () => {
    const { parts, said, source } = await archived();
    const horizon = settled.start + 3 * windowDays * DAY_MS;
    const counted: number[] = [];
    const { count } = source;
    const keeping = Object.assign(source, {
      count: async (slots: readonly Interval[]) => {
        if (slots.some((slot) => slot.start < horizon)) return fails('Only the last year is kept.');
        counted.push(...slots.map((slot) => slot.start));
        return count.call(source, slots);
      },
    });
    source.truth.put({ id: 'late', at: settled.end - DAY_MS, statuses: ['closed'] });
    const made = await plan(parts, { live: keeping, settled: keeping }, scope);
    expect(counted).toEqual(counted.toSorted((a, b) => b - a));
    expect(counted.at(-1)).toBe(horizon);
    const read = made.slots.filter(({ action }) => action === 'read');
    expect(read.map(({ reason }) => reason)).toContain('audit');
    expect(read.every(({ slot }) => slot.start >= horizon)).toBe(true);
    expect(said.warnings).toHaveLength(1);
  });

  it('does not prevent the scrub if the source is unavailable', async () => {
    const { parts, said, source } = await archived();
    const down = Object.assign(source, {
      count: () => Promise.reject(new Unavailable('source-unavailable', 'The source is down.')),
    });
    const made = await plan(parts, { live: down, settled: down }, scope);
    expect(made.slots.filter(({ reason }) => reason === 'scrub').length).toBeGreaterThan(0);
    expect(said.warnings).toEqual(['The source is down. The audit of settled slots was skipped.']);
  });

  it('fails the plan after an internal error', async () => {
    const { parts, source } = await archived();
    const broken = Object.assign(source, { count: () => Promise.reject(new TypeError('x')) });
    await expect(plan(parts, { live: broken, settled: broken }, scope)).rejects.toThrow(TypeError);
  });
});

async function fails(message: string): Promise<never> {
  throw new UserError('archive-unavailable', message);
}

it('stays far below the limits of GitHub and Linux for seven years by day with work in every slot', () => {
  const layout = { windowDays: 1, partitionBy: 'day' } as const;
  const facts = settledFacts({ layout, range: range('2018-01-01', '2025-01-01') });
  const kinds = [
    ['read', 'audit'],
    ['re-check', 'pending'],
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
