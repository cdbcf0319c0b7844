import { describe, expect, it } from 'vitest';
import { probePage } from '../../../src/io/api/probe.ts';
import type { MessageShape } from '../../../src/messages/message.ts';
import { scanPage } from '../../../src/messages/page.ts';
import { compileShape } from '../../../src/messages/read.ts';
import { plainShape } from '../../support/messages.ts';

/** Probes a page of these messages. */
function probe(messages: readonly object[], more: Partial<MessageShape> = {}) {
  const shape = { ...plainShape, ...more };
  const text = Buffer.from(JSON.stringify({ messages }));
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length));
  bytes.set(text);
  const page = scanPage(bytes, { messages: ['messages'], message: [] }, compileShape(shape));
  return probePage({ ...page, bytes, shas: new Uint8Array(0) }, shape);
}

const at = '2024-06-10T10:00:00Z';
const message = (n: number, status: unknown) => ({
  message_id: `m-${n}`,
  timestamp: at,
  alerts: [{ alert_id: 'a', status }],
});

describe('probePage', () => {
  it('has nothing to say where messages are read and some alert is closed', () => {
    expect(probe([message(1, 'open'), message(2, 'Closed')])).toEqual({ warnings: [] });
    expect(probe([])).toEqual({ warnings: [] });
  });

  it('names the statuses that it sees where none is closed, the most frequent first', () => {
    const statuses = [...Array(4).fill('Pending'), ...Array(13).fill('Resolved'), 7];
    expect(probe(statuses.map((status, n) => message(n, status))).warnings).toEqual([
      'No alert has status "closed"; statuses seen: "Resolved" (13), "Pending" (4), "7" (1). Check `closed-statuses`.',
    ]);
  });

  it('names where a status is', () => {
    const alerts = [{ no: 1, review: { state: 'done' } }];
    expect(probe([{ message_id: 'm', timestamp: at, alerts }]).warnings).toEqual([
      'No alert has a status at /status; there is a status at /review/state. Check `alert-status`.',
    ]);
  });

  it('names lists where no message has an alert', () => {
    expect(probe([{ message_id: 'm', timestamp: at, cases: [{ id: 1 }] }]).warnings).toEqual([
      'None of the first 1 messages has an alert at /alerts; there is a list at /cases. Check `message-alerts`.',
    ]);
  });

  it('finds alerts behind a `*`, and a single one', () => {
    const shape = { alerts: ['threads', '*', 'alert'] };
    const threads = [{ alert: { alert_id: 'a', status: 'closed' } }];
    expect(probe([{ message_id: 'm', timestamp: at, threads }], shape)).toEqual({ warnings: [] });
  });

  it.each([
    [{ id: 'x', sent: at }, 'missing id at /message_id; there is an id at /id. Check `message-id`'],
    [
      { meta: { message_guid: 'x' } },
      'missing id at /message_id; there is an id at /meta/message_guid. Check `message-id`',
    ],
    [{ subject: 'x' }, 'missing id at /message_id; its members are subject. Check `message-id`'],
    [
      { message_id: 'm', meta: { sent: 1_718_013_600 }, size: 17 },
      'missing timestamp at /timestamp; there is a time at /meta/sent. Check `message-timestamp` and `message-time-format`',
    ],
    [
      { message_id: 'm', timestamp: '10/06/2024' },
      'timestamp cannot be parsed at /timestamp; its members are message_id, timestamp. Check `message-timestamp` and `message-time-format`',
    ],
    [
      { message_id: 'm', timestamp: at, alerts: 'x' },
      'alerts are neither a list nor an object at /alerts. Check `message-alerts`',
    ],
  ])('says why nothing is read of %j', (sent, failure) => {
    expect(probe([sent])).toEqual({ failure, warnings: [] });
  });

  it('refuses a record for each alert instead of each message', () => {
    const records = [0, 1, 2, 0, 1, 2].map((id, n) => ({
      ...message(id, 'closed'),
      alerts: [{ alert_id: n, status: 'closed' }],
    }));
    expect(probe(records).failure).toMatch(/^3 ids appear more than once, .*docs\/no-fit\.md$/);
    const same = [0, 1, 2, 0, 1, 2].map((id) => message(id, 'closed'));
    expect(probe(same)).toEqual({ warnings: [] });
  });

  it('shows no more than one line of what a server sent', () => {
    const { warnings } = probe([message(1, 'x\n::stop-commands::t'), message(2, 'y'.repeat(5_000))]);
    expect(warnings.join()).not.toMatch(/\n|::stop/);
    expect(warnings.join().length).toBeLessThan(600);
  });
});
