import { describe, expect, it } from 'vitest';
import { assertNothingFailed, exportLeg } from '../../src/commands/export.ts';
import { plan } from '../../src/commands/plan.ts';
import { run } from '../../src/commands/run.ts';
import { UserError } from '../../src/errors.ts';
import { period } from '../../src/export/progress.ts';
import { outputsOf } from '../../src/export/result.ts';
import { Unavailable } from '../../src/io/ports.ts';
import { parseLeg } from '../../src/plan/legs.ts';
import { DAY_MS, type Interval, instant } from '../../src/windows/interval.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { around } from '../support/crashing.ts';
import { type Embedded, filesBelow, plainSettings, runAll } from '../support/embedded.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const range: Interval = { start: Date.parse('2024-01-18'), end: Date.parse('2024-05-17') };
const slots = slotsIn(range, plainSettings.layout);

const runUrl = 'https://example.com/runs/7';
const { newParts, scan } = useEmbedded(now);

/** One closed and one open message in each slot. */
function newSource(over: Interval = range): ModelSource {
  const truth = new Truth();
  for (const { start } of slotsIn(over, plainSettings.layout)) {
    truth.put({ id: `c${start}`, at: start, statuses: ['closed'] });
    truth.put({ id: `o${start}`, at: start + 1, statuses: ['open'] });
  }
  return new ModelSource(truth, scan());
}

describe('a slot that fails', () => {
  it('does not stop the others, is recorded, and fails the leg in the end', async () => {
    const embedded = await newParts();
    const source = newSource();
    const bad = slots[2]!;
    source.manners = {
      ...source.manners,
      before: ({ start }) => {
        if (start === bad.start) throw new UserError('source-unavailable', 'The source is down.');
      },
    };
    const { tally, report } = await runAll(embedded.parts, source, range);
    expect(tally.done.length).toBe(slots.length - 1);
    expect(tally.failed).toEqual([{ slot: bad, code: 'source-unavailable', message: 'The source is down.' }]);
    expect(outputsOf(tally).complete).toBe('false');
    expect(() => assertNothingFailed(tally)).toThrow(new UserError('source-unavailable', 'The source is down.'));
    expect(report).toMatchObject({ problems: ['The source is down.'], code: 'source-unavailable' });
    const { record } = await embedded.parts.staging.slot(bad);
    expect(record).toMatchObject({ rows: 0, last_error: { code: 'source-unavailable' } });
    expect(record?.read_at).toBeUndefined();

    embedded.clock.now += DAY_MS;
    source.passes.length = 0;
    source.manners = { ...source.manners, before: () => undefined };
    expect((await runAll(embedded.parts, source, range)).report.isComplete).toBe(true);
    expect((await embedded.parts.staging.slot(bad)).record?.last_error).toBeUndefined();
  });

  it('keeps the facts of its last successful read', async () => {
    const embedded = await newParts();
    const source = newSource();
    await runAll(embedded.parts, source, range);
    const before = (await embedded.parts.staging.slot(slots[0]!)).record!;
    source.manners = {
      ...source.manners,
      before: () => {
        throw new Error('unexpected');
      },
    };
    embedded.clock.now += DAY_MS;
    const { tally } = await runAll(embedded.parts, source, range, { refresh: true });
    expect(tally.failed[0]).toMatchObject({ code: 'internal-error' });
    const { record } = await embedded.parts.staging.slot(slots[0]!);
    expect(record).toEqual({
      ...before,
      revision: before.revision + 1,
      last_error: { at: '2024-09-02T00:00:00.000Z', code: 'internal-error', message: 'Error: unexpected' },
    });
    expect(() => assertNothingFailed(tally)).toThrow(`(${slots.length - 1} other slots failed too).`);
  });
});

