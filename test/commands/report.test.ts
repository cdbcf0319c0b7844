import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { LedgerRecord, StagedMessage } from '../../src/archive/ledger.ts';
import { packed } from '../../src/commands/packed.ts';
import type { PlanOutput } from '../../src/commands/plan.ts';
import { parsePlan, type Report, report } from '../../src/commands/report.ts';
import { UserError } from '../../src/errors.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { type Slot, slotsIn } from '../../src/windows/slots.ts';
import { Threads } from '../../src/worker/threads.ts';
import { type Embedded, embed, plainSettings } from '../support/embedded-parts.ts';
import { range } from '../windows/arbitraries.ts';
import { record } from '../windows/facts.ts';

const now = Date.parse('2025-01-10');
const planned_at = instant(now - 1000);
const threads = new Threads(1);
const opened: Embedded[] = [];
afterEach(async () => {
  for (const embedded of opened.splice(0)) await embedded.close();
});
afterAll(() => threads.close());

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

async function reportOn(
  records: readonly LedgerRecord[],
  staged: readonly StagedMessage[],
  planned: PlanOutput['slots'],
): Promise<{ made: Report; embedded: Embedded; ledger: Record<string, unknown> }> {
  const embedded = await embed(threads, { now });
  opened.push(embedded);
  const { staging, archive } = embedded.parts;
  for (const one of records) await staging.record(one, 0);
  await staging.stage(staged);
  const made = await report(embedded.parts, { planned_at, slots: planned });
  const text = await readFile(join(embedded.folder, 'archive', '_report', 'ledger.json'), 'utf8');
  expect(archive.url).toContain(embedded.folder);
  return { made, embedded, ledger: JSON.parse(text) as Record<string, unknown> };
}

const readAll = (some: readonly Slot[]): PlanOutput['slots'] => some.map(({ id }) => [id, 'read', 'live']);

