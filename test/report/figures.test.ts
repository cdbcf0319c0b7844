import { expect, it } from 'vitest';
import { slotsOf, totalsOf } from '../../src/report/coverage.ts';
import { figures, proof } from '../../src/report/figures.ts';
import { completeArchive, monthly, now, recordOf, slotsOfYears, stagedOf } from './archives.ts';
import { textOf } from './text.ts';

const slots = slotsOfYears(monthly);
const [first] = slots;
const counts = { read: 1_234, closed: 1_000, open: 200, unalerted: 30, invalid: 3, duplicates: 1 };
const ledger = slots.map((slot) => recordOf(slot, { counts, rows: 1_001, bytes_in: 5_000_000, bytes_out: 1_000_000 }));

it('the archive in a few numbers', () => {
  const facts = completeArchive(monthly, { ledger, staged: [stagedOf(first!, 'a'), stagedOf(slots[9]!, 'b')] });
  expect(textOf(figures(slotsOf(facts), totalsOf(ledger), facts.staged, now))).toEqual([
    'Archived',
    '127,127 messages',
    'in 127 objects',
    'Waiting for their alerts',
    '2 messages',
    'the oldest for 7 years',
    'Covered',
    '7 years',
    'from 1 January 2019 to 15 January 2026',
    'Stored',
    '127 MB',
    'from 635 MB of JSON',
  ]);
});

it('the archive before anything was read', () => {
  expect(textOf(figures([], totalsOf([]), [], now))).toEqual([
    'Archived',
    '0 messages',
    'in 0 objects',
    'Waiting for their alerts',
    '0 messages',
    'Stored',
    '0 B',
    'from 0 B of JSON',
  ]);
});

it('the numbers of the proof', () => {
  const pieces = textOf(proof(totalsOf(ledger.slice(0, 2))));
  expect(pieces.filter((_, n) => n % 3 === 0)).toEqual(['2,468', '2,000', '400', '60', '6', '2']);
  expect(pieces.filter((_, n) => n % 3 === 1)).toEqual([
    'read',
    'closed',
    'open',
    'unalerted',
    'invalid',
    'duplicates',
  ]);
});
