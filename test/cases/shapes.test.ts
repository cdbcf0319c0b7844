import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { type Asked, api, Case, june, pageOf } from './support/run.ts';

const noon = '2024-06-10T10:00:00Z';

/** The response of an API that filters by real time, however the messages spell their timestamps. */
function served(messages: readonly { readonly at: string; readonly sent: object }[], asked: Asked) {
  const held = messages.map(({ at, sent }) => ({ timestamp: at, sent }));
  const sentOf = new Map<object, object>(held.map((each) => [each, each.sent]));
  const { messages: found, total } = pageOf(held, asked);
  return { messages: found.map((each) => sentOf.get(each)), total };
}

/** Runs the action over an API that holds one closed message for each timestamp. */
async function archived(timestamps: readonly unknown[], at: string, inputs: Readonly<Record<string, string>> = {}) {
  const messages = timestamps.map((timestamp, n) => ({
    at,
    sent: { message_id: `m-${n}`, timestamp, alerts: [{ alert_id: 'a', status: 'closed' }] },
  }));
  const { url } = await api((asked) => served(messages, asked));
  const made = await Case.make({ 'api-url': url.href, 'api-page-size': '50', ...inputs });
  return { made, ran: await made.run() };
}

/** A column of the archive by message id, as DuckDB reads it. */
async function columnOf(made: Case, expression: string): Promise<Record<string, string>> {
  const folder = join(made.folder, 'archive');
  const files = (await readdir(folder, { recursive: true })).filter((path) => /^month=.*\.parquet$/.test(path));
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const paths = files.map((path) => `'${join(folder, path)}'`).join(', ');
  const reader = await connection.runAndReadAll(`SELECT message_id, ${expression} FROM read_parquet([${paths}])`);
  const rows = reader.getRows().map(([id, value]) => [String(id), String(value)]);
  connection.closeSync();
  instance.closeSync();
  return Object.fromEntries(rows);
}

describe('case 19', () => {
  it('case 19: dates of e-mails, epochs in strings and in µs, and other common spellings of an instant are read', async () => {
    const timestamps = [
      '1718013600.000000',
      'Mon, 10 Jun 2024 10:00:00 +0000',
      'Mon, 10 Jun 2024 12:00:00 +0200 (CEST)',
      1_718_013_600_000_000,
      '1718013600000000000',
      '1718013600',
      '1718013600000',
      '2024-06-10 10:00:00 UTC',
      ' 2024-06-10T10:00:00.0000000000000Z ',
      '/Date(1718013600000)/',
      { $date: noon },
      { $date: { $numberLong: '1718013600000' } },
    ];
    const { made, ran } = await archived(timestamps, noon);
    expect(ran).toMatchObject({ code: 0, outputs: { archived: String(timestamps.length), complete: 'true' } });
    const read = await columnOf(made, 'epoch_us("timestamp")');
    expect(read).toEqual(Object.fromEntries(timestamps.map((_, n) => [`m-${n}`, '1718013600000000'])));
    expect(await made.quarantined()).toEqual([]);
  });

  it('case 19: a fraction of an epoch in a string is kept to the µs', async () => {
    const { made } = await archived(['1718013600.000200'], noon);
    expect(await columnOf(made, 'epoch_us("timestamp")')).toEqual({ 'm-0': '1718013600000200' });
  });

  it('case 19: a format and a time zone read the rest, in columns too, and are the settings of the archive', async () => {
    const inputs = {
      'message-time-format': 'dd/MM/yyyy HH:mm[:ss]',
      'message-time-zone': 'Europe/Berlin',
      columns: 'sent: /timestamp timestamp',
    };
    const { made, ran } = await archived(
      ['10/06/2024 12:00', '10/06/2024 12:00:00', '2024-06-10T12:00:00'],
      noon,
      inputs,
    );
    expect(ran).toMatchObject({ code: 0, outputs: { archived: '3', complete: 'true' } });
    expect(new Set(Object.values(await columnOf(made, 'epoch_us(sent)')))).toEqual(new Set(['1718013600000000']));
    expect(await made.run({ command: 'verify' })).toMatchObject({ code: 0 });
    const changed = await made.run({ 'message-time-zone': 'UTC' });
    expect(changed.code).toBe(2);
    expect(changed.log).toContain('The input `message-time-zone` is "UTC", but the archive');
  });

  it('case 19: what has no single meaning is quarantined with its reason', async () => {
    const at = '2024-10-27T01:30:00Z';
    const inputs = {
      from: '2024-10-01',
      to: '2024-11-01',
      'as-of': '2025-06-01',
      'message-time-zone': 'Europe/Berlin',
    };
    const { made } = await archived(
      ['10/06/2024', '2024-10-27T02:30:00', '2024-03-31T02:30:00', '2024-10-27T12:00:00'],
      at,
      inputs,
    );
    expect(await made.archivedIds()).toEqual(['m-3']);
    const reasons = (await made.quarantined()).map(({ reason }) => reason).sort();
    expect(reasons).toEqual([
      'timestamp cannot be parsed',
      'timestamp does not exist in its time zone',
      'timestamp is ambiguous in its time zone',
    ]);
  });
});

