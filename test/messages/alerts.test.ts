import { describe, expect, it } from 'vitest';
import { alertsMax } from '../../src/messages/alerts.ts';
import type { Pointer } from '../../src/messages/json/pointer.ts';
import { readMessage, readRow } from '../../src/messages/read.ts';
import { ClosedStatuses } from '../../src/messages/statuses.ts';
import { bytesOf, messageText, shapeWith } from './shapes.ts';

const head = '"message_id":"m1","timestamp":"2024-02-29T12:00:00Z"';

/** Reads a message with these other members. */
function read(members: string, alerts: Pointer = ['alerts'], changes = {}) {
  return readMessage(bytesOf(`{${head},${members}}`), 0, shapeWith([], { alerts, ...changes }));
}

function rowOf(members: string, alerts: Pointer = ['alerts'], changes = {}) {
  return readRow(bytesOf(`{${head},${members}}`), shapeWith([], { alerts, ...changes })).alerts;
}

const closed = (id: string | null) => ({ id, status: 'closed' });

describe('alerts as an object keyed by id', () => {
  it.each([
    ['{"a-1":{"status":"closed"},"a-2":{"status":"closed"}}', [closed('a-1'), closed('a-2')]],
    ['{"a-1":{"alert_id":"x","status":"closed"}}', [closed('x')]],
    ['{"a-1":{"alert_id":null,"status":"closed"}}', [closed('a-1')]],
    ['{"a":{"status":"open"},"\\u0061":{"status":"closed"}}', [closed('a')]],
    ['{"status":{"status":"closed"},"alert_id":{"status":"closed"}}', [closed('status'), closed('alert_id')]],
    ['{"\\ud800":{"status":"closed"}}', [closed('\ufffd')]],
    [' { "a-1" : { "status" : "closed" } , "a-2":{"status":"closed"} }', [closed('a-1'), closed('a-2')]],
  ])('are closed: %s', (alerts, rows) => {
    expect(read(`"alerts":${alerts}`)).toMatchObject({ state: 'closed', alertCount: rows.length });
    expect(rowOf(`"alerts":${alerts}`)).toEqual(rows);
  });

  it.each([
    ['{"a-1":{"status":"closed"},"a-2":{"status":"open"}}', ['a-2']],
    ['{"a-1":null,"a-2":"closed","a-3":[{"status":"closed"}],"a-4":{}}', ['a-1', 'a-2', 'a-3', 'a-4']],
    ['{"a":{"status":"closed"},"a":{"status":"open"}}', ['a']],
    ['{"a-1":{"status":{"status":"closed"}}}', ['a-1']],
    ['{"a-1":{"status":["closed"]}}', ['a-1']],
  ])('are open: %s', (alerts, openAlerts) => {
    expect(read(`"alerts":${alerts}`)).toMatchObject({ state: 'open', openAlerts });
  });

  it('are the last of two members of the same name', () => {
    expect(read('"alerts":[{"status":"open"}],"alerts":{"a":{"status":"closed"}}')).toMatchObject({
      state: 'closed',
      alertCount: 1,
    });
    expect(read('"alerts":{"a":{"status":"closed"}},"alerts":[{"status":"open"}]').state).toBe('open');
  });
});

describe('a single alert', () => {
  it.each([
    ['{"alert_id":"a","status":"closed","rule":{"status":"active"}}', [closed('a')]],
    ['{"status":"closed"}', [closed(null)]],
    ['{"status":"closed","a-1":{"status":"open"}}', [closed(null)]],
  ])('is recognized by a scalar at its id or status: %s', (alert, rows) => {
    expect(rowOf(`"alerts":${alert}`)).toEqual(rows);
  });

  it.each(['{"alert_id":7,"rule":{"status":"closed"}}', '{"status":null}', '{"alert_id":true}'])(
    'without status is open: %s',
    (alert) => {
      expect(read(`"alerts":${alert}`)).toMatchObject({ state: 'open', alertCount: 1 });
    },
  );

  it('is recognized by a nested status', () => {
    const deep = { alertStatus: ['state', 'now'] };
    expect(rowOf('"alerts":{"state":{"now":"closed"}}', ['alerts'], deep)).toEqual([closed(null)]);
    expect(rowOf('"alerts":{"a":{"state":{"now":"closed"}}}', ['alerts'], deep)).toEqual([closed('a')]);
  });
});

