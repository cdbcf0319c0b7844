import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { openAlertCharsMax } from '../../src/messages/alerts.ts';
import type { ColumnType } from '../../src/messages/message.ts';
import {
  idBytesMax,
  lastAlertChange,
  messageBytesMax,
  type ReadMessage,
  readMessage,
  readRow,
} from '../../src/messages/read.ts';
import { bytesOf, instantMicros, messageText, shape, shapeWith } from './shapes.ts';

function read(text: string | Uint8Array, compiled = shape): ReadMessage {
  return readMessage(typeof text === 'string' ? bytesOf(text) : text, 0, compiled);
}

const closed = '[{"alert_id":"a1","status":"closed"}]';

describe('the state of a message', () => {
  it.each([
    ['[{"alert_id":"a1","status":"closed"}]', 1],
    ['[{"status":"Closed"},{"status":"CLOSED","x":[{"status":"open"}]}]', 2],
    ['[{"status":"open","status":"closed"}]', 1],
    ['[{"st\\u0061tus":"\\u0063losed"}]', 1],
  ])('is closed with alerts %s', (alerts, count) => {
    expect(read(messageText(alerts))).toEqual({
      end: messageText(alerts).length,
      state: 'closed',
      id: 'm1',
      timestamp: instantMicros,
      alertCount: count,
      openAlerts: [],
      openAlertCount: 0,
    });
  });

  it.each([
    ['[{"alert_id":"a1","status":"open"}]', ['a1']],
    ['[{"alert_id":"a1","status":"closed"},{"alert_id":"a2","status":"clos ed"}]', ['a2']],
    ['[{"alert_id":7,"status":null},{"alert_id":true},{"status":""}]', ['7', 'true', '']],
    ['[{"alert_id":null,"status":["closed"]},{"alert_id":{},"status":{"status":"closed"}}]', ['', '']],
    ['[null,"closed",1,true,[],["closed"],[{"status":"closed"}],{}]', Array(8).fill('')],
    ['[{"status":"closed","status":"open","alert_id":"a","alert_id":12345678901234567890}]', ['12345678901234567890']],
    ['[{"status":"closed","status":null}]', ['']],
    ['[{"alert_id":"\\ud800"}]', ['\ufffd']],
    ['[{"Status":"closed"}]', ['']],
  ])('is open with alerts %s', (alerts, open) => {
    const message = read(messageText(alerts));
    expect(message).toMatchObject({ state: 'open', openAlerts: open, openAlertCount: open.length });
  });

  it.each([undefined, 'null', '[]', '[ \n ]', '{}', '{ }'])('is unalerted with alerts %s', (alerts) => {
    expect(read(messageText(alerts))).toMatchObject({ state: 'unalerted', alertCount: 0, openAlertCount: 0 });
  });

  it.each([
    [`{"alerts":[{"status":"open"}],${messageText(closed).slice(1)}`, 'closed', 1],
    [`{"alerts":[{"status":"open"}],${messageText('[]').slice(1)}`, 'unalerted', 0],
    [`{"alerts":[{"status":"open"}],${messageText('null').slice(1)}`, 'unalerted', 0],
    [`{"alerts":${closed},${messageText('[{},{}]').slice(1)}`, 'open', 2],
    [`{"alerts":7,${messageText(closed).slice(1)}`, 'closed', 1],
  ])('depends on the last of two lists of alerts: %s', (text, state, count) => {
    expect(read(text)).toMatchObject({ state, alertCount: count });
  });

  it('compares strings and booleans by text, numbers by value', () => {
    const numbered = shapeWith([], { closedStatuses: ['1', 'true', 'done'] });
    expect(
      read(
        messageText('[{"status":1},{"status":true},{"status":"DONE"},{"status":"1"},{"status":1.0},{"status":10e-1}]'),
        numbered,
      ).state,
    ).toBe('closed');
    expect(read(messageText('[{"status":"1.0"}]'), numbered).state).toBe('open');
  });

  it('comes with the truncated ids of the first 100 open alerts and their count', () => {
    const alerts = Array.from({ length: 250 }, (_, n) => `{"alert_id":"${n}-${'😀'.repeat(200)}"}`);
    const message = read(messageText(`[${alerts.join(',')}]`));
    expect(message).toMatchObject({ alertCount: 250, openAlertCount: 250 });
    expect(message.openAlerts).toHaveLength(100);
    expect(message.openAlerts[99]).toMatch(/^99-😀/);
    for (const id of message.openAlerts) {
      expect(id.length).toBeLessThanOrEqual(openAlertCharsMax);
      expect(id.isWellFormed()).toBe(true);
    }
  });

  it('is read at the pointers of the shape', () => {
    const nested = shapeWith([], {
      id: ['alerts', 'list', '0', 'key/id'],
      timestamp: ['meta', '1'],
      alerts: ['alerts', 'list'],
      alertId: ['key/id'],
      alertStatus: ['state', 'now'],
    });
    const alerts = '[{"key/id":"k","state":{"now":"closed"}},{"key/id":"l","state":{"now":"new"}}]';
    expect(read(`{"alerts":{"list":${alerts}},"meta":[0,86400]}`, nested)).toMatchObject({
      state: 'open',
      id: 'k',
      timestamp: 86_400_000_000n,
      openAlerts: ['l'],
    });
  });
});

