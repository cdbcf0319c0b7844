import { expect, it } from 'vitest';
import { movesBetween, totalsOf } from '../../demo/ledger.ts';
import type { LedgerRecord, StagedMessage } from '../../src/archive/ledger.ts';

const staged = (message_id: string, reason: StagedMessage['reason'] = 'open'): StagedMessage => ({
  slot: '20240601T000000Z-20240701T000000Z',
  message_id,
  timestamp: '1717200000000000',
  open_alerts: [],
  open_alert_count: 1,
  reason,
  first_seen: '2024-07-01T00:00:00.000Z',
  read_at: '2024-07-01T00:00:00.000Z',
  checks: 1,
});

const record = (rows: number, bytes_in: number, bytes_out: number, invalid: number): LedgerRecord => ({
  slot: '20240601T000000Z-20240701T000000Z',
  revision: 1,
  counts: { read: rows + invalid, closed: rows, open: 0, unalerted: 0, invalid, duplicates: 0 },
  outside: 0,
  rows,
  bytes_in,
  bytes_out,
  took_ms: 1,
});

it('totals a ledger', () => {
  const ledger = [record(3, 100, 10, 1), record(0, 20, 0, 2)];
  expect(totalsOf({ ledger, staged: [] })).toEqual({ messages: 3, objects: 1, invalid: 3, bytesIn: 120, bytesOut: 10 });
});

it('counts archived and pending messages between two reports', () => {
  const before = { ledger: [], staged: [staged('a'), staged('b'), staged('c')] };
  const after = { ledger: [], staged: [staged('c'), staged('d', 'reopened')] };
  expect(movesBetween(before, after)).toEqual({ archived: 2, stillPending: 1, newlyPending: 1, reopened: 1 });
});
