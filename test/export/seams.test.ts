import { describe, expect, it } from 'vitest';
import { exportLeg } from '../../src/commands/export.ts';
import { plan } from '../../src/commands/plan.ts';
import { report } from '../../src/commands/report.ts';
import { UserError } from '../../src/errors.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotAt, slotsIn } from '../../src/windows/slot.ts';
import { plainSettings, runAll } from '../support/embedded.ts';
import { type Held, ModelSource, Truth, tell } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
/** Two windows, so that the seam between them is one of two legs. */
const range: Interval = { start: Date.parse('2024-01-18'), end: Date.parse('2024-05-17') };
const border = Date.parse('2024-03-18');
const [before, after] = [slotAt(border - 1, plainSettings.layout), slotAt(border, plainSettings.layout)];
const { newParts, scan } = useEmbedded(now);

/** A source that returns some messages for a time other than their own. */
function filing(...misfiled: { readonly id: string; readonly at: number; readonly under: number }[]): ModelSource {
  const truth = new Truth();
  for (const { start } of slotsIn(range, plainSettings.layout))
    truth.put({ id: `m${start}`, at: start + DAY_MS, statuses: ['closed'] });
  for (const { id, at, under } of misfiled) file(truth, tell({ id, at, statuses: ['closed'] }), under);
  return new ModelSource(truth, scan());
}

function file(truth: Truth, held: Held, under: number): void {
  truth.putRaw(held.id, under, held.json);
}

const misfiled = (id: string) => ({ id, at: border - 1000, under: border + 5 * DAY_MS });
const scope = { range, refresh: false, scrubWindows: 0 };
const options = { ...scope, acceptFewer: false, timeBudgetMs: 1e9, dryRun: false };

describe('a message returned outside of its slot', () => {
  it.each([false, true])('is reported as missing, whichever leg comes first (later first: %s)', async (isLater) => {
    const embedded = await newParts();
    const source = filing(misfiled('x'));
    const sources = { live: source, settled: source };
    const made = await plan(embedded.parts, sources, scope);
    for (const leg of isLater ? made.legs.toReversed() : made.legs) {
      await exportLeg(embedded.parts, sources, leg, options);
      embedded.clock.now += 1000;
    }
    for (let time = 0; time < 2; time += 1) {
      const { survey } = await report(embedded.parts, made.output);
      expect(survey.faults.map(({ kind, details }) => [kind, details])).toEqual([
        ['unowned', ['"x" of 2024-03-17T23:59:59.000Z, returned for 2024-03-18 to 2024-03-31']],
      ]);
    }
  });

  it('has its slot re-read exactly once', async () => {
    const embedded = await newParts();
    const source = filing(misfiled('x'));
    await runAll(embedded.parts, source, range);
    const record = async () => (await embedded.parts.staging.slot(before)).record;
    const { record: met } = await embedded.parts.staging.slot(after);
    expect(met!.unowned).toMatchObject({ count: 1, messages: [{ message_id: 'x' }] });

    // Returned again, by a read after that of its own slot.
    embedded.clock.now += DAY_MS;
    await embedded.parts.staging.record({ ...met!, revision: 2, unowned: { count: 1, messages: [seenNow()] } }, 1);
    const { tally } = await runAll(embedded.parts, source, range);
    expect(tally.done.map(({ slot }) => slot.id)).toEqual([before.id]);
    embedded.clock.now += DAY_MS;
    const { tally: again, report: last } = await runAll(embedded.parts, source, range);
    expect([again.done, last.isComplete]).toEqual([[], false]);
    expect((await record())!.read_at).toBe('2024-09-02T00:00:00.000Z');

    file(source.truth, source.truth.held.get('x')!, border - 1000);
    expect((await runAll(embedded.parts, source, range, { refresh: true })).report.isComplete).toBe(true);
    expect((await embedded.parts.staging.slot(after)).record).not.toHaveProperty('unowned');

    function seenNow() {
      return { ...met!.unowned!.messages[0]!, seen_at: new Date(embedded.clock.now - 1).toISOString() };
    }
  });

  it('is ignored if its own slot was never read', async () => {
    const embedded = await newParts();
    const source = filing({ id: 'x', at: range.start - DAY_MS, under: range.start + DAY_MS });
    const { report: made } = await runAll(embedded.parts, source, range);
    expect(made.isComplete).toBe(true);
  });

  it('is no fault if it was added to a live slot after its read', async () => {
    const embedded = await newParts({ recentDays: 200 });
    const source = filing();
    const { before: _, ...manners } = source.manners;
    source.manners = {
      ...manners,
      before: ({ start }) => {
        embedded.clock.now += 1;
        if (start === after.start) source.truth.put({ id: 'x', at: border - 1000, statuses: ['closed'] });
      },
    };
    const { report: made } = await runAll(embedded.parts, source, range);
    expect(made.isComplete).toBe(true);
    embedded.clock.now += 1;
    const { tally } = await runAll(embedded.parts, source, range);
    expect(tally.done.reduce((sum, { added }) => sum + added, 0)).toBe(1);
    expect((await embedded.parts.staging.slot(after)).record).not.toHaveProperty('unowned');
  });

  it('is one of a bounded number in the ledger and the report', async () => {
    const embedded = await newParts();
    const many = Array.from({ length: 1_000 }, (_, n) => misfiled(`${'x'.repeat(100)}${n}`));
    const { report: made } = await runAll(embedded.parts, filing(...many), range);
    const { record } = await embedded.parts.staging.slot(after);
    expect(JSON.stringify(record!.unowned).length).toBeLessThan(20_000);
    expect(record!.unowned!.messages.length).toBeGreaterThan(50);
    expect(made.isComplete).toBe(false);
    expect(made.problems.join('').length).toBeLessThan(5_000);
  });

  it('is not checked if the object of its slot cannot be read, with a warning', async () => {
    const embedded = await newParts();
    const source = filing(misfiled('x'));
    await runAll(embedded.parts, source, range);
    const parts = { ...embedded.parts, archive: unreadable(embedded.parts.archive) };
    embedded.said.warnings.length = 0;
    const made = await report(parts, { planned_at: '2024-09-01T00:00:00.000Z', slots: [] });
    expect(made.survey.faults).toEqual([]);
    expect((await report(embedded.parts, { planned_at: '', slots: [] })).survey.faults).toHaveLength(1);
    expect(embedded.said.warnings.join('\n')).toContain(`Slot ${before.id} was not checked`);
  });
});

function unreadable<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get(target, name) {
      if (name === 'open')
        return () => Promise.reject(new UserError('archive-unavailable', 'The archive cannot be read.'));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
