import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import { summarize, summaryBytesMax } from '../../src/report/summary.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { range } from '../windows/arbitraries.ts';
import {
  before,
  failed,
  left,
  noCases,
  planOf,
  recordOf,
  recordsWith,
  runUrl,
  slots,
  stagedOf,
  surveyOf,
} from './surveys.ts';

/** Returns the body rows of the table with this head. */
function tableOf(summary: string, head: string): string[] {
  const lines = summary.split('\n');
  const start = lines.findIndex((line) => line.startsWith(head));
  expect(start, head).toBeGreaterThan(-1);
  const end = lines.findIndex((line, n) => n > start && !line.startsWith('|'));
  return lines.slice(start + 2, end);
}

const htmlOf = (markdown: string) => marked.parse(markdown, { gfm: true, async: false });

describe('the summary', () => {
  it('of a complete archive', () => {
    expect(summarize(surveyOf({ records: recordsWith({}).slice(0, 3), plan: planOf(slots.slice(0, 3)) }))).toBe(
      `## Message Archive: ✅ complete

All 3 planned slots were read and verified; 3 slots are in the archive.

- **[This run](${runUrl})** read 3,000 messages (90 MB of JSON) in 3 slots
- **2,970 messages archived** in \`s3://bucket/messages\`: 3 objects, 27 MB, from 90 MB of JSON
- **0 pending**
- **6 without alerts**, not archived
- **3 invalid**, in quarantine with the reason

### Windows

| window | | archived | pending | without alerts | invalid | objects | JSON → archive | time |
|---|---|--:|--:|--:|--:|--:|--:|--:|
| **1 window** | ✅ | 2,970 | 0 | 6 | 3 | 3 | 90 MB → 27 MB | 6.0 s |
| 2024-01-18..2024-03-18 | ✅ | 2,970 | 0 | 6 | 3 | 3 | 90 MB → 27 MB | 6.0 s |
`,
    );
  });

  it('begins with the causes and their remedies', () => {
    const records = recordsWith({ 0: failed('It is down.'), 4: undefined });
    expect(summarize(surveyOf({ records })).split('\n').slice(0, 3)).toEqual([
      '## Message Archive: ❌ incomplete',
      '',
      '7 of 9 planned slots were read and verified; 1 failed and 1 was not reached before its job ended.',
    ]);
    const summary = summarize(surveyOf({ records }));
    expect(summary.indexOf('1. **1 slot failed.**')).toBeLessThan(summary.indexOf('### Windows'));
    expect(summary).toContain(`- 18 to 31 January 2024: \`It is down.\` \`[source-unavailable]\` ([run](${runUrl}))`);
    expect(summary).toContain('- 2024-03-18..2024-05-17: April 2024');
  });

  it('counts the slots that this run re-checked', () => {
    const records = recordsWith({ 0: { read_at: before, rechecked_at: '2025-01-10T03:16:30.000Z' } });
    expect(summarize(surveyOf({ records, plan: planOf(slots.slice(0, 2)) }))).toContain(
      `- **[This run](${runUrl})** read 1,000 messages (30 MB of JSON) in 1 slot and re-checked pending messages in 1 slot\n`,
    );
  });

  it('does not mention a run that processed no slots', () => {
    expect(summarize(surveyOf({ plan: planOf([]) }))).not.toContain('This run');
  });

  it('marks each window by its most serious shortfall, the latest window first', () => {
    const records = recordsWith({
      0: failed('x'),
      1: { read_at: '', ...left('time') },
      4: { read_at: '', ...left('time') },
    });
    const rows = tableOf(summarize(surveyOf({ records })), '| window').map((row) => row.split(' | ').slice(0, 2));
    expect(rows).toEqual([
      ['| **3 windows**', '❌'],
      ['| 2024-05-17..2024-07-16', '✅'],
      ['| 2024-03-18..2024-05-17', '⏳'],
      ['| 2024-01-18..2024-03-18', '❌'],
    ]);
  });

  it('has a row for a window without records', () => {
    const records = recordsWith({ 6: undefined, 7: undefined, 8: undefined });
    const [, first] = tableOf(summarize(surveyOf({ records })), '| window');
    expect(first).toBe('| 2024-05-17..2024-07-16 | ❌ | 0 | 0 | 0 | 0 | 0 | 0 B → 0 B | 0.0 s |');
  });

  it('sums up all but the latest hundred windows', () => {
    const layout = { windowDays: 1, partitionBy: 'day' } as const;
    const days = slotsIn(range('2024-01-01', '2024-05-01'), layout);
    const records = days.map((slot) => recordOf(slot));
    const rows = tableOf(summarize(surveyOf({ records, plan: planOf(days), layout })), '| window');
    expect(rows.length).toBe(102);
    expect(rows.at(-1)).toMatch(/^\| \*21 earlier windows\* \| ✅ \| 20,790 \|/);
  });
});