describe('a pointer with `*`', () => {
  it.each<[Pointer, string, (string | null)[]]>([
    [
      ['threads', '*', 'alerts'],
      '"threads":[{"alerts":[{"alert_id":"a","status":"closed"}]},{},{"alerts":null}]',
      ['a'],
    ],
    [
      ['threads', '*', 'alerts'],
      '"threads":{"t1":{"alerts":{"a":{"status":"closed"}}},"t2":{"alerts":[{"status":"closed"}]}}',
      ['a', null],
    ],
    [['alerts', '*'], '"alerts":[{"status":"closed"},[{"alert_id":"b","status":"closed"}]]', [null, 'b']],
    [
      ['a', '*', 'b', '*', 'c'],
      '"a":[{"b":{"x":{"c":[{"status":"closed"}]}}},{"b":[{"c":{"k":{"status":"closed"}}}]}]',
      [null, 'k'],
    ],
    [['*', 'alerts'], '"x":{"alerts":[{"alert_id":"a","status":"closed"}]},"y":7', ['a']],
    [
      ['threads', '*', 'alerts', '0'],
      '"threads":[{"alerts":[{"alert_id":"a","status":"closed"},{"status":"open"}]}]',
      ['a'],
    ],
    [['t', '*', 'alerts'], '"t":{"a":{"alerts":[{"status":"open"}]},"a":{"alerts":[{"status":"closed"}]}}', [null]],
  ])('%j finds the alerts of %s', (pointer, members, ids) => {
    expect(read(members, pointer)).toMatchObject({ state: 'closed', alertCount: ids.length });
    expect(rowOf(members, pointer).map(({ id }) => id)).toEqual(ids);
  });

  it.each<[string, string]>([
    ['"threads":[{"alerts":[{"status":"closed"}]},{"alerts":[{"status":"open"}]}]', 'open'],
    ['"threads":[]', 'unalerted'],
    ['"threads":{}', 'unalerted'],
    ['"threads":null', 'unalerted'],
    ['"threads":7', 'unalerted'],
    ['"other":1', 'unalerted'],
    ['"threads":[{"alerts":[]},null,3]', 'unalerted'],
    ['"threads":[{"alerts":"closed"}]', 'invalid'],
    ['"threads":[{"alerts":[{"status":"closed"}]},{"alerts":0}]', 'invalid'],
  ])('makes of %s a message that is %s', (members, state) => {
    expect(read(members, ['threads', '*', 'alerts'])).toMatchObject({
      state,
      ...(state !== 'open' && { alertCount: 0 }),
    });
  });
});

describe('alerts as plain statuses', () => {
  const bare = { alertStatus: [] };
  it.each([
    ['["closed","Closed "]', [null, null]],
    ['{"a-1":"closed","status":"closed"}', ['a-1', 'status']],
    ['"closed"', [null]],
  ])('are closed: %s', (alerts, ids) => {
    expect(rowOf(`"alerts":${alerts}`, ['alerts'], bare).map(({ id }) => id)).toEqual(ids);
  });

  it.each([
    '["closed","open"]',
    '[{"status":"closed"}]',
    '[["closed"]]',
    '[null]',
    '{"a":{"alert_id":"closed"}}',
    '7',
    '""',
  ])('are open: %s', (alerts) => {
    expect(read(`"alerts":${alerts}`, ['alerts'], bare).state).toBe('open');
  });
});