describe('the id of a message', () => {
  it.each([
    ['"a"', 'a'],
    ['" "', ' '],
    ['"\\u0000"', '\0'],
    ['"a\\nb\\"\\\\\\/"', 'a\nb"\\/'],
    ['"\\ud83d\\ude00é"', '😀é'],
    ['12345678901234567890', '12345678901234567890'],
    ['-0', '-0'],
    ['1.50', '1.50'],
    ['1e400', '1e400'],
    [`"${'é'.repeat(idBytesMax / 2)}"`, 'é'.repeat(idBytesMax / 2)],
    [`"${'\\u0041'.repeat(idBytesMax)}"`, 'A'.repeat(idBytesMax)],
  ])('may be %.30s', (token, id) => {
    expect(read(messageText(closed, token))).toMatchObject({ state: 'closed', id });
  });

  it('is the last of two members of the same name', () => {
    expect(read(`{"message_id":"a",${messageText(closed).slice(1)}`).id).toBe('m1');
  });

  it.each([
    ['null', 'missing id'],
    ['""', 'missing id'],
    ['true', 'id is neither a string nor a number'],
    ['["a"]', 'id is neither a string nor a number'],
    ['{}', 'id is neither a string nor a number'],
    ['"\\ud800"', 'id is not valid Unicode'],
    ['"a\\udc00\\ud800b"', 'id is not valid Unicode'],
    [`"${'a'.repeat(idBytesMax + 1)}"`, 'id is longer than 8192 bytes'],
    [`"${'é'.repeat(idBytesMax / 2)}a"`, 'id is longer than 8192 bytes'],
    [`"${'é'.repeat(100_000)}"`, 'id is longer than 8192 bytes'],
    ['1'.repeat(idBytesMax + 1), 'id is longer than 8192 bytes'],
  ])('must not be %.30s', (token, reason) => {
    const message = read(messageText(closed, token));
    expect(message).toMatchObject({ state: 'invalid', reason, timestamp: instantMicros, alertCount: 0 });
    expect(message.id).toBeUndefined();
  });

  it('must not be missing', () => {
    expect(read('{"timestamp":0}')).toMatchObject({ state: 'invalid', reason: 'missing id', timestamp: 0n });
    expect(read('{}')).toMatchObject({ state: 'invalid', reason: 'missing id', end: 2 });
  });
});

describe('the timestamp of a message', () => {
  it.each([
    ['"2024-02-29T12:00:00Z"', instantMicros],
    ['"2024-02-29"', instantMicros - 43_200_000_000n],
    ['"2024-02-29T12:00:00\\u002e5\\u005A"', instantMicros + 500_000n],
    ['1709208000', instantMicros],
    ['1.709208e12', instantMicros],
  ])('may be %s', (token, timestamp) => {
    expect(read(messageText(closed, '"a"', token))).toMatchObject({ state: 'closed', timestamp });
  });

  it.each([
    ['null', 'missing timestamp'],
    ['""', 'timestamp cannot be parsed'],
    ['"20240229"', 'timestamp cannot be parsed'],
    ['{"$date":{}}', 'timestamp cannot be parsed'],
    ['"2023-02-29"', 'timestamp cannot be parsed'],
    ['1e400', 'timestamp cannot be parsed'],
    ['true', 'timestamp cannot be parsed'],
    ['[1709208000]', 'timestamp cannot be parsed'],
    [`"${'9'.repeat(1_000_000)}"`, 'timestamp cannot be parsed'],
  ])('must not be %.30s', (token, reason) => {
    const message = read(messageText(closed, '"a"', token));
    expect(message).toMatchObject({ state: 'invalid', reason, id: 'a' });
    expect(message.timestamp).toBeUndefined();
  });

  it('must not be missing', () => {
    expect(read('{"message_id":"a"}')).toMatchObject({ state: 'invalid', reason: 'missing timestamp', id: 'a' });
  });
});

