import type { LedgerRecord, StagedMessage } from '../../src/archive/ledger.ts';

/** Returns a record with every attribute set, and the given changes. */
export function ledgerRecord(changes: Partial<LedgerRecord> & Pick<LedgerRecord, 'slot'>): LedgerRecord {
  return {
    revision: 1,
    read_at: '2024-09-01T00:00:00.000Z',
    rechecked_at: '2024-09-02T00:00:00.000Z',
    source: 'api',
    counts: { read: 7, closed: 2, open: 1, unalerted: 1, invalid: 1, duplicates: 2 },
    cases: { reopened: 1, amended: 2, removed: 3, removed_pending: 4, conflicting: 5 },
    outside: 3,
    source_count: { total: 10, alerted: 3, closed: 2 },
    rows: 2,
    digest: 'd1'.repeat(32),
    version: '"etag-1"',
    bytes_in: 2 ** 40,
    bytes_out: 0,
    took_ms: 1234.5,
    run_id: '77',
    run_url: 'https://example.com/run?a=1&b=ü',
    last_error: {
      at: '2024-09-01T00:00:00.000Z',
      code: 'source-unavailable',
      message: 'It broke: "why", \\ and \u{1f4a5}.',
    },
    deferred: { at: '2024-09-01T00:00:00.000Z', action: 'read', because: 'time', run_url: 'https://example.com/run' },
    ...changes,
  };
}

/** Returns a staged message with the given changes. */
export function stagedMessage(changes: Partial<StagedMessage> & Pick<StagedMessage, 'slot'>): StagedMessage {
  return {
    message_id: 'message-1',
    timestamp: '1718000000000001',
    open_alerts: ['alert-1'],
    open_alert_count: 1,
    reason: 'open',
    first_seen: '2024-07-01T00:00:00.000Z',
    read_at: '2024-08-01T00:00:00.000Z',
    checks: 1,
    ...changes,
  };
}