describe('report', () => {
  it('calls the archive complete when every slot of the plan was read since the plan was made', async () => {
    const { made, ledger, embedded } = await reportOn(
      slots.map((slot) => recordOf(slot)),
      [],
      readAll(slots),
    );
    expect(made.isComplete).toBe(true);
    expect(made.problems).toEqual([]);
    expect(made.outputs).toEqual({ complete: 'true', 'oldest-open': '' });
    expect(made.summary).toContain('## Message Archive: ✅ complete');
    expect(made.summary).toContain('No message waits for its alerts.');
    expect(made.summary).toContain('| 2024-01-18..2024-03-18 | 4,500 | 0 | 6 | 3 | 3 | 3 kB → 300 B | 0.0 s |');
    expect(ledger).toMatchObject({ archive: embedded.parts.archive.url, written_at: instant(now), complete: true });
    expect(ledger.ledger).toEqual(slots.map((slot) => recordOf(slot)));
  });

  it.each<[string, Partial<LedgerRecord> | undefined]>([
    ['was never read', undefined],
    ['was read before the plan', { read_at: instant(now - 1001) }],
    ['was only looked at', { read_at: instant(now - 1001), looked_at: instant(now) }],
  ])('does not when one %s', async (_, changes) => {
    const [first, ...others] = slots;
    const records = others.map((slot) => recordOf(slot));
    if (changes !== undefined) records.push(recordOf(first!, changes));
    const { made, ledger } = await reportOn(records, [], readAll(slots));
    expect(made.isComplete).toBe(false);
    expect(made.problems).toEqual([]);
    expect(made.outputs.complete).toBe('false');
    expect(made.summary).toContain('❌ incomplete');
    expect(made.summary).toContain('- 1 slot of the plan was not read: run again, which goes on where this run ended.');
    expect(ledger.complete).toBe(false);
  });

  it('does not when one failed, and says why, as text', async () => {
    const last_error = { at: instant(now), message: 'The <b>source</b> is_down | see *x*.' };
    const records = slots.map((slot, n) => recordOf(slot, n === 1 ? { last_error } : {}));
    const { made } = await reportOn(records, [], readAll(slots));
    expect(made.isComplete).toBe(false);
    expect(made.problems).toEqual([last_error.message]);
    expect(made.summary).toContain('- The \\<b\\>source\\</b\\> is\\_down \\| see \\*x\\*.');
  });

  it('is red when no slot ever held a message', async () => {
    const records = slots.map((slot) => recordOf(slot, { counts: { ...counts(0), unalerted: 0, invalid: 0 } }));
    const { made, embedded } = await reportOn(records, [], readAll(slots));
    expect(made.isComplete).toBe(false);
    expect(made.problems).toEqual([
      `No slot of ${embedded.parts.archive.url} ever held a message: see that the source's address, query and JSON pointers are right.`,
    ]);
  });

  it('warns of an empty slot between filled ones, and of none at the ends', async () => {
    const empty = { counts: { ...counts(0), unalerted: 0, invalid: 0 } };
    const isEmpty = [0, 3, slots.length - 1];
    const records = slots.map((slot, n) => recordOf(slot, isEmpty.includes(n) ? empty : {}));
    const { made, embedded } = await reportOn(records, [], readAll(slots));
    expect(made.isComplete).toBe(true);
    expect(embedded.said.warnings).toEqual([expect.stringContaining(`Slot ${slots[3]!.id} (`)]);
  });

  it('tells how long messages wait, and of the oldest', async () => {
    const staged = [1, 8, 8, 31, 100, 400, 900].map((age, n) => stagedOf(slots[n % 3]!, `m${n}`, age));
    const { made, ledger } = await reportOn(
      slots.map((slot) => recordOf(slot)),
      staged,
      readAll(slots),
    );
    expect(made.isComplete).toBe(true);
    expect(made.outputs['oldest-open']).toBe(instant(now - 900 * DAY_MS));
    const table = made.summary.slice(made.summary.indexOf('| age of'));
    expect(table.trim().split('\n').slice(2)).toEqual([
      '| 0 to 7 days | 1 |',
      '| 7 to 30 days | 2 |',
      '| 30 to 90 days | 1 |',
      '| 90 to 365 days | 1 |',
      '| over 365 days | 2 |',
    ]);
    expect((ledger.staged as unknown[]).length).toBe(7);
  });

  it('keeps its summary far below 1 MiB for thousands of slots, all failed', async () => {
    const embedded = await embed(threads, {
      now,
      settings: { ...plainSettings, layout: { windowDays: 1, partitionBy: 'day' } },
    });
    opened.push(embedded);
    const many = slotsIn(range('2016-01-01', '2025-01-01'), embedded.parts.settings.layout);
    const last_error = { at: instant(now), message: `It failed: ${'x'.repeat(2000)}` };
    const records = many.map((slot) => recordOf(slot, { last_error }));
    const { state } = embedded.parts.staging;
    embedded.parts.staging.state = async () => ({ ...(await state.call(embedded.parts.staging)), ledger: records });
    const made = await report(embedded.parts, { planned_at, slots: readAll(many) });
    expect(made.problems.length).toBe(many.length);
    expect(Buffer.byteLength(made.summary)).toBeLessThan(256 * 1024);
    expect(made.summary).toContain(`- and 3,268 other slots failed; see \`_report/ledger.json\`.`);
    expect(made.summary).toContain('| earlier | ');
  });
});

describe('parsePlan', () => {
  it('reads what plan puts out', () => {
    const output: PlanOutput = {
      planned_at,
      slots: [
        ['a', 'read', 'live'],
        ['b', 'look-again', 'staged'],
      ],
    };
    expect(parsePlan(packed(output))).toEqual(output);
  });

  it.each([
    '',
    '{',
    '{"planned_at":"x","slots":[]}',
    packed('{'),
    packed([]),
    packed({ planned_at: 1, slots: [] }),
    packed({ planned_at: 'x' }),
    packed({ planned_at: 'x', slots: [['a', 'none', 'settled']] }),
  ])('refuses %s, naming the input', (text) => {
    expect(() => parsePlan(text)).toThrow(UserError);
    expect(() => parsePlan(text)).toThrow('The input plan is not what the command plan gives as its output plan');
  });
});