describe('an unavailable source', () => {
  const years: Interval = { start: Date.parse('2022-09-20'), end: now };
  const down = 'The source was unreachable.';

  /** A source that is down for the slots started at the given positions. */
  function failingSource(name: 'api' | 'elasticsearch', isDown: (nth: number) => boolean): ModelSource {
    const source = newSource(years);
    let begun = 0;
    const before = () => {
      begun += 1;
      if (isDown(begun - 1)) throw new Unavailable('source-unavailable', down);
    };
    source.manners = { ...source.manners, name, before };
    return source;
  }

  it('is given up after three consecutive slots, while the other one continues; the next run makes up for it', async () => {
    const embedded = await newParts();
    const settled = failingSource('elasticsearch', (nth) => nth >= 5);
    const live = new ModelSource(settled.truth, scan());
    const all = slotsIn(years, plainSettings.layout);
    const { tally, report } = await runAll(embedded.parts, { live, settled }, years);
    // At most one more was in progress when the third failed.
    expect([3, 4]).toContain(tally.failed.length);
    expect(tally.done.filter(({ record }) => record.source === 'elasticsearch').length).toBe(5);
    const liveSlots = all.filter(({ end }) => end > now - 60 * DAY_MS);
    expect(tally.done.filter(({ record }) => record.source === 'api').length).toBe(liveSlots.length);
    expect(tally.deferred.length).toBe(all.length - 5 - liveSlots.length - tally.failed.length);
    expect(embedded.said.warnings).toContain(
      `Source unavailable for 3 consecutive slots: deferred the remaining ${tally.deferred.length}. Check the service, then re-run.`,
    );
    expect(outputsOf(tally).complete).toBe('false');
    expect(() => assertNothingFailed(tally)).toThrow('The source was unreachable');
    expect(report.isComplete).toBe(false);
    const { ledger } = await embedded.parts.staging.state();
    expect(ledger.flatMap(({ slot, deferred }) => (deferred?.because === 'source' ? [slot] : []))).toEqual(
      tally.deferred.map(({ slot }) => slot.id),
    );

    embedded.clock.now += 1000;
    settled.manners = { ...settled.manners, before: () => undefined };
    expect((await runAll(embedded.parts, { live, settled }, years)).report.isComplete).toBe(true);
  });

  it('is read on while slots in between succeed', async () => {
    const embedded = await newParts();
    const source = failingSource('api', (nth) => nth % 6 < 2);
    const { tally } = await runAll(embedded.parts, source, years);
    expect(tally.deferred).toEqual([]);
    expect(tally.failed.length).toBeGreaterThan(3);
  });
});

describe('a slot whose object cannot be made', () => {
  it('leaves no file of it behind', async () => {
    // The source reads these messages as closed, but the writer does not.
    const shape = { ...plainSettings.shape, closedStatuses: ['shut'] };
    const embedded = await newParts({ settings: { ...plainSettings, shape } });
    const { tally } = await runAll(embedded.parts, newSource(), slots[0]!);
    expect(tally.failed.map(({ message }) => message)).toEqual([
      expect.stringContaining('A row requires exactly one closed message'),
    ]);
    expect(await filesBelow(embedded.parts.archive.scratch)).toEqual(['lock.sqlite']);
  });
});

