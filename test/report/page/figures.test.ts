import { expect, it } from 'vitest';
import { totalsOf } from '../../../src/report/page/coverage.ts';
import { figures, proof } from '../../../src/report/page/figures.ts';
import { completeArchive, coverageOf, monthly, recordOf, slotsOfYears, stagedOf } from './archives.ts';
import { textOf } from './text.ts';

const slots = slotsOfYears(monthly);
const counts = { read: 1_234, closed: 1_000, open: 200, unalerted: 30, invalid: 3, duplicates: 1 };
const ledger = slots.map((slot) => recordOf(slot, { counts, rows: 1_001, bytes_in: 5_000_000, bytes_out: 1_000_000 }));

it('figures sum up an archive', () => {
  const archive = completeArchive(monthly, { ledger, staged: [stagedOf(slots[9]!, 'b'), stagedOf(slots[0]!, 'a')] });
  expect(textOf(figures(archive.survey, coverageOf(archive), totalsOf(archive.survey)))).toEqual([
    'Archived messages',
    '127,127',
    'in 127 objects',
    'Pending messages',
    '2',
    'oldest: 7 years',
    'Covered',
    '7 years',
    'since 1 January 2019',
    'Stored',
    '127 MB',
    'from 635 MB of JSON',
  ]);
});

it('figures are zero for an empty archive', () => {
  const { survey } = completeArchive(monthly, { ledger: [], planned: [] });
  expect(textOf(figures(survey, [], totalsOf(survey)))).toEqual([
    'Archived messages',
    '0',
    'in 0 objects',
    'Pending messages',
    '0',
    'no open alerts',
    'Stored',
    '0 B',
    'from 0 B of JSON',
  ]);
});

it('proof adds up all messages by outcome', () => {
  const pieces = textOf(proof(totalsOf(completeArchive(monthly, { ledger: ledger.slice(0, 2) }).survey)));
  expect(pieces.filter((_, n) => n % 3 === 0)).toEqual(['2,468', '2,000', '400', '60', '6', '2']);
  expect(pieces.filter((_, n) => n % 3 === 1)).toEqual([
    'read',
    'closed',
    'open',
    'without alerts',
    'invalid',
    'duplicates',
  ]);
});
