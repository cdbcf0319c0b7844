import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../src/archive/comparison.ts';
import { plan } from '../../src/commands/plan.ts';
import { run } from '../../src/commands/run.ts';
import { UserError } from '../../src/errors.ts';
import { compareSources, overlapOf } from '../../src/reconcile/overlap.ts';
import type { Interval } from '../../src/windows/interval.ts';
import { FindingSource, ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01T12:00:00Z');
/** The live border is 3 July; the overlap of 7 days holds the border of two slots. */
const overlap: Interval = { start: Date.parse('2024-06-26'), end: Date.parse('2024-07-03') };
const range: Interval = { start: Date.parse('2024-06-01'), end: now };
const { newParts, scan } = useEmbedded(now);

/** `count` closed messages, spread over the overlap. */
function truthOf(count: number): Truth {
  const truth = new Truth();
  const stepMs = (overlap.end - overlap.start) / count;
  for (let n = 0; n < count; n += 1)
    truth.put({ id: `m${n}`, at: overlap.start + Math.floor(n * stepMs), statuses: ['closed'] });
  return truth;
}

/** The size of the large comparison. Set OVERLAP_MESSAGES for more. */
const many = Number(process.env.OVERLAP_MESSAGES ?? 10_000);

function sourcesOf(live: Truth, settled: Truth, pageSize = 50) {
  return {
    live: new ModelSource(live, scan(), { pageSize }),
    settled: new FindingSource(settled, scan(), { name: 'elasticsearch', padMs: 0, pageSize, deliversOnce: true }),
  };
}

async function compare(live: Truth, settled: Truth, days = 7) {
  const embedded = await newParts();
  const found = await compareSources(embedded.parts, sourcesOf(live, settled), range, days);
  return { ...embedded, found: found as Extract<Comparison, { both: number }> };
}

describe('compareSources', () => {
  it(`names the one message that either side lacks among ${many}`, { timeout: 120_000 }, async () => {
    const [live, settled] = [truthOf(many), truthOf(many)];
    live.remove('m3141');
    settled.remove('m9265');
    const embedded = await newParts({ spoolBytes: 1024 * 1024 });
    const sources = sourcesOf(live, settled, 2_000);
    const found = await compareSources(embedded.parts, sources, range, 7);
    expect(found).toEqual({
      from: '2024-06-26T00:00:00.000Z',
      to: '2024-07-03T00:00:00.000Z',
      settled: 'elasticsearch',
      both: many - 2,
      lacking: [
        { source: 'api', count: 1, named: [{ id: 'm3141' }] },
        { source: 'elasticsearch', count: 1, named: [{ id: 'm9265' }] },
      ],
      differing: { count: 0, named: [] },
    });
    expect(embedded.said.warnings).toEqual(['"m3141"', '"m9265"'].map((id) => expect.stringContaining(id)));
  });

  it('names every message that either side lacks', async () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(ids, ids, async (fromLive, fromSettled) => {
        const [live, settled] = [truthOf(40), truthOf(40)];
        for (const n of fromLive) live.remove(`m${n}`);
        for (const n of fromSettled) settled.remove(`m${n}`);
        const { found } = await compare(live, settled);
        const only = (a: number[], b: number[]) => a.filter((n) => !b.includes(n)).length;
        const lacks = (name: string) => found.lacking.find(({ source }) => source === name)?.count ?? 0;
        expect([lacks('api'), lacks('elasticsearch')]).toEqual([
          only(fromLive, fromSettled),
          only(fromSettled, fromLive),
        ]);
        expect(found.both).toBe(40 - new Set([...fromLive, ...fromSettled]).size);
      }),
      { numRuns: 15 },
    );
  });

  it('ignores other formatting, and names different content of open and closed messages', async () => {
    const [live, settled] = [truthOf(10), truthOf(10)];
    for (const { id, at, json } of [...settled.held.values()])
      settled.putRaw(id, at, JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json)).reverse()), null, 2));
    settled.put({ id: 'm3', at: overlap.start + 1, statuses: ['closed'], text: 'amended' });
    live.put({ id: 'open', at: overlap.start, statuses: ['open'] });
    settled.put({ id: 'open', at: overlap.start, statuses: ['open', 'open'] });
    const { found, said } = await compare(live, settled);
    expect(found).toMatchObject({ both: 11, lacking: [], differing: { count: 2 } });
    expect(found.differing.named.map(({ id }) => id).sort()).toEqual(['m3', 'open']);
    expect(said.warnings).toEqual([expect.stringMatching(/"m3".*"open"|"open".*"m3"/)]);
  });

  it('notes messages that the other source returns without alerts or invalid', async () => {
    const [live, settled] = [truthOf(3), truthOf(3)];
    settled.put({ id: 'm1', at: overlap.start + 1, statuses: [] });
    live.putRaw('m2', overlap.start + 2, '{"message_id":"m2","timestamp":"2024-06-26T00:00:00Z","alerts":7}');
    const { found } = await compare(live, settled);
    expect(found.lacking).toEqual([
      { source: 'api', count: 1, named: [{ id: 'm2', shown: 'invalid' }] },
      { source: 'elasticsearch', count: 1, named: [{ id: 'm1', shown: 'unalerted' }] },
    ]);
  });

  it('ignores messages without alerts, and those outside of the overlap', async () => {
    const live = truthOf(3);
    live.put({ id: 'unalerted', at: overlap.start, statuses: [] });
    live.put({ id: 'before', at: overlap.start - 1, statuses: ['closed'] });
    live.put({ id: 'after', at: overlap.end, statuses: ['closed'] });
    const { found } = await compare(live, truthOf(3));
    expect(found).toMatchObject({ both: 3, lacking: [] });
  });

  it('names the first 20 of many, truncates long ids, and counts all', async () => {
    const live = truthOf(30);
    live.put({ id: 'x'.repeat(5_000), at: overlap.start, statuses: ['closed'] });
    const { found } = await compare(live, new Truth());
    expect(found.lacking[0]).toMatchObject({ count: 31 });
    expect(found.lacking[0]!.named).toHaveLength(20);
    expect(JSON.stringify(found).length).toBeLessThan(10_000);
  });

  it('compares only two sources, and only within the range', async () => {
    const embedded = await newParts();
    const sources = sourcesOf(truthOf(3), truthOf(3));
    const before = { start: 0, end: overlap.start };
    expect(await compareSources(embedded.parts, sources, before, 7)).toBeUndefined();
    expect(await compareSources(embedded.parts, sources, range, 0)).toBeUndefined();
    const one = { live: sources.live, settled: sources.live };
    expect(await compareSources(embedded.parts, one, range, 7)).toBeUndefined();
    expect(sources.live.passes).toEqual([]);
  });

  it.each([
    ['2024-09-01T12:00:00Z', 60, 7, '2024-06-26', '2024-07-03'],
    ['2024-09-01T00:00:00Z', 60, 7, '2024-06-26', '2024-07-03'],
    ['2024-09-01T12:00:00Z', 0, 1, '2024-08-31', '2024-09-01'],
  ])('covers, at %s with recent-days %i, the last %i settled days', (at, recentDays, days, from, to) => {
    const all = { start: 0, end: Date.parse(at) };
    expect(overlapOf(Date.parse(at), recentDays, days, all)).toEqual({ start: Date.parse(from), end: Date.parse(to) });
  });
});