describe('the time budget', () => {
  const left = (action: string) => ({ at: instant(now), action, because: 'time', run_url: runUrl });

  /** Parts whose time passes only as slots are read, by a minute each. */
  function slowParts(embedded: Embedded, source: ModelSource) {
    let elapsed = 0;
    const before = () => {
      elapsed += 60_000;
    };
    source.manners = { ...source.manners, before };
    return { ...embedded.parts, elapsed: () => elapsed, run: { url: runUrl } };
  }

  it('ends the leg between slots, and the next run makes up for the deferred ones', async () => {
    const embedded = await newParts();
    const source = newSource();
    const parts = slowParts(embedded, source);
    const { tally, report } = await runAll(parts, source, range, { timeBudgetMs: 200_000 });
    expect(tally.failed).toEqual([]);
    // The two that started together took 120 s, so a third would have ended after 240 s.
    expect(tally.done.length).toBe(2);
    expect(tally.deferred.length).toBe(slots.length - 2);
    expect(outputsOf(tally).complete).toBe('false');
    expect(embedded.said.warnings).toEqual([
      `Time budget spent: deferred ${tally.deferred.length} slots, starting with ${period(tally.deferred[0]!.slot)}. The next run starts with them.`,
    ]);
    expect(report.isComplete).toBe(false);
    expect(report.problems).toEqual([]);
    const { ledger } = await embedded.parts.staging.state();
    expect(ledger.filter((record) => record.deferred !== undefined)).toMatchObject(
      tally.deferred.map(({ slot }) => ({ slot: slot.id, deferred: left('read') })),
    );

    embedded.clock.now += 1000;
    source.passes.length = 0;
    const second = await runAll(embedded.parts, source, range);
    expect(second.report.isComplete).toBe(true);
    const whole = source.passes.map(({ interval }) => interval).filter(({ start, end }) => end - start > 3 * DAY_MS);
    expect(whole.map(({ start }) => start).sort()).toEqual(tally.deferred.map(({ slot }) => slot.start));
    const after = await embedded.parts.staging.state();
    expect(after.ledger.filter((record) => record.deferred !== undefined)).toEqual([]);
  });

  it('defers no slot forever, however little one run can do', async () => {
    const embedded = await newParts();
    const source = newSource();
    await runAll(embedded.parts, source, range);
    for (let week = 0; week < 3; week += 1) {
      embedded.clock.now += 7 * DAY_MS;
      const { tally } = await runAll(slowParts(embedded, source), source, range, { timeBudgetMs: 200_000 });
      expect(tally.done.length).toBe(2);
    }
    const { ledger } = await embedded.parts.staging.state();
    const looked = ledger.map(({ rechecked_at }) => rechecked_at).sort();
    expect(new Set(looked).size).toBe(3);
    expect(looked).not.toContain(undefined);
  });

  it('lets runs without refresh complete a refresh', async () => {
    const embedded = await newParts();
    const source = newSource();
    await runAll(embedded.parts, source, range);
    embedded.clock.now += DAY_MS;
    const parts = slowParts(embedded, source);
    const first = await runAll(parts, source, range, { refresh: true, timeBudgetMs: 200_000 });
    expect(first.tally.deferred.length).toBe(slots.length - 2);

    embedded.clock.now += DAY_MS;
    source.truth.put({ id: 'late', at: slots[0]!.start + DAY_MS, statuses: ['open'] });
    const made = await plan(
      embedded.parts,
      { live: source, settled: source },
      { range, refresh: false, scrubWindows: 0 },
    );
    const deferredIds = new Set(first.tally.deferred.map(({ slot }) => slot.id));
    for (const [id, action, reason] of made.output.slots)
      expect([action, reason], id).toEqual(
        deferredIds.has(id) ? ['read', 'deferred'] : expect.not.arrayContaining(['deferred']),
      );
    expect((await runAll(embedded.parts, source, range)).report.isComplete).toBe(true);
  });

  it('defers re-checks to the next run', async () => {
    const embedded = await newParts();
    const source = newSource();
    await runAll(embedded.parts, source, range);
    embedded.clock.now += DAY_MS;
    const { tally, report } = await runAll(embedded.parts, source, range, { timeBudgetMs: -1 });
    expect(tally.deferred.length).toBe(slots.length);
    expect(report.isComplete).toBe(false);
    const { ledger } = await embedded.parts.staging.state();
    expect(ledger.every((record) => record.deferred?.action === 're-check')).toBe(true);
    embedded.clock.now += DAY_MS;
    const { tally: second } = await runAll(embedded.parts, source, range);
    expect(second.done.every(({ record }) => record.rechecked_at === instant(embedded.clock.now))).toBe(true);
  });

  it('counts from the start of the process', async () => {
    const embedded = await newParts();
    const source = newSource();
    const parts = slowParts(embedded, source);
    const late = { ...parts, elapsed: () => parts.elapsed() + 60_000 };
    expect((await runAll(late, source, range, { timeBudgetMs: 250_000 })).tally.done.length).toBe(2);
  });

  it('is compared with the longest slot so far, including failed ones', async () => {
    const embedded = await newParts();
    const source = newSource();
    const parts = slowParts(embedded, source);
    const { before } = source.manners;
    source.manners = {
      ...source.manners,
      before: (interval, attempt) => {
        before(interval, attempt);
        throw new UserError('source-unavailable', 'The source is down.');
      },
    };
    const { tally } = await runAll(parts, source, range, { timeBudgetMs: 200_000 });
    expect(tally.failed.length).toBe(2);
    expect(tally.deferred.length).toBe(slots.length - 2);
  });

  it('starts no slot once it is spent', async () => {
    const embedded = await newParts();
    const source = newSource();
    const { tally } = await runAll(embedded.parts, source, range, { timeBudgetMs: -1 });
    expect(source.passes).toEqual([]);
    expect(tally.deferred.map(({ slot }) => slot.id)).toEqual(slots.map(({ id }) => id));
  });
});

