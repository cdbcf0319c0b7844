import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isInPartition,
  objectPath,
  quarantineFolder,
  removedFolder,
  settingsPath,
  slotOfPath,
} from '../../src/archive/layout.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { anyLayout, anyMs } from '../windows/arbitraries.ts';

const slot = slotAt(Date.parse('2024-06-20T12:00:00Z'), { windowDays: 366, partitionBy: 'month' });
const daySlot = slotAt(Date.parse('2024-06-20T12:00:00Z'), { windowDays: 60, partitionBy: 'day' });

describe('layout', () => {
  it('names an object by its slot, in the folder of its partition', () => {
    expect(objectPath(slot, 'parquet')).toBe('month=2024-06/messages-20240601T000000Z-20240701T000000Z.parquet');
    expect(objectPath(daySlot, 'jsonl')).toBe('day=2024-06-20/messages-20240620T000000Z-20240621T000000Z.jsonl.gz');
  });

  it('has a folder for each slot in quarantine and in the lists of removed messages', () => {
    expect(quarantineFolder(slot.id)).toBe('_quarantine/20240601T000000Z-20240701T000000Z');
    expect(removedFolder(slot.id)).toBe('_removed/20240601T000000Z-20240701T000000Z');
  });

  it('finds the slot of every object path', () => {
    fc.assert(
      fc.property(anyMs, anyLayout, fc.constantFrom('parquet' as const, 'jsonl' as const), (ms, layout, format) => {
        const any = slotAt(ms, layout);
        expect(slotOfPath(objectPath(any, format), { layout, format })).toEqual(any);
        const other = format === 'jsonl' ? 'parquet' : 'jsonl';
        expect(slotOfPath(objectPath(any, format), { layout, format: other })).toBeUndefined();
      }),
    );
  });

  it('recognizes paths that query engines read as part of the archive', () => {
    const found = [`month=2024-06/messages-${slot.id}.parquet`, 'day=2024-06-01/a.csv', 'month=x/y/z'];
    expect(found.filter((path) => !isInPartition(path))).toEqual([]);
    const notFound = [
      settingsPath,
      `${quarantineFolder(slot.id)}/ab.jsonl`,
      'month=2024-06/',
      'old/month=2024-06/a',
      'a.parquet',
    ];
    expect(notFound.filter(isInPartition)).toEqual([]);
  });

  it.each([
    settingsPath,
    '_report/ledger.json',
    `${quarantineFolder(slot.id)}/ab.jsonl`,
    `_tmp/messages-${slot.id}.parquet`,
    `messages-${slot.id}.parquet`,
    `month=2024-06/messages-${slot.id}.parquet.tmp`,
    `month=2024-06/messages-${slot.id}.csv`,
    `month=2024-06/messages-${slot.id}.jsonl.gz`,
    `month=2024-07/messages-${slot.id}.parquet`,
    `month=2023-06/messages-${slot.id}.parquet`,
    `day=2024-06-02/messages-${slot.id}.parquet`,
    'day=2024-06-20/messages-20240620T000000Z-20240621T000000Z.parquet',
    'month=2024-06/messages-20240601T000000Z-20240615T000000Z.parquet',
    'month=2024-13/messages-20241301T000000Z-20240615T000000Z.parquet',
    `month=2024-06/other-${slot.id}.parquet`,
    `copy/month=2024-06/messages-${slot.id}.parquet`,
    `month=2024-06/messages-${slot.id.replace('Z', '')}.parquet`,
  ])('does not accept %s as the object of a slot', (path) => {
    expect(slotOfPath(path, { layout: { windowDays: 366, partitionBy: 'month' }, format: 'parquet' })).toBeUndefined();
  });
});
