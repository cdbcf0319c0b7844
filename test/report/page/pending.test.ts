import { describe, expect, it } from 'vitest';
import type { StagedMessage } from '../../../src/archive/ledger.ts';
import type { Html } from '../../../src/report/page/html.ts';
import { pendingMessages } from '../../../src/report/page/pending.ts';
import { DAY_MS, instant } from '../../../src/windows/interval.ts';
import { slotAt } from '../../../src/windows/slot.ts';
import { completeArchive, monthly, now, stagedOf } from './archives.ts';
import { rowsOf, textOf } from './text.ts';

function aged(id: string, days: number, changes: Partial<StagedMessage> = {}): StagedMessage {
  const at = now - days * DAY_MS;
  return stagedOf(slotAt(at, monthly), id, { timestamp: String(BigInt(at) * 1000n), ...changes });
}

function shown(staged: readonly StagedMessage[]): Html {
  return pendingMessages(completeArchive(monthly, { staged }).survey, monthly);
}

describe('pending messages', () => {
  it('are counted by age', () => {
    const days = [0, 6.9, 7, 29.9, 30, 89, 90, 364, 365, 1_095, 1_096, 5_000];
    const staged = days.map((age, n) => aged(`m${n}`, age));
    expect(rowsOf(shown(staged)).slice(0, 6)).toEqual([
      ['up to 7 days', '2', ''],
      ['7 to 30 days', '2', ''],
      ['30 to 90 days', '2', ''],
      ['90 days to 1 year', '2', ''],
      ['1 to 3 years', '2', ''],
      ['over 3 years', '2', ''],
    ]);
  });

  it('are counted if their timestamp is in the future', () => {
    expect(rowsOf(shown([aged('m', -3)]))[0]).toEqual(['up to 7 days', '1', '']);
  });

  it('are named with their open alerts and the number of reads that found them open', () => {
    const first_seen = instant(now - 90 * DAY_MS);
    const removed_at = instant(now - DAY_MS);
    const staged = [
      aged('<a>', 100, { open_alerts: ['A&1'], checks: 1, first_seen }),
      aged('b', 200, {
        open_alerts: ['1', '2', '3', '4'],
        open_alert_count: 120,
        reason: 'reopened',
        checks: 1_200,
        first_seen,
      }),
      aged('c', 300, { removed_at, first_seen }),
    ];
    expect(
      rowsOf(shown(staged))
        .slice(6)
        .map((cells) => cells.slice(0, 5)),
    ).toEqual([
      [
        'c',
        '21 March 2025',
        '9 months',
        'alert-of-c removed at source, 14 January 2026',
        '4 times since 17 October 2025',
      ],
      [
        'b',
        '29 June 2025',
        '6 months',
        '1 , 2 , 3 and 117 more re-opened; its archived version stays',
        '1,200 times since 17 October 2025',
      ],
      ['<a>', '7 October 2025', '3 months', 'A&1', '1 time since 17 October 2025'],
    ]);
  });

  it('link to their slots', () => {
    const html = shown([aged('a', 100)]);
    expect(html.text).toContain('<a href="#slot-2025-10-01">October 2025</a>');
  });

  it('are named up to a maximum, oldest first, with long ids cut', () => {
    const staged = Array.from({ length: 30_000 }, (_, n) => aged(`${n}-${'x'.repeat(500)}`, (n * 7919) % 30_000));
    const html = shown(staged);
    const named = rowsOf(html).slice(6);
    expect(named).toHaveLength(25);
    expect(textOf(html)).toContain('The 25 oldest');
    const days = named.map(([, date]) => Math.round((now - Date.parse(`${date} UTC`)) / DAY_MS));
    expect(days).toEqual(Array.from({ length: 25 }, (_, n) => 29_999 - n));
    expect(html.text.length).toBeLessThan(30_000);
  });

  it('are reported as none for an empty staging', () => {
    expect(textOf(shown([]))).toEqual(['No messages are pending.']);
  });
});
