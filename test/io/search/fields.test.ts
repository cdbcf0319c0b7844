import { describe, expect, it } from 'vitest';
import {
  type Capabilities,
  type FieldCapabilities,
  fieldName,
  fieldsInQuestion,
  readFields,
  stubPaths,
} from '../../../src/io/search/fields.ts';
import { plainShape } from '../../support/messages.ts';

const capable = { searchable: true, aggregatable: true };
const date = { timestamp: { date: capable } };

const read = (fields: Capabilities['fields'], indices = ['one', 'two']) =>
  readFields({ indices, fields }, plainShape, { product: 'Elasticsearch', where: 'messages at http://search' });

const statusOf = (fields: Record<string, FieldCapabilities>) => read({ ...date, ...fields }).status;

describe('field names', () => {
  it('omit the list indices of a pointer', () => {
    expect(fieldName(['a', '0', 'b.c'])).toBe('a.b.c');
    expect(
      fieldsInQuestion({ ...plainShape, alerts: ['review', '0', 'alerts'], alertStatus: ['state', 'name'] }),
    ).toEqual([
      'timestamp',
      'message_id',
      'message_id.keyword',
      'review.alerts.state.name',
      'review.alerts.state.name.keyword',
      'review.alerts.state',
      'review.alerts',
      'review',
    ]);
  });

  it('of stubs end before the first list index', () => {
    expect(stubPaths({ ...plainShape, id: ['ids', '1', 'value'], timestamp: ['sent', 'at'] })).toEqual([
      'ids',
      'sent.at',
      'alerts',
    ]);
  });

  it.each([
    [['threads', '*', 'alerts'], ['status'], ['threads'], 'threads.alerts.status'],
    [['alerts', '*'], ['state', 'now'], ['alerts'], 'alerts.state.now'],
    [['*', 'alerts'], ['status'], ['*'], 'alerts.status'],
    [['statuses'], [], ['statuses'], 'statuses'],
  ])('cover everything that a `*` matches: %j, %j', (alerts, alertStatus, stub, field) => {
    const shape = { ...plainShape, alerts, alertStatus };
    expect(stubPaths(shape)).toEqual(['message_id', 'timestamp', ...stub]);
    expect(fieldsInQuestion(shape)).toContain(field);
  });

  it('are never empty', () => {
    const names = fieldsInQuestion({ ...plainShape, alerts: ['*'], alertStatus: [] });
    expect(names).toEqual(['timestamp', 'message_id', 'message_id.keyword']);
  });
});

describe('the timestamp', () => {
  it('may be a date in one index and a date_nanos in another', () => {
    expect(read(date).timestamp).toEqual({ field: 'timestamp', hasNanos: false, isMixed: false });
    expect(read({ timestamp: { date_nanos: capable } }).timestamp).toMatchObject({ hasNanos: true, isMixed: false });
    const mixed = { date: { ...capable, indices: 'one' }, date_nanos: { ...capable, indices: ['two'] } };
    expect(read({ timestamp: mixed }).timestamp).toMatchObject({ hasNanos: true, isMixed: true });
  });

  it('lists the indices that do not map it', () => {
    expect(read(date).withoutTimestamp).toEqual([]);
    const unmapped = { searchable: false, aggregatable: false, indices: ['two'] };
    expect(read({ timestamp: { date: capable, unmapped } }).withoutTimestamp).toEqual(['two']);
  });

  it.each<[string, FieldCapabilities | undefined, string]>([
    ['unmapped', undefined, 'message-timestamp (/timestamp)'],
    [
      'text in some index',
      { date: { ...capable, indices: ['one'] }, text: { ...capable, indices: ['two', 'three'] } },
      'text instead of date in two, three',
    ],
    ['a date without doc values', { date: { searchable: true, aggregatable: false } }, 'doc_values'],
  ])('is rejected if it is %s', (_, timestamp, detail) => {
    const work = () => read(timestamp === undefined ? {} : { timestamp });
    expect(work).toThrow(expect.objectContaining({ code: 'source-index-invalid' }));
    expect(work).toThrow(detail);
  });
});

describe('the id', () => {
  it.each<[string, Record<string, FieldCapabilities>, string | undefined]>([
    ['a keyword', { message_id: { keyword: capable } }, 'message_id'],
    [
      'a text with a keyword',
      { message_id: { text: capable }, 'message_id.keyword': { keyword: capable } },
      'message_id.keyword',
    ],
    ['a text', { message_id: { text: capable } }, undefined],
    ['a number somewhere', { message_id: { keyword: capable, long: capable } }, undefined],
    ['nothing', {}, undefined],
  ])('is searched in %s', (_, fields, id) => {
    expect(read({ ...date, ...fields }).id).toBe(id);
  });
});

describe('the status', () => {
  const keyword = { keyword: capable };
  const unmapped = { searchable: false, aggregatable: false };
  const plain = { field: 'alerts.status', nested: [], isPlain: true };

  it.each<[string, Record<string, FieldCapabilities>, unknown]>([
    ['a keyword', { 'alerts.status': keyword, alerts: { object: unmapped } }, plain],
    ['a keyword in some index', { 'alerts.status': { ...keyword, unmapped } }, plain],
    [
      'a text with a keyword',
      { 'alerts.status': { text: { searchable: true, aggregatable: false } }, 'alerts.status.keyword': keyword },
      { ...plain, field: 'alerts.status.keyword' },
    ],
    [
      'nested',
      { 'alerts.status': keyword, alerts: { nested: unmapped } },
      { field: 'alerts.status', nested: ['alerts'], isPlain: false },
    ],
    [
      'nested in some index',
      { 'alerts.status': keyword, alerts: { nested: unmapped, object: unmapped } },
      { field: 'alerts.status', nested: ['alerts'], isPlain: true },
    ],
    ['flattened', { alerts: { flattened: capable } }, plain],
    [
      'flattened and nested',
      { 'alerts.status': keyword, alerts: { flattened: capable, nested: unmapped } },
      { ...plain, nested: ['alerts'] },
    ],
    ['a text', { 'alerts.status': { text: { searchable: true, aggregatable: false } } }, undefined],
    ['a number somewhere', { 'alerts.status': { ...keyword, long: capable } }, undefined],
    ['not mapped', { 'alerts.status': { unmapped } }, undefined],
    ['unknown', {}, undefined],
  ])('is searchable, or not: %s', (_, fields, status) => {
    expect(statusOf(fields)).toEqual(status);
  });
});