describe('case 24', () => {
  const run = async (bodies: readonly object[], inputs: Readonly<Record<string, string>> = {}) => {
    const messages = bodies.map((body, n) => ({ at: noon, sent: { message_id: `m-${n}`, timestamp: noon, ...body } }));
    const { url } = await api((asked) => served(messages, asked));
    const made = await Case.make({ 'api-url': url.href, ...inputs });
    return { made, ran: await made.run() };
  };

  it('case 24: alerts that are an object keyed by id, a single alert, {} or null are read', async () => {
    const { made, ran } = await run([
      { alerts: { 'a-1': { status: 'closed' }, 'a-2': { status: 'closed' } } },
      { alerts: { alert_id: 'a-3', status: 'closed', rule: { status: 'active' } } },
      { alerts: { 'a-1': { status: 'closed' }, 'a-2': { status: 'open' } } },
      { alerts: {} },
      { alerts: null },
      {},
    ]);
    expect(ran).toMatchObject({ code: 0, outputs: { archived: '2', open: '1', complete: 'true' } });
    expect(await columnOf(made, "array_to_string(list_transform(alerts, lambda alert: alert.alert_id), ' ')")).toEqual({
      'm-0': 'a-1 a-2',
      'm-1': 'a-3',
    });
    const { staged } = await made.ledger();
    expect(staged.map(({ message_id }) => message_id)).toEqual(['m-2']);
  });

  it('case 24: statuses are compared without the blanks around them, in any case, numbers by their value', async () => {
    const statuses = ['Closed ', '\tCLOSED', 2, '2', 'Geschlo\u0308ssen, endgültig', 'open', '2.5', null];
    const { made, ran } = await run(
      statuses.map((status) => ({ alerts: [{ alert_id: 'a', status }] })),
      { 'closed-statuses': 'closed\n2.0\n2\nGeschl\u00f6ssen, endgültig' },
    );
    expect(ran).toMatchObject({ code: 0, outputs: { archived: '5', open: '3' } });
    expect(await made.archivedIds()).toEqual(['m-0', 'm-1', 'm-2', 'm-3', 'm-4']);
    expect(ran.log).toContain('Statuses of open alerts: "open" (1 message), "2.5" (1 message), none (1 message).');
  });

  it('case 24: a `*` in message-alerts finds the alerts of every thread', async () => {
    const closed = [{ alert_id: 'a', status: 'closed' }];
    const open = [{ alert_id: 'b', status: 'open' }];
    const { made, ran } = await run(
      [
        { threads: [{ alerts: closed }, { alerts: closed }] },
        { threads: { one: { alerts: closed }, two: { alerts: { c: { status: 'closed' } } } } },
        { threads: [{ alerts: closed }, { alerts: open }] },
        { threads: [] },
      ],
      { 'message-alerts': '/threads/*/alerts' },
    );
    expect(ran).toMatchObject({ code: 0, outputs: { archived: '2', open: '1', complete: 'true' } });
    expect(await columnOf(made, 'len(alerts)')).toEqual({ 'm-0': '2', 'm-1': '2' });
    expect(await made.run({ command: 'verify' })).toMatchObject({ code: 0 });
  });

  it('case 24: more than 10,000 alerts make one message invalid, and no other', async () => {
    const alerts = Array.from({ length: 10_001 }, (_, n) => ({ alert_id: `a-${n}`, status: 'closed' }));
    const { made } = await run([{ alerts }, { alerts: alerts.slice(1) }]);
    expect(await made.archivedIds()).toEqual(['m-1']);
    expect(await made.quarantined()).toMatchObject([{ reason: 'more than 10000 alerts' }]);
  });
});

it('case 23: a subject that is cut within an emoji is archived as it came', async () => {
  const messages = june(2).map((message, n) => ({ ...message, subject: n === 0 ? 'cut \ud83d' : 'whole 😀' }));
  const { url } = await api((asked) => pageOf(messages, asked));
  const made = await Case.make({ 'api-url': url.href, columns: 'subject: /subject string' });
  expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '2', complete: 'true' } });
  expect(await columnOf(made, 'subject')).toEqual({ 'm-00000': 'cut \ufffd', 'm-00001': 'whole 😀' });
  expect((await columnOf(made, 'payload'))['m-00000']).toBe(JSON.stringify(messages[0]));
});
