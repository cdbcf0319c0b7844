import { describe, expect, it } from 'vitest';
import {
  type ArchiveSettings,
  checkSettings,
  formatArchiveFile,
  parseArchiveFile,
} from '../../src/archive/settings.ts';
import type { Column } from '../../src/messages/message.ts';
import { plainSettings } from '../support/embedded.ts';
import { plainShape } from '../support/messages.ts';

const url = 'file:archive';
const id = '3f2b7c1e-0000-4000-8000-000000000001';
const subject: Column = { name: 'subject', pointer: ['subject'], type: 'string' };
const size: Column = { name: 'size', pointer: ['meta', 'si/ze'], type: 'int64' };
const withShape = (changes: Partial<ArchiveSettings['shape']>): ArchiveSettings => ({
  ...plainSettings,
  shape: { ...plainShape, ...changes },
});

/** Compares a run's settings with those of an archive. */
function check(made: ArchiveSettings, wanted: ArchiveSettings): boolean {
  return checkSettings(parseArchiveFile(formatArchiveFile(id, made), url), wanted, url);
}

describe('_archive.json', () => {
  it('has the id, the layout version and every input that shapes content', () => {
    const text = formatArchiveFile(id, withShape({ columns: [subject, size], closedStatuses: ['done', 'closed'] }));
    expect(JSON.parse(text)).toEqual({
      id: id,
      layout: '1',
      settings: {
        'window-days': '60',
        'partition-by': 'month',
        format: 'parquet',
        columns: ['subject: /subject string', 'size: /meta/si~1ze int64'],
        'closed-statuses': ['closed', 'done'],
        'message-id': '/message_id',
        'message-timestamp': '/timestamp',
        'message-time-format': '',
        'message-time-zone': 'UTC',
        'message-alerts': '/alerts',
        'alert-id': '/alert_id',
        'alert-status': '/status',
      },
    });
    expect(parseArchiveFile(text, url).id).toBe(id);
  });

  it.each([
    ['not JSON', '{', 'is not JSON'],
    ['null', 'null', 'has no id or no settings'],
    ['a list', '[]', 'has no id or no settings'],
    ['without id', '{"layout":"1","settings":{}}', 'has no id or no settings'],
    ['without settings', '{"id":"x","layout":"1","settings":null}', 'has no id or no settings'],
    [
      'of another layout',
      '{"id":"x","layout":"2","settings":{}}',
      'has layout "2", but this version supports layout 1',
    ],
    ['with an id of words', '{"id":"x","layout":"1","settings":{}}', 'has the id "x", which is not a UUID'],
    ['with an id in capitals', `{"id":"${id.replace('f', 'F')}","layout":"1","settings":{}}`, 'has the id "3F2b'],
    ['with more after its id', `{"id":"${id}\\n--> @all","layout":"1","settings":{}}`, `has the id "${id}\\n--> @all"`],
  ])('is rejected if it is %s', (_, text, problem) => {
    const message = expect.stringContaining(`${url} cannot be used: its _archive.json ${problem}`);
    expect(() => parseArchiveFile(text, url)).toThrow(expect.objectContaining({ code: 'archive-invalid', message }));
  });
});

describe('checkSettings', () => {
  it('ignores the order of closed-statuses', () => {
    const made = withShape({ closedStatuses: ['closed', 'done'] });
    expect(check(made, withShape({ closedStatuses: ['done', 'closed'] }))).toBe(false);
  });

  it('assumes the implied values of settings that older versions did not write', () => {
    const { settings, ...file } = parseArchiveFile(formatArchiveFile(id, plainSettings), url);
    const older = Object.fromEntries(Object.entries(settings).filter(([name]) => !name.startsWith('message-time-')));
    expect(checkSettings({ ...file, settings: older }, plainSettings, url)).toBe(false);
    const berlin = withShape({ timeZone: 'Europe/Berlin' });
    expect(() => checkSettings({ ...file, settings: older }, berlin, url)).toThrow('was created with "UTC"');
  });

  it.each<[string, ArchiveSettings, string, string]>([
    ['window-days', { ...plainSettings, layout: { windowDays: 30, partitionBy: 'month' } }, '"30"', '"60"'],
    ['partition-by', { ...plainSettings, layout: { windowDays: 60, partitionBy: 'day' } }, '"day"', '"month"'],
    ['format', { ...plainSettings, format: 'jsonl' }, '"jsonl"', '"parquet"'],
    ['closed-statuses', withShape({ closedStatuses: ['closed', 'done'] }), '"closed", "done"', '"closed"'],
    ['message-id', withShape({ id: ['id'] }), '"/id"', '"/message_id"'],
    ['message-timestamp', withShape({ timestamp: ['at'] }), '"/at"', '"/timestamp"'],
    ['message-alerts', withShape({ alerts: ['a'] }), '"/a"', '"/alerts"'],
    ['message-time-format', withShape({ timeFormat: 'dd/MM/yyyy' }), '"dd/MM/yyyy"', '""'],
    ['message-time-zone', withShape({ timeZone: 'Europe/Berlin' }), '"Europe/Berlin"', '"UTC"'],
    ['alert-id', withShape({ alertId: ['id'] }), '"/id"', '"/alert_id"'],
    ['alert-status', withShape({ alertStatus: ['s'] }), '"/s"', '"/status"'],
  ])('rejects another %s and names both values', (name, given, shown, kept) => {
    const message = expect.stringContaining(
      `The input \`${name}\` is ${shown}, but the archive ${url} was created with ${kept}.`,
    );
    expect(() => check(plainSettings, given)).toThrow(
      expect.objectContaining({ code: 'archive-settings-differ', message }),
    );
  });

  it('returns true for columns added at the end', () => {
    expect(check(plainSettings, withShape({ columns: [subject] }))).toBe(true);
    expect(check(withShape({ columns: [subject] }), withShape({ columns: [subject, size] }))).toBe(true);
  });

  it.each<[string, Column[], Column[], string, string]>([
    ['removed', [subject, size], [subject], '"subject: /subject string"', '"size: /meta/si~1ze int64"'],
    ['all removed', [subject], [], 'none', '"subject: /subject string"'],
    ['added before the others', [subject], [size, subject], '"size: /meta/si~1ze int64"', '"subject: /subject string"'],
    ['of another type', [subject], [{ ...subject, type: 'double' }], 'double"', 'string"'],
  ])('rejects columns that are %s and names both lists', (_, made, given, shown, kept) => {
    const attempt = () => check(withShape({ columns: made }), withShape({ columns: given }));
    expect(attempt).toThrow(expect.objectContaining({ code: 'archive-settings-differ' }));
    expect(attempt).toThrow('`columns`');
    expect(attempt).toThrow(shown);
    expect(attempt).toThrow(kept);
  });
});