describe('outputsOf', () => {
  it('sums up the results', async () => {
    const embedded = await newParts();
    const { tally } = await runAll(embedded.parts, newSource(), range);
    expect(outputsOf(tally)).toEqual({
      archived: String(slots.length),
      open: String(slots.length),
      unalerted: '0',
      invalid: '0',
      'objects-written': String(slots.length),
      complete: 'true',
    });
    expect(embedded.said.lines).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^${slots.length} slots processed in 0\\.0 s: ${slots.length} messages archived, ${slots.length} pending, ${slots.length} objects written`,
        ),
      ),
    );
  });
});

describe('exportLeg', () => {
  const scope = { range, refresh: false, scrubWindows: 0 };
  const work = { acceptFewer: false, timeBudgetMs: 1e9, dryRun: false };
  const options = { ...scope, ...work };

  it('processes only its own windows', async () => {
    const embedded = await newParts();
    const source = newSource();
    const window = slots.at(-1)!.window;
    const assignment = parseLeg(window, 60);
    const tally = await exportLeg(embedded.parts, { live: source, settled: source }, assignment, options);
    expect(tally.done.map(({ slot }) => slot.window)).toEqual(
      slots.filter((slot) => slot.window === window).map(() => window),
    );
    expect(embedded.said.lines[0]).toBe(`Leg ${window}: ${tally.done.length} slots to process.`);
  });

  it('follows the current state, not the plan, when repeated', async () => {
    const embedded = await newParts();
    const source = newSource();
    const sources = { live: source, settled: source };
    const { legs } = await plan(embedded.parts, sources, scope);
    embedded.clock.now += 1000;
    await exportLeg(embedded.parts, sources, legs[0]!, options);
    source.passes.length = 0;
    source.manners = { ...source.manners, givesTotals: false };
    embedded.clock.now += 1000;
    const again = await exportLeg(embedded.parts, sources, legs[0]!, options);
    expect(again.done.every(({ record }) => record.rechecked_at === '2024-09-01T00:00:02.000Z')).toBe(true);
  });

  it('reads and writes nothing in a dry run', async () => {
    const embedded = await newParts();
    const source = newSource();
    const before = await filesBelow(embedded.folder);
    const sources = { live: source, settled: source };
    await exportLeg(embedded.parts, sources, parseLeg(slots[0]!.window, 60), { ...options, dryRun: true });
    expect(await run(embedded.parts, sources, scope, { ...work, dryRun: true })).toBeUndefined();
    expect(source.passes).toEqual([]);
    expect(await filesBelow(embedded.folder)).toEqual(before);
    expect((await embedded.parts.staging.state()).ledger).toEqual([]);
    expect(embedded.said.lines.join('\n')).toMatch(/read \d new \(API\)/);
  });
});

describe('a run whose plan fails', () => {
  const scope = { range, refresh: false, scrubWindows: 0 };
  const work = { acceptFewer: false, timeBudgetMs: 1e9 };

  it('is reported with the error', async () => {
    const embedded = await newParts();
    const source = newSource();
    await runAll(embedded.parts, source, range);
    const archive = around(embedded.parts.archive, async (method, call) => (method === 'list' ? fails() : call()));
    const parts = { ...embedded.parts, archive };
    const sources = { live: source, settled: source };
    const done = (await run(parts, sources, scope, { ...work, dryRun: false }))!;
    expect(done.tally).toBeUndefined();
    expect(done.report).toMatchObject({
      isComplete: false,
      problems: ['The archive is down.'],
      code: 'archive-unavailable',
    });
    await expect(run(parts, sources, scope, { ...work, dryRun: true })).rejects.toMatchObject({
      code: 'archive-unavailable',
    });
  });

  it('fails with the error of the plan if the report fails too', async () => {
    const embedded = await newParts();
    const source = newSource();
    const staging = Object.assign(Object.create(embedded.parts.staging), { state: fails });
    const done = run({ ...embedded.parts, staging }, { live: source, settled: source }, scope, {
      ...work,
      dryRun: false,
    });
    await expect(done).rejects.toMatchObject({ code: 'archive-unavailable' });
  });

  async function fails(): Promise<never> {
    throw new UserError('archive-unavailable', 'The archive is down.');
  }
});

describe('the plan', () => {
  it('logs totals, reasons and windows', async () => {
    const embedded = await newParts();
    const source = newSource();
    const sources = { live: source, settled: source };
    await runAll(embedded.parts, source, range);
    embedded.said.lines.length = 0;
    embedded.clock.now += DAY_MS;
    source.truth.put({ id: 'late', at: slots[0]!.start + 9 * DAY_MS, statuses: ['closed'] });
    const made = await plan(embedded.parts, sources, { range, refresh: false, scrubWindows: 0 });
    expect(made.output.planned_at).toBe('2024-09-02T00:00:00.000Z');
    expect(made.output.slots).toEqual(
      slots.map(({ id }, n) => (n === 0 ? [id, 'read', 'audit'] : [id, 're-check', 'pending'])),
    );
    const [first, second, third] = embedded.said.lines;
    expect(first).toBe(
      `Plan: ${slots.length} slots: 0 up to date, ${slots.length} to process (${slots.length - 1} re-check, 1 audit). ${slots.length} messages pending.`,
    );
    expect(second).toMatch(/^The archive holds .* kB, from .* kB of JSON\.$/);
    expect(third).toMatch(
      /^ {2}2024-01-18\.\.2024-03-18 {2}3 slots: read 1 audit; re-check 2 pending messages \(API, .* last time\)$/,
    );
    expect(embedded.said.lines.at(-1)).toBe('2 legs.');
  });

  it('logs that there is nothing to do', async () => {
    const embedded = await newParts();
    const source = newSource();
    for (const { start } of slots) source.truth.remove(`o${start}`);
    await runAll(embedded.parts, source, range);
    await plan(embedded.parts, { live: source, settled: source }, { range, refresh: false, scrubWindows: 0 });
    expect(embedded.said.lines.at(-1)).toBe('Nothing to do.');
  });

  it('is followed by a warning if a slot between non-empty ones is empty', async () => {
    const embedded = await newParts();
    const source = newSource();
    const gap = slots[2]!;
    source.truth.remove(`o${gap.start}`);
    source.truth.remove(`c${gap.start}`);
    const { report } = await runAll(embedded.parts, source, range);
    expect(report.isComplete).toBe(true);
    expect(embedded.said.warnings).toEqual([expect.stringContaining('1 to 17 March 2024')]);
  });
});