describe('an invalid message', () => {
  it.each(['"closed"', '0', 'false', '""'])('has alerts that are neither a list nor an object: %s', (alerts) => {
    expect(read(messageText(alerts))).toMatchObject({
      state: 'invalid',
      reason: 'alerts are neither a list nor an object',
      id: 'm1',
      timestamp: instantMicros,
    });
  });

  it.each([
    ['null', 4],
    ['"a, }"', 6],
    ['[{}, 1]', 7],
    ['12 ', 2],
    ['nonsense }', 8],
  ])('is not an object: %s', (text, end) => {
    expect(read(text)).toEqual({
      end,
      state: 'invalid',
      reason: 'not a JSON object',
      id: undefined,
      timestamp: undefined,
      alertCount: 0,
      openAlerts: [],
      openAlertCount: 0,
    });
  });

  it('keeps what was read before the JSON became invalid', () => {
    const text = `${messageText(closed).slice(0, -1)},"x":01}`;
    expect(read(`${text}, {}`)).toMatchObject({
      end: text.length,
      state: 'invalid',
      reason: 'not valid JSON',
      id: 'm1',
      timestamp: instantMicros,
      alertCount: 0,
    });
  });

  it.each([
    '{"message_id":"a","x":"\n"}',
    '{"message_id":"a","x":"\\x"}',
    '{"message_id":"a","x":.5}',
    '{"message_id":"a","alerts":[{"status":closed}]}',
    '{"message_id":"a","alerts":[{"status":"closed",}]}',
    '{"message_id":"a",}',
    '{"message_id":"a" "x":1}',
    '{"message_id":"a"',
    '{"message_id":"a","x":"',
  ])('is not JSON: %j', (text) => {
    expect(read(text)).toMatchObject({ end: text.length, state: 'invalid', reason: 'not valid JSON', id: 'a' });
  });

  it('keeps a valid id if it is not UTF-8', () => {
    const latin = Buffer.from(messageText('[{"alert_id":"é","status":"closed"}]'), 'latin1');
    expect(read(latin)).toMatchObject({
      end: latin.length,
      state: 'invalid',
      reason: 'not valid UTF-8',
      id: 'm1',
      timestamp: instantMicros,
    });
    const latinId = read(Buffer.from(messageText(closed, '"é"'), 'latin1'));
    expect(latinId).toMatchObject({ state: 'invalid', reason: 'not valid UTF-8' });
    expect(latinId.id).toBeUndefined();
  });

  it.each([
    [999, 'closed'],
    [1_000, 'invalid'],
    [100_000, 'invalid'],
  ])('is nested too deep: %i lists within the object make it %s', (depth, state) => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const beside = `${messageText(closed).slice(0, -1)},"x":${nested(depth)}}`;
    const within = messageText(`[{"status":"closed","x":${nested(depth - 2)}}]`);
    for (const text of [beside, within]) {
      const message = read(`${text}, {}`);
      expect(message).toMatchObject({ end: text.length, state, id: 'm1', timestamp: instantMicros });
      expect(message.reason).toBe(state === 'invalid' ? 'nested deeper than 1000 levels' : undefined);
    }
  });

  it('is larger than 64 MiB', () => {
    const head = bytesOf(`${messageText(closed).slice(0, -1)},"x":"`);
    const bytes = new Uint8Array(messageBytesMax + 1).fill(0x61);
    bytes.set(head);
    bytes.set(bytesOf('"}'), messageBytesMax - 1);
    expect(read(bytes)).toMatchObject({
      end: messageBytesMax + 1,
      state: 'invalid',
      reason: 'larger than 64 MiB',
      id: 'm1',
      timestamp: instantMicros,
    });
    bytes.set(bytesOf('"} '), messageBytesMax - 2);
    expect(read(bytes)).toMatchObject({ end: messageBytesMax, state: 'closed' });
  });
});

describe('readMessage', () => {
  it('reads a message in the middle of the bytes', () => {
    const text = messageText(closed);
    const bytes = Buffer.from(`[1,${text} , ${text}]`);
    expect(readMessage(bytes, 3, shape)).toMatchObject({ end: 3 + text.length, state: 'closed' });
    expect(readMessage(bytes.subarray(1), 5 + text.length, shape)).toMatchObject({ end: 5 + 2 * text.length });
  });
});

