import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord, StagedMessage } from '../../src/archive/ledger.ts';
import { type Report, report } from '../../src/commands/report.ts';
import { packed, parsePlan } from '../../src/plan/codec.ts';
import type { PlanOutput } from '../../src/plan/decide.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { type Slot, slotsIn } from '../../src/windows/slot.ts';
import { type Embedded, plainSettings } from '../support/embedded.ts';
import { useEmbedded } from '../support/use-embedded.ts';
import { range } from '../windows/arbitraries.ts';
import { record } from '../windows/facts.ts';

const now = Date.parse('2025-01-10');
const planned_at = instant(now - 1000);
const run = { id: '7', url: 'https://example.com/runs/7' };
const { newParts } = useEmbedded(now);

const slots = slotsIn(range('2024-01-18', '2024-07-16'), plainSettings.layout);
const counts = (read: number) => ({ read, closed: read, open: 0, unalerted: 2, invalid: 1, duplicates: 0 });

function recordOf(slot: Slot, changes: Partial<LedgerRecord> = {}): LedgerRecord {
  return record(slot.id, { read_at: instant(now), counts: counts(1000), rows: 1500, ...changes });
}

function stagedOf(slot: Slot, id: string, ageDays: number): StagedMessage {
  const at = now - ageDays * DAY_MS;
  return {
    slot: slot.id,
    message_id: id,
    timestamp: String(BigInt(at) * 1000n),
    open_alerts: ['x'],
    open_alert_count: 1,
    reason: 'open',
    first_seen: instant(at),
    read_at: instant(at),
    checks: 1,
  };
}

interface Reported {
  readonly made: Report;
  readonly embedded: Embedded;
  readonly ledger: Record<string, unknown>;
}

async function reportOn(
  records: readonly LedgerRecord[],
  staged: readonly StagedMessage[] = [],
  planned: readonly Slot[] = slots,
): Promise<Reported> {
  const embedded = await newParts({ run });
  const { staging, archive } = embedded.parts;
  for (const one of records) await staging.record(one, 0);
  await staging.stage(staged);
  const made = await report(embedded.parts, planOf(planned));
  const text = await readFile(join(embedded.folder, 'archive', '_report', 'ledger.json'), 'utf8');
  expect(archive.url).toContain(embedded.folder);
  return { made, embedded, ledger: JSON.parse(text) as Record<string, unknown> };
}

function planOf(some: readonly Slot[]): PlanOutput {
  return { planned_at, slots: some.map(({ id }) => [id, 'read', 'live']) };
}

