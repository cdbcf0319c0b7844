import { afterAll, describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/archive/digest.ts';
import { objectPath } from '../../src/archive/layout.ts';
import { packShas } from '../../src/archive/rows.ts';
import { describeSchema, type Format } from '../../src/archive/schema.ts';
import { exportLeg } from '../../src/commands/export.ts';
import { plan, planOutputs } from '../../src/commands/plan.ts';
import { report } from '../../src/commands/report.ts';
import { verify } from '../../src/commands/verify.ts';
import type { Context } from '../../src/context.ts';
import type { LegResult } from '../../src/export/result.ts';
import { parsePlan } from '../../src/plan/codec.ts';
import { parseLeg } from '../../src/plan/legs.ts';
import { isLive, isSettled } from '../../src/plan/settled.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { type Slot, slotsIn } from '../../src/windows/slot.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import {
  type Embedded,
  embed,
  plainSettings,
  quarantineOf,
  runAll,
  type StoredRow,
  storedRows,
} from '../support/embedded.ts';
import { chance, type Happening, LifeModel } from '../support/life-model.ts';
import { plainShape } from '../support/messages.ts';
import { FindingSource, ModelSource } from '../support/model-source.ts';

/** Set LIFE_SEEDS to `from-to` for other seeds. */
const [firstSeed, lastSeed] = (process.env.LIFE_SEEDS ?? '1-3').split('-').map(Number) as [number, number];
const seeds = Array.from({ length: lastSeed - firstSeed + 1 }, (_, n) => firstSeed + n);

const start = Date.parse('2024-01-10');
const recentDays = 30;
const steps = 6;

const threads = new Threads(2);
afterAll(() => threads.close());

/** The result of one run. */
interface Ran {
  readonly parts: Context;
  readonly tallies: readonly { readonly tally: LegResult; readonly now: number }[];
  readonly isComplete: boolean;
}

describe('an archive over many runs', () => {
  it.each(seeds)('keeps every promise after every run (seed %d)', async (seed) => {
    const pick = chance(seed);
    const format = seed % 3 === 0 ? 'jsonl' : 'parquet';
    const embedded = await embed(threads, { now: start, recentDays, settings: { ...plainSettings, format } });
    const model = new LifeModel(plainSettings.layout, pick, format === 'jsonl');
    const sources = sourcesOf(model, pick(2) === 0, format);
    try {
      for (let step = 0; step < steps; step += 1) {
        const now = embedded.clock.now + (1 + pick(24)) * DAY_MS + pick(DAY_MS);
        model.live(start, embedded.clock.now, now);
        embedded.clock.now = now;
        const acceptFewer = pick(3) === 0;
        const refresh = pick(8) === 0;
        const again = await embedded.again();
        const ran = await (pick(2) === 0 ? runInOne : runInLegs)(again, sources, { acceptFewer, refresh });
        for (const { tally, now: at } of ran.tallies) expectResults(model, tally, at, acceptFewer);
        await audit(ran, model, embedded, again.clock.now);
        embedded.clock.now = again.clock.now;
        await again.close();
      }
      await expectCompleteInTheEnd(embedded, model, sources);
    } finally {
      await embedded.close();
    }
  });
});

function sourcesOf(model: LifeModel, canFind: boolean, format: Format) {
  const scan = pageScanner(threads, plainShape, format === 'jsonl');
  const live = new ModelSource(model.truth, scan);
  if (!canFind) return { live, settled: live };
  return { live, settled: new FindingSource(model.truth, scan, { name: 'elasticsearch', padMs: 0 }) };
}

type Options = { readonly acceptFewer: boolean; readonly refresh: boolean };

async function runInOne(
  { parts, clock }: Embedded,
  sources: ReturnType<typeof sourcesOf>,
  options: Options,
): Promise<Ran> {
  const range = { start, end: clock.now };
  const { tally, report: made } = await runAll(parts, sources, range, { ...options, scrubWindows: 1 });
  return { parts, tallies: [{ tally, now: clock.now }], isComplete: made.isComplete };
}

/** As on GitHub: a plan, a job for each leg some minutes later, in reverse order, one of them twice; then the report. */
async function runInLegs(
  { parts, clock }: Embedded,
  sources: ReturnType<typeof sourcesOf>,
  options: Options,
): Promise<Ran> {
  const scope = { range: { start, end: clock.now }, refresh: options.refresh, scrubWindows: 1 };
  const outputs = planOutputs(await plan(parts, sources, scope));
  const legs = (JSON.parse(outputs.matrix!) as unknown[]).reverse();
  const tallies = [];
  for (const leg of [...legs, ...legs.slice(0, 1)]) {
    clock.now += 60_000;
    const assignment = parseLeg(JSON.stringify(leg), plainSettings.layout.windowDays);
    const range = { start, end: clock.now };
    const own = { ...scope, range, acceptFewer: options.acceptFewer, timeBudgetMs: 1e9, dryRun: false };
    tallies.push({ tally: await exportLeg(parts, sources, assignment, own), now: clock.now });
  }
  const { isComplete } = await report(parts, parsePlan(outputs.plan!));
  return { parts, tallies, isComplete };
}

/** Tells the model what was read, and compares the run's results with the model's. */
function expectResults(model: LifeModel, tally: LegResult, now: number, acceptFewer: boolean): void {
  expect(tally.deferred).toEqual([]);
  for (const { slot, code } of tally.failed) {
    expect(code).toBe('slot-shrunk');
    expect(model.wouldShrink(slot, now) && !acceptFewer).toBe(true);
  }
  for (const { slot, record, added, staged } of tally.done) {
    const isFull = record.read_at === instant(now);
    expect(isFull || record.rechecked_at === instant(now)).toBe(true);
    if (isFull) expect(model.wouldShrink(slot, now) && !acceptFewer).toBe(false);
    const happened: Happening = isFull ? model.readWhole(slot, now) : model.recheck(slot);
    expect({ slot: slot.id, added, staged }).toEqual({ slot: slot.id, added: happened.added, staged: happened.staged });
    expect(record.counts).toEqual(happened.counts);
    if (isFull) expect(record.cases).toEqual({ ...happened.cases, conflicting: 0 });
    expect(record.last_error).toBeUndefined();
  }
}

/** Compares archive, ledger and staging with the model. */
async function audit(ran: Ran, model: LifeModel, { folder }: Embedded, now: number): Promise<void> {
  const { parts } = ran;
  const { ledger, staged } = await parts.staging.state();
  const versions = new Map((await parts.archive.list()).map(({ path, version }) => [path, version]));
  expect(versions.size).toBe([...model.archived.values()].filter((rows) => rows.size > 0).length);
  const records = new Map(ledger.map((record) => [record.slot, record]));
  let failed = 0;
  for (const slot of slotsIn({ start, end: now }, plainSettings.layout)) {
    const record = records.get(slot.id)!;
    if (record.last_error !== undefined) failed += 1;
    else expect(isLive(slot, now, recentDays) || isSettled(slot, record, now, recentDays)).toBe(true);
    const stored = await rowsAt(parts, slot, record.version);
    expect(stored.map(({ id, payload }) => [id, payload])).toEqual(model.rowsOf(slot));
    for (const row of stored) expect(model.wasClosed(row.id, row.payload)).toBe(true);
    expect(staged.filter((message) => message.slot === slot.id).map(({ message_id }) => message_id)).toEqual(
      model.stagedOf(slot),
    );
    if (record.counts === undefined) continue;
    const { read, closed, open, unalerted, invalid, duplicates } = record.counts;
    expect(closed + open + unalerted + invalid + duplicates).toBe(read);
    expect(Math.min(closed, open)).toBeGreaterThanOrEqual(0);
    expect(record.rows).toBe(stored.length);
    expect(record.version).toBe(versions.get(objectPath(slot, parts.settings.format)));
    const shas = packShas(stored.map(({ sha }) => sha));
    const digest = contentDigest(describeSchema({ columns: [] }), { ids: stored.map(({ id }) => id), shas });
    expect(record.digest).toBe(stored.length === 0 ? undefined : digest);
    const quarantined = (await quarantineOf({ folder }, slot)).map((line) => line.payload_sha256);
    expect(quarantined).toEqual(expect.arrayContaining(model.quarantinedOf(slot)));
  }
  expect(ran.isComplete).toBe(failed === 0);
}

const known = new Map<string, StoredRow[]>();

/** An object's rows; each version is read once, since most objects do not change. */
async function rowsAt(parts: Context, slot: Slot, version: string | undefined): Promise<StoredRow[]> {
  const key = `${parts.staging.url} ${slot.id} ${version}`;
  const rows = known.get(key) ?? (await storedRows(parts, slot));
  known.set(key, rows);
  return rows;
}

/** When the source is idle, one full read archives every closed message, and the next run changes nothing. */
async function expectCompleteInTheEnd(
  embedded: Embedded,
  model: LifeModel,
  sources: ReturnType<typeof sourcesOf>,
): Promise<void> {
  embedded.clock.now += DAY_MS;
  const options = { acceptFewer: true, refresh: true };
  const ran = await runInOne(embedded, sources, options);
  for (const { tally, now } of ran.tallies) expectResults(model, tally, now, true);
  await audit(ran, model, embedded, embedded.clock.now);
  for (const held of model.closedNow())
    expect(model.archived.get(held.slot)?.get(held.id), held.id).toSatisfy((json: string) =>
      model.sameContent(json, held.json),
    );
  expect((await verify(embedded.parts)).differences).toEqual([]);
  embedded.clock.now += 1000;
  const second = await runAll(embedded.parts, sources, { start, end: embedded.clock.now }, { refresh: true });
  expect(second.tally.done.filter(({ isWritten }) => isWritten)).toEqual([]);
}