describe('readRow', () => {
  it('reads the values of a row', () => {
    const text = ' {"timestamp":1.5,"alerts":[{"alert_id":1,"status":"Closed"},{"status":"closed"}],"message_id":7} \n';
    expect(readRow(bytesOf(text), shape)).toEqual({
      id: '7',
      timestamp: 1_500_000n,
      alerts: [
        { id: '1', status: 'Closed' },
        { id: null, status: 'closed' },
      ],
      columns: [],
    });
  });

  const value = (text: string | undefined, type: ColumnType) => {
    const compiled = shapeWith([
      { name: 'first', pointer: ['alerts', '0', 'status'], type: 'string' },
      { name: 'it', pointer: ['x', 'y'], type },
    ]);
    const member = text === undefined ? '' : `,"x":{"y":${text}}`;
    const [first, it] = readRow(bytesOf(`${messageText(closed).slice(0, -1)}${member}}`), compiled).columns;
    expect(first).toBe('closed');
    return it;
  };

  it.each<[ColumnType, string | undefined, unknown]>([
    ['string', '"a\\u0000\\n\\ud83d\\ude00"', 'a\0\n😀'],
    ['string', '"\\ud800x"', '\ufffdx'],
    ['string', '""', ''],
    ['string', '1.50', '1.50'],
    ['string', 'true', 'true'],
    ['string', '{ "a" : [1, "\\ud800"] }', '{ "a" : [1, "\\ud800"] }'],
    ['string', '[]', '[]'],
    ['string', 'null', null],
    ['string', undefined, null],
    ['int64', '0', 0n],
    ['int64', '-0', 0n],
    ['int64', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['int64', '-9223372036854775808', -9_223_372_036_854_775_808n],
    ['int64', '9223372036854775808', null],
    ['int64', '"42"', 42n],
    ['int64', '"042"', null],
    ['int64', '" 42"', null],
    ['int64', '""', null],
    ['int64', '1.0', null],
    ['int64', '1e3', null],
    ['int64', '1'.repeat(100_000), null],
    ['int64', 'true', null],
    ['int64', '[1]', null],
    ['int64', 'null', null],
    ['int64', undefined, null],
    ['double', '1.5', 1.5],
    ['double', '-1e-7', -1e-7],
    ['double', '100000000000000000001', 1e20],
    ['double', '1e400', null],
    ['double', '"2.5"', 2.5],
    ['double', '"0x10"', null],
    ['double', '"Infinity"', null],
    ['double', 'false', null],
    ['double', '{}', null],
    ['boolean', 'true', true],
    ['boolean', 'false', false],
    ['boolean', '"true"', null],
    ['boolean', '1', null],
    ['boolean', 'null', null],
    ['timestamp', '"2024-02-29T12:00:00Z"', instantMicros],
    ['timestamp', '1709208000000', instantMicros],
    ['timestamp', '"yesterday"', null],
    ['timestamp', 'true', null],
    ['timestamp', '{}', null],
    ['timestamp', undefined, null],
  ])('converts for a %s column %.40s to %s', (type, text, expected) => {
    expect(value(text, type)).toBe(expected);
  });

  it.each([
    messageText('[]'),
    messageText('[{"status":"open"}]'),
    messageText(`[{"status":"closed"},null]`),
    messageText('{}'),
    messageText('{"a":{"status":"open"}}'),
    messageText('"closed"'),
    messageText(closed, 'null'),
    messageText(closed, '"a"', '"never"'),
    messageText(closed).slice(0, -1),
    `${messageText(closed)} {}`,
    '[]',
    '',
  ])('rejects anything but one closed message: %s', (text) => {
    expect(() => readRow(bytesOf(text), shape)).toThrow('A row requires exactly one closed message');
  });

  it('rejects a message that is not UTF-8', () => {
    expect(() => readRow(Buffer.from(messageText(closed, '"é"'), 'latin1'), shape)).toThrow('not valid UTF-8');
  });
});

describe('lastAlertChange', () => {
  it.each([
    [
      '[{"opened":"2024-01-01T00:00:00Z","closed":"2024-02-29T12:00:00Z"},{"closed":"2024-02-01T00:00:00Z"}]',
      instantMicros,
    ],
    ['[{"at":"2024-02-29T13:00:00+01:00"},{"at":"2024-02-29T11:59:59"}]', instantMicros],
    [
      '[{"at":"2024-02-29 12:00:00","due":"2099-01-01","n":4102444800,"deep":{"at":"2098-01-01T00:00:00Z"}}]',
      instantMicros,
    ],
    ['[null,1,"x",[],{},{"at":"never ever"}]', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['{"a-1":{"at":"2024-02-29T12:00:00Z"},"a-2":{"at":"2024-02-28T12:00:00Z"}}', instantMicros],
    ['{"status":"open","at":"2024-02-29T12:00:00Z"}', instantMicros],
    ['[{"at":"Thu, 29 Feb 2024 12:00:00 +0000"},{"at":"1709208001"}]', instantMicros],
    ['"2024-02-29T12:00:00Z"', undefined],
    [undefined, undefined],
  ])('of %s is %s', (alerts, micros) => {
    expect(lastAlertChange(bytesOf(messageText(alerts)), shape)).toBe(micros);
  });

  it('is undefined if there is no message', () => {
    expect(lastAlertChange(bytesOf('{"alerts":['), shape)).toBeUndefined();
  });
});