describe('pending messages', () => {
  it('are counted by age', () => {
    const staged = [-1, 1, 8, 8, 31, 100, 400, 900].map((age, n) =>
      stagedOf(`m${n}`, age, { open_alert_count: n + 1 }),
    );
    const summary = summarize(surveyOf({ staged }));
    expect(tableOf(summary, '| age | messages | open')).toEqual([
      '| up to 7 days | 2 | 3 |',
      '| 7 to 30 days | 2 | 7 |',
      '| 30 to 90 days | 1 | 5 |',
      '| 90 days to 1 year | 1 | 6 |',
      '| 1 to 3 years | 2 | 15 |',
      '| over 3 years | 0 | 0 |',
    ]);
    expect(summary).toContain('- **8 pending**, until all their alerts are closed; the oldest is 2 years 5 months old');
  });

  it('are named, the oldest first', () => {
    const staged = [
      ...Array.from({ length: 12 }, (_, n) => stagedOf(`young ${n}`, n)),
      stagedOf('a|`b`', 900, { reason: 'reopened', open_alert_count: 3 }),
      stagedOf('removed', 100, { removed_at: '2025-01-02T00:00:00.000Z' }),
    ];
    const summary = summarize(surveyOf({ staged }));
    const rows = tableOf(summary, '| age | message |');
    expect(rows.length).toBe(10);
    expect(rows.slice(0, 3)).toEqual([
      '| 2 years 5 months | `a\\u007c\\u0060b\\u0060` | 25 July 2022 | 1 July 2024 | 3 | re-opened; its archived version stays |',
      '| 3 months | `removed` | 2 October 2024 | 1 July 2024 | 1 | removed at source, 2 January 2025 |',
      '| 11 days | `young 11` | 30 December 2024 | 1 July 2024 | 1 |  |',
    ]);
    expect(summary).toContain('\n\n4 more pending messages: see `_report/ledger.json` in the archive.');
    expect(htmlOf(summary)).toContain('<td><code>a\\u007c\\u0060b\\u0060</code></td>');
  });

  it('are omitted if there are none', () => {
    expect(summarize(surveyOf())).not.toContain('Pending messages');
  });
});

describe('cases', () => {
  it('are counted for each slot, the last read first', () => {
    const records = recordsWith({
      1: {
        cases: { ...noCases, reopened: 1, removed: 2 },
        read_at: '2024-12-01T00:00:00.000Z',
        run_url: 'javascript:x',
      },
      2: {
        cases: { ...noCases, amended: 3 },
        read_at: '2024-11-01T00:00:00.000Z',
        rechecked_at: '2024-12-24T00:00:00.000Z',
      },
      5: { cases: { ...noCases, removed_pending: 4, conflicting: 5 } },
    });
    expect(tableOf(summarize(surveyOf({ records, plan: planOf([]) })), '| slot')).toEqual([
      '| **3 slots** | 1 | 3 | 2 | 4 | 5 |  |',
      `| 1 to 16 May 2024 | 0 | 0 | 0 | 4 | 5 | [10 January 2025](${runUrl}) |`,
      `| 1 to 17 March 2024 | 0 | 3 | 0 | 0 | 0 | [24 December 2024](${runUrl}) |`,
      '| February 2024 | 1 | 0 | 2 | 0 | 0 | 1 December 2024 |',
    ]);
  });

  it('are bounded in number, and omitted if there are none', () => {
    const layout = { windowDays: 1, partitionBy: 'day' } as const;
    const days = slotsIn(range('2024-01-01', '2024-02-01'), layout);
    const records = days.map((slot) => recordOf(slot, { cases: { ...noCases, removed: 1 } }));
    const summary = summarize(surveyOf({ records, plan: planOf(days), layout }));
    expect(tableOf(summary, '| slot').length).toBe(21);
    expect(summary).toContain('\n\n11 more slots: see `_report/ledger.json` in the archive.');
    expect(summarize(surveyOf())).not.toContain('Changed at the source');
  });
});

it('the summary names empty slots between others', () => {
  const counts = { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 };
  const one = summarize(surveyOf({ records: recordsWith({ 4: { counts } }) }));
  expect(one).toContain('⚠️ April 2024 holds no messages, although');
  expect(one).not.toContain('### Empty slots');
  const two = summarize(surveyOf({ records: recordsWith({ 4: { counts }, 6: { counts } }) }));
  expect(two).toContain('⚠️ 2 slots (April 2024 first) hold no messages, although');
  expect(two).toContain('### Empty slots\n\n- April 2024\n- ');
});

describe('the summary fits GitHub', () => {
  const layout = { windowDays: 1, partitionBy: 'day' } as const;
  const days = slotsIn(range('2017-11-18', '2025-01-01'), layout);

  it('with seven years of daily slots that all failed with long errors', () => {
    expect(days.length).toBe(2601);
    const records = days.map((slot, n) =>
      recordOf(slot, { ...failed(`${n} ${'😀'.repeat(4000)}`), cases: { ...noCases, removed: n } }),
    );
    const staged = days.map((_, n) => stagedOf(`${n}${'\u202e'.repeat(9000)}`, n));
    const summary = summarize(surveyOf({ records, staged, plan: planOf(days), layout }));
    expect(summary).toContain('- and 2,581 more: see `_report/ledger.json`');
    expect(summary).toContain('| *2,501 earlier windows* | ❌ |');
    expect(Buffer.byteLength(summary)).toBeLessThan(summaryBytesMax / 8);
  });

  it('at 1 MiB', () => {
    expect(summaryBytesMax).toBeLessThanOrEqual(2 ** 20);
  });

  it('and escapes hostile text', () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'`|\\\n @#<>&*_[]()!:/a-~='), maxLength: 40 });
    fc.assert(
      fc.property(hostile, hostile, hostile, (message, id, archive) => {
        const changes: Partial<LedgerRecord> = { ...failed(`${message}<script>`), cases: { ...noCases, removed: 1 } };
        const summary = summarize(
          surveyOf({ records: recordsWith({ 0: changes }), staged: [stagedOf(`${id}@someone`, 1)], archive }),
        );
        const html = htmlOf(summary);
        expect(html).not.toMatch(/<(script|img|em>)/);
        const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, url]) => url);
        expect(new Set(links)).toEqual(new Set([runUrl]));
        expect(html.replaceAll(/<code>[^<]*<\/code>/g, '')).not.toContain('@someone');
        expect([...html.matchAll(/<table>/g)].length).toBe(4);
      }),
      { numRuns: 50 },
    );
  });
});