describe('report', () => {
  it('is complete if every planned slot was read since the plan was made', async () => {
    const { made, ledger, embedded } = await reportOn(slots.map((slot) => recordOf(slot)));
    expect(made.isComplete).toBe(true);
    expect(made.problems).toEqual([]);
    expect(made.outputs).toEqual({ complete: 'true', 'oldest-open': '' });
    expect(embedded.said.lines).toEqual(['The archive is complete.']);
    expect(ledger).toMatchObject({ archive: embedded.parts.archive.url, written_at: instant(now), complete: true });
    expect(ledger.ledger).toEqual(slots.map((slot) => recordOf(slot)));
  });

  it('writes a coverage page beside the ledger', async () => {
    const last_error = { at: instant(now), code: 'source-unavailable' as const, message: 'The <b>source</b> is down.' };
    const records = slots.map((slot, n) => recordOf(slot, n === 1 ? { last_error } : {}));
    const { embedded } = await reportOn(records, [stagedOf(slots[0]!, '<i>', 3)]);
    const page = await readFile(join(embedded.folder, 'archive', '_report', 'index.html'), 'utf8');
    expect(page).toContain('The &lt;b&gt;source&lt;/b&gt; is down.');
    expect(page).toContain('<code>&lt;i&gt;</code>');
    expect(page.match(/<tr id="slot-/g)).toHaveLength(slots.length);
  });

  it.each<[string, Partial<LedgerRecord> | undefined]>([
    ['was never read', undefined],
    ['was read before the plan', { read_at: instant(now - 1001) }],
    ['was only re-checked', { read_at: instant(now - 1001), rechecked_at: instant(now) }],
  ])('fails for a leg that ended early, and records it in the ledger, if a slot %s', async (_, changes) => {
    const [first, ...others] = slots;
    const records = others.map((slot) => recordOf(slot));
    if (changes !== undefined) records.push(recordOf(first!, changes));
    const { made, ledger, embedded } = await reportOn(records);
    expect(made.isComplete).toBe(false);
    expect(made.problems).toEqual([
      `The leg of window ${first!.window} ended before it processed 1 slot. See the log of its job, then re-run.`,
    ]);
    expect(made.outputs.complete).toBe('false');
    expect(made.code).toBe('archive-incomplete');
    expect(ledger.complete).toBe(false);
    const deferred = { at: instant(now), action: 'read', because: 'leg', run_url: run.url };
    expect(ledger.ledger).toContainEqual(expect.objectContaining({ slot: first!.id, deferred }));

    const { revision } = (await embedded.parts.staging.slot(first!)).record!;
    const again = await report(embedded.parts, planOf(slots));
    expect(again).toMatchObject({ problems: made.problems, isComplete: false });
    expect((await embedded.parts.staging.slot(first!)).record!.revision).toBe(revision);
    const other = await report(embedded.parts, planOf(others));
    expect(other).toMatchObject({ problems: [], isComplete: false });
  });

  it('has one problem for each window without a read slot', async () => {
    const { made, embedded } = await reportOn(slots.slice(3).map((slot) => recordOf(slot)));
    expect(made.problems).toEqual([
      `The leg of window ${slots[0]!.window} ended before it processed 3 slots. See the log of its job, then re-run.`,
    ]);
    expect(embedded.said.lines).toEqual([expect.stringMatching(/^The archive is incomplete\. /)]);
  });

  it('does not fail if only the time budget was spent', async () => {
    const deferred = { at: instant(now), action: 'read', because: 'time' } as const;
    const records = slots.map((slot, n) => recordOf(slot, n === 1 ? { read_at: instant(now - DAY_MS), deferred } : {}));
    const { made } = await reportOn(records);
    expect(made.isComplete).toBe(false);
    expect(made.problems).toEqual([]);
  });

  it('fails with the error of a failed slot', async () => {
    const last_error = {
      at: instant(now),
      code: 'source-unavailable' as const,
      message: 'The <b>source</b> is down.',
      run_url: run.url,
    };
    const records = slots.map((slot, n) => recordOf(slot, n === 1 ? { last_error } : {}));
    const { made } = await reportOn(records);
    expect(made.isComplete).toBe(false);
    expect(made.problems).toEqual([last_error.message]);
    expect(made.code).toBe('source-unavailable');
    expect(made.summary).toContain(`\`${last_error.message}\` \`[source-unavailable]\` ([run](${run.url}))`);
  });

  it('is incomplete, but does not fail, for an error of an earlier plan', async () => {
    const last_error = {
      at: instant(now - DAY_MS),
      code: 'source-unavailable' as const,
      message: 'The source was down.',
    };
    const records = slots.map((slot, n) => recordOf(slot, n === 1 ? { last_error } : {}));
    const { made } = await reportOn(records, [], slots.slice(3));
    expect(made).toMatchObject({ isComplete: false, problems: [], outputs: { complete: 'false' } });
  });

  it('fails if no slot ever held a message', async () => {
    const records = slots.map((slot) =>
      recordOf(slot, { rows: 0, counts: { ...counts(0), unalerted: 0, invalid: 0 } }),
    );
    const { made, embedded } = await reportOn(records);
    expect(made.isComplete).toBe(false);
    expect(made.problems).toEqual([
      `No slot of ${embedded.parts.archive.url} ever held a message. Check the source's URL, its query and the JSON pointers.`,
    ]);
  });

  it.each<[string | undefined, string]>([
    ['The API responded 401. Check api-token.', 'The API responded 401. Check api-token.'],
    [
      undefined,
      'There is no plan. See the log of the job `plan`, then re-run. If that job succeeded, pass its output `plan` to the report.',
    ],
  ])('fails without a plan (%s), and leaves the ledger as it is', async (failure, problem) => {
    const embedded = await newParts({ run });
    for (const slot of slots) await embedded.parts.staging.record(recordOf(slot), 0);
    const made = await report(embedded.parts, { failure });
    expect(made).toMatchObject({ isComplete: false, problems: [problem], outputs: { complete: 'false' } });
    expect(made.code).toBe('plan-failed');
    expect((await embedded.parts.staging.state()).ledger).toEqual(slots.map((slot) => recordOf(slot)));
  });

  it('warns of an empty slot between non-empty ones, but not at the ends', async () => {
    const empty = { counts: { ...counts(0), unalerted: 0, invalid: 0 } };
    const isEmpty = [0, 3, slots.length - 1];
    const { made, embedded } = await reportOn(slots.map((slot, n) => recordOf(slot, isEmpty.includes(n) ? empty : {})));
    expect(made.isComplete).toBe(true);
    expect(embedded.said.warnings).toEqual([expect.stringContaining('18 to 31 March 2024')]);
  });

  it('names the oldest pending message', async () => {
    const staged = [1, 8, 900, 31].map((age, n) => stagedOf(slots[n % 3]!, `m${n}`, age));
    const { made, ledger } = await reportOn(
      slots.map((slot) => recordOf(slot)),
      staged,
    );
    expect(made.isComplete).toBe(true);
    expect(made.outputs['oldest-open']).toBe(instant(now - 900 * DAY_MS));
    expect(made.summary).toContain('| 2 years 5 months | `m2` |');
    expect((ledger.staged as unknown[]).length).toBe(4);
  });
});

describe('parsePlan', () => {
  it('reads the output of plan', () => {
    const output: PlanOutput = {
      planned_at,
      slots: [
        ['a', 'read', 'live'],
        ['b', 're-check', 'pending'],
      ],
    };
    expect(parsePlan(packed(output))).toEqual(output);
    const span = { from: planned_at, to: planned_at };
    const named = { count: 21, named: [{ id: 'm1' }, { id: 'm2', shown: 'unalerted' as const }] };
    const found = { ...span, both: 7, lacking: [{ source: 'api' as const, ...named }], differing: named };
    for (const comparison of [found, { ...span, failure: 'x' }])
      expect(parsePlan(packed({ ...output, comparison }))).toEqual({ ...output, comparison });
  });

  it.each([
    '',
    '{',
    '{"planned_at":"x","slots":[]}',
    packed('{'),
    packed([]),
    packed({ planned_at: 1, slots: [] }),
    packed({ planned_at: 'x' }),
    packed({ planned_at: 'x', slots: [['a', 'none', 'up-to-date']] }),
  ])('refuses %s', (text) => {
    expect(() => parsePlan(text)).toThrow(expect.objectContaining({ code: 'plan-invalid' }));
  });
});