describe('a run', () => {
  const scope = { range, refresh: false, scrubWindows: 0, overlapDays: 7 };
  const work = { acceptFewer: false, timeBudgetMs: 1e9, dryRun: false };

  it('is incomplete if one source lacks a message, which the report names', async () => {
    const [live, settled] = [truthOf(20), truthOf(20)];
    settled.remove('m7');
    const { parts } = await newParts();
    const { report, tally } = (await run(parts, sourcesOf(live, settled), scope, work))!;
    expect(tally!.failed).toEqual([]);
    expect(report.isComplete).toBe(false);
    expect(report.problems).toEqual([expect.stringContaining('"m7"')]);
    expect(report.code).toBe('source-lacking');
    expect(report.summary).toContain('`"m7"`');
  });

  it('continues with a warning if a source refuses to be compared', async () => {
    const { parts, said } = await newParts();
    const sources = sourcesOf(truthOf(20), truthOf(20));
    sources.live.manners = {
      ...sources.live.manners,
      before: ({ end }) => {
        if (end <= overlap.end) throw new UserError('source-refused', 'The API keeps no more than a month.');
      },
    };
    const made = await plan(parts, sources, scope);
    expect(made.output.comparison).toMatchObject({ failure: 'The API keeps no more than a month.' });
    expect(said.warnings).toEqual([
      'The sources were not compared from 2024-06-26 to 2024-07-02: The API keeps no more than a month.',
    ]);
  });
});
