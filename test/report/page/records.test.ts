import { describe, expect, it } from 'vitest';
import type { LedgerRecord, StagedMessage } from '../../../src/archive/ledger.ts';
import type { PlanOutput } from '../../../src/plan/decide.ts';
import { whys } from '../../../src/report/page/coverage.ts';
import type { Html } from '../../../src/report/page/html.ts';
import { records } from '../../../src/report/page/records.ts';
import { instant } from '../../../src/windows/interval.ts';
import { slotById } from '../../../src/windows/slot.ts';
import { completeArchive, coverageOf, daily, monthly, now, planOf, recordOf, stagedOf } from './archives.ts';
import { rowsOf, textOf } from './text.ts';

const slot = slotById('20210202T000000Z-20210301T000000Z', monthly);

function made(
  ledger: readonly LedgerRecord[],
  planned: PlanOutput['slots'],
  staged: readonly StagedMessage[] = [],
): Html {
  return records(coverageOf(completeArchive(monthly, { ledger, planned, staged })), 'parquet');
}

/** Returns the cells that are not empty. */
function filledCells(ledger: readonly LedgerRecord[], planned: PlanOutput['slots']): string[][] {
  return rowsOf(made(ledger, planned)).map((cells) => cells.filter((cell) => cell !== ''));
}

/** Returns the cells of the slot by column name. */
function cellsOf(changes: Partial<LedgerRecord>, pending = 0): Record<string, string> {
  const staged = Array.from({ length: pending }, (_, n) => stagedOf(slot, `m${n}`));
  const html = made([recordOf(slot, changes)], [], staged);
  const names = [...html.text.matchAll(/<th scope="col"[^>]*>([^<]+)<\/th>/g)].map(([, name]) => name!);
  const [cells] = rowsOf(html);
  expect(cells).toHaveLength(names.length);
  return Object.fromEntries(cells!.map((cell, n) => [n === 0 ? 'span' : names[n]!, cell]));
}

describe('the record of a slot', () => {
  it('has every field of the ledger record', () => {
    const changes: Partial<LedgerRecord> = {
      rechecked_at: '2025-03-01T12:34:56.789Z',
      counts: { read: 12_345, closed: 12_000, open: 300, unalerted: 40, invalid: 4, duplicates: 1 },
      cases: { reopened: 1, amended: 0, removed: 1_000, removed_pending: 0, conflicting: 2 },
      rows: 12_100,
      outside: 7,
      source_count: { total: 12_352, alerted: 12_300, closed: 12_000 },
      bytes_in: 310_000_000,
      bytes_out: 84_500_000,
      took_ms: 200_000,
      revision: 17,
    };
    expect(cellsOf(changes, 3)).toEqual({
      span: '2 to 28 February 2021',
      State: `complete : ${whys.settled}`,
      'Last error': '',
      Deferred: '',
      Archived: '12,100',
      Pending: '3',
      Closed: '12,000',
      Open: '300',
      'Without alerts': '40',
      Invalid: '4',
      Duplicates: '1',
      Total: '12,345',
      Source: 'Elasticsearch',
      'Read at': '1 May 2021, 00:00 UTC',
      'Re-checked at': '1 March 2025, 12:34 UTC',
      Duration: '3 min 20 s',
      'JSON read': '310 MB',
      'Source counts': '12,352 messages, 12,300 with alerts, 12,000 closed',
      'In other slots': '7',
      Cases: '1 re-opened, 1,000 removed at source, 2 conflicting',
      Path: 'month=2021-02/messages-20210202T000000Z-20210301T000000Z.parquet',
      Size: '84.5 MB',
      'Content digest': 'd1'.repeat(32),
      Version: '"0f343b0931126a20f133d67c2b018a3b"',
      Slot: slot.id,
      Revision: '17',
      Run: '1234567890',
    });
  });

  it('has empty cells for unknown values', () => {
    const bare = { slot: slot.id, revision: 3, outside: 0, rows: 0, bytes_in: 0, bytes_out: 0, took_ms: 0 };
    expect(filledCells([bare], [])).toEqual([
      ['2 to 28 February 2021', `incomplete : ${whys.new}`, '0', '0', '0.0 s', '0 B', '0', slot.id, '3'],
    ]);
    expect(filledCells([], planOf([slot]))).toEqual([
      ['2 to 28 February 2021', `incomplete : ${whys.leg}`, '0', slot.id],
    ]);
  });

  it('shows an error with its code and run, cut if it is long', () => {
    const message = `<script>${'x'.repeat(2_000)}`;
    const run_url = 'https://github.com/octo/archive/actions/runs/7';
    const last_error = { at: instant(now), message, run_url, code: 'slot-shrunk' } as const;
    expect(cellsOf({ last_error })['Last error']).toBe(
      `${message.slice(0, 1_000)}… [slot-shrunk] (15 January 2026, 03:17 UTC, run )`,
    );
  });

  it('shows when and why a slot was deferred', () => {
    const deferred = { at: instant(now), action: 'read', because: 'time', run_url: 'https://example.com/7' } as const;
    expect(cellsOf({ deferred }).Deferred).toBe('read: time ran out (15 January 2026, 03:17 UTC, run )');
    const { run_url: _, ...silent } = { ...deferred, action: 're-check', because: 'leg' } as const;
    expect(cellsOf({ deferred: silent }).Deferred).toBe('re-check: its job ended early (15 January 2026, 03:17 UTC)');
  });

  it('names a run by its id, or else its URL', () => {
    const { run_url, run_id, ...bare } = recordOf(slot);
    const run = (changes: Partial<LedgerRecord>) => rowsOf(made([{ ...bare, ...changes }], []))[0]!.at(-1);
    expect(run({ run_id: '7' })).toBe('7');
    expect(run({ run_url: 'https://example.com/7' })).toBe('https://example.com/7');
    expect(run({ run_id: '7', run_url: 'https://example.com/7' })).toBe('7');
    expect(run({})).toBe('');
  });
});

it('records returns a table for each year, with an anchor for each slot', () => {
  const slots = coverageOf(completeArchive(daily));
  const html = records(slots, 'jsonl');
  expect(html.text.match(/<details>/g)).toHaveLength(8);
  expect(html.text.match(/<tr id="slot-\d{4}-\d\d-\d\d">/g)).toHaveLength(slots.length);
  expect(textOf(html)).toContain('2019: 351 slots, 13,038 archived');
  expect(html.text).toContain('day=2024-02-29/messages-20240229T000000Z-20240301T000000Z.jsonl.gz');
});