describe('the limit on alerts', () => {
  const list = (count: number) => `[${Array(count).fill('{"status":"closed"}').join(',')}]`;
  const keyed = (count: number) =>
    `{${Array.from({ length: count }, (_, n) => `"${n}":{"status":"closed"}`).join(',')}}`;

  it.each([list, keyed])('applies to a message in every shape', (make) => {
    expect(read(`"alerts":${make(alertsMax)}`)).toMatchObject({ state: 'closed', alertCount: alertsMax });
    const reason = 'more than 10000 alerts';
    expect(read(`"alerts":${make(alertsMax + 1)}`)).toMatchObject({ state: 'invalid', reason, id: 'm1' });
    const half = make(alertsMax / 2 + 1);
    expect(read(`"t":[{"alerts":${half}},{"alerts":${half}}]`, ['t', '*', 'alerts'])).toMatchObject({ reason });
  });

  it('counts only the last of two lists', () => {
    expect(read(`"alerts":${list(alertsMax + 1)},"alerts":${list(2)}`)).toMatchObject({
      state: 'closed',
      alertCount: 2,
    });
  });

  it('applies to the elements that are searched', () => {
    const reason = 'more than 10000 elements to search for alerts';
    const places = `[${Array(alertsMax + 1)
      .fill('0')
      .join(',')}]`;
    expect(read(`"t":${places}`, ['t', '*', 'alerts'])).toMatchObject({ state: 'invalid', reason });
    const nested = `[${Array(200)
      .fill(`[${Array(100).fill('0').join(',')}]`)
      .join(',')}]`;
    expect(read(`"t":${nested}`, ['t', '*', '*', 'alerts'])).toMatchObject({ state: 'invalid', reason });
  });

  it('does not apply to archived messages', () => {
    expect(rowOf(`"alerts":${list(alertsMax + 1)}`)).toHaveLength(alertsMax + 1);
  });
});

describe('the statuses of open alerts', () => {
  it('are the first ten distinct ones, truncated', () => {
    const statuses = ['Pending', 'Pending', 'new', ...Array.from({ length: 20 }, (_, n) => `${n}-${'x'.repeat(100)}`)];
    const alerts = [...statuses.map((status) => ({ status })), { status: 'closed' }];
    const message = readMessage(bytesOf(messageText(JSON.stringify(alerts))), 0, shapeWith());
    expect(message.openStatuses).toHaveLength(10);
    expect(message.openStatuses?.slice(0, 3)).toEqual(['Pending', 'new', `0-${'x'.repeat(62)}`]);
  });
});

describe('ClosedStatuses', () => {
  const range = (token: string) => ({ bytes: bytesOf(token), start: 0, end: token.length });
  const has = (closed: string[], token: string) =>
    new ClosedStatuses(closed).has(range(token), token.startsWith('"') ? JSON.parse(token) : token);

  it.each<[string, string]>([
    ['closed', '"Closed "'],
    ['closed', '"\\u00a0CLOSED\\n"'],
    ['geschlo\u0308ssen', '"GESCHL\u00d6SSEN"'],
    ['fermé', '"ferme\u0301"'],
    ['1', '1'],
    ['1', '1.0'],
    ['1', '"1"'],
    ['1', '0.1e1'],
    ['1.0', '1'],
    ['0', '-0.00'],
    ['100', '1e2'],
    ['12345678901234567890', '12345678901234567890.0'],
    ['true', 'true'],
  ])('%s closes %s', (status, token) => {
    expect(has([status], token)).toBe(true);
  });

  it.each<[string, string]>([
    ['closed', '"clos ed"'],
    ['closed', '"closed."'],
    ['1', '"1.0"'],
    ['1', '"01"'],
    ['1', '10'],
    ['1', '-1'],
    ['1', 'true'],
    ['100', '"1e2"'],
    ['12345678901234567890', '12345678901234567891'],
    ['closed', `"closed${' '.repeat(5_000)}"`],
  ])('%s does not close %.40s', (status, token) => {
    expect(has([status], token)).toBe(false);
  });
});
