import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LostReading } from '../../src/io/ports.ts';
import { checkManifest, type Lookup } from '../../src/reconcile/manifest.ts';
import { manifestProblem } from '../../src/report/manifest.ts';
import { summarizeVerification } from '../../src/report/verification.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { type Embedded, filesBelow, runAll } from '../support/embedded.ts';
import { FindingSource, ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const range: Interval = { start: Date.parse('2024-04-01'), end: now };
const day = (n: number) => range.start + n * DAY_MS;
const { newParts, scan } = useEmbedded(now);

/** An archive of messages in every state, and one that was added after the run. */
async function archived(newSource: (truth: Truth) => ModelSource) {
  const truth = new Truth();
  truth.put({ id: 'closed', at: day(1), statuses: ['closed'] });
  truth.put({ id: 'open', at: day(2), statuses: ['open'] });
  truth.put({ id: 'unalerted', at: day(3), statuses: [] });
  truth.putRaw('invalid', day(4), '{"message_id":"invalid","timestamp":"2024-04-05T00:00:00Z","alerts":7}');
  const source = newSource(truth);
  const embedded = await newParts();
  await runAll(embedded.parts, source, range);
  truth.put({ id: 'since', at: day(150), statuses: ['closed'] });
  return { embedded, source, truth };
}

/** The size of the large manifest. Set MANIFEST_MESSAGES for more. */
const many = Number(process.env.MANIFEST_MESSAGES ?? 20_000);
const all = ['closed', 'open', 'unalerted', 'invalid', 'since', 'nobody'];

async function check({ parts, folder }: Embedded, ids: readonly string[], lookup?: Lookup) {
  const resultPath = join(folder, 'result.jsonl');
  async function* some() {
    yield ids.slice(0, 2);
    yield ids.slice(2);
  }
  const made = await checkManifest(parts, { path: 'ids.txt', ids: some(), resultPath }, lookup);
  const lines = (await readFile(resultPath, 'utf8')).trimEnd().split('\n');
  const states = Object.fromEntries(
    lines.map((line) => JSON.parse(line)).map(({ id, state }: { id: string; state: string }) => [id, state]),
  );
  return { made, states };
}

describe('checkManifest', () => {
  it('compares a manifest with archive, staging and ledger without a source', async () => {
    const { embedded } = await archived((truth) => new ModelSource(truth, scan()));
    const { made, states } = await check(embedded, all);
    expect(states).toEqual({
      closed: 'archived',
      open: 'pending',
      invalid: 'invalid',
      unalerted: 'unknown',
      since: 'unknown',
      nobody: 'unknown',
    });
    expect(made).toMatchObject({ unknown: ['nobody', 'since', 'unalerted'], notArchived: [], isAsked: false });
    expect(manifestProblem(made)).toContain('"nobody"');
    expect(await filesBelow(embedded.parts.temporary)).toEqual([]);
  });

  it.each<[string, (truth: Truth) => ModelSource]>([
    ['by ids', (truth) => new FindingSource(truth, scan(), { name: 'elasticsearch', deliversOnce: true, padMs: 0 })],
    ['by reading the range', (truth) => new ModelSource(truth, scan())],
  ])('looks up messages in a source, %s', async (_, newSource) => {
    const { embedded, source } = await archived(newSource);
    source.passes.length = 0;
    const { made, states } = await check(embedded, all, { sources: { live: source, settled: source }, range });
    expect(states).toEqual({
      closed: 'archived',
      open: 'pending',
      invalid: 'invalid',
      unalerted: 'unalerted',
      since: 'not archived',
      nobody: 'unknown',
    });
    expect(source.passes.length > 0).toBe(!(source instanceof FindingSource));
    expect(manifestProblem(made)).toMatch(/"nobody".*"since"/);
    const found = { archive: 'file:a', slots: 1, objects: 1, messages: 1, bytes: 1, differences: [] };
    expect(summarizeVerification(found, made)).toContain('- `nobody`');
  });

  it('finds no problem if every message is known, and reads nothing from a source then', async () => {
    const { embedded, source } = await archived((truth) => new ModelSource(truth, scan()));
    source.passes.length = 0;
    const sources = { live: source, settled: source };
    const { made } = await check(embedded, ['closed', 'open', 'closed'], { sources, range });
    expect(manifestProblem(made)).toBeUndefined();
    expect(made.counts).toMatchObject({ archived: 1, pending: 1, unknown: 0 });
    expect(source.passes).toEqual([]);
  });

  it('repeats a lost look-up', async () => {
    const { embedded, source } = await archived((truth) => new FindingSource(truth, scan()));
    const finding = source as FindingSource;
    const { find } = finding;
    let lost = 0;
    const losing = Object.assign(finding, {
      find: async (...parameters: Parameters<typeof find>) => {
        lost += 1;
        if (lost < 3) throw new LostReading('its point in time was lost');
        return find.call(finding, ...parameters);
      },
    });
    const { states } = await check(embedded, ['unalerted'], { sources: { live: losing, settled: losing }, range });
    expect(states).toEqual({ unalerted: 'unalerted' });
  });

  it(`finds each of ${many} messages, and names the first 50 unknown ones`, { timeout: 60_000 }, async () => {
    const { embedded } = await archived((truth) => new ModelSource(truth, scan()));
    const ids = Array.from({ length: many }, (_, n) => `m${String(n).padStart(6, '0')}`);
    const { made, states } = await check(embedded, [...ids, 'closed']);
    expect(made.counts).toMatchObject({ unknown: many, archived: 1 });
    expect(made.unknown).toEqual(ids.slice(0, 50));
    expect(Object.keys(states)).toHaveLength(many + 1);
    expect(states.closed).toBe('archived');
  });
});
