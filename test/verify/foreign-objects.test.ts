import { describe, expect, it } from 'vitest';
import { objectPath } from '../../src/archive/layout.ts';
import { decide } from '../../src/plan/decide.ts';
import { foreignObjectWarnings } from '../../src/verify/foreign-objects.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { settledFacts, withRecord } from '../windows/facts.ts';

const facts = settledFacts();
const [first, second, third] = slotsIn(facts.range, facts.layout) as [Slot, Slot, Slot];
type Slot = ReturnType<typeof slotsIn>[number];

const listed = (...paths: string[]) => paths.map((path) => ({ path, version: 'v1', bytes: 1 }));
const paths = [first, second, third].map((slot) => objectPath(slot, 'parquet'));

describe('foreignObjectWarnings', () => {
  it('is empty if every object has its record', () => {
    expect(foreignObjectWarnings(listed(...paths), 'parquet', facts, decide(facts))).toEqual([]);
  });

  it('names objects of no slot', () => {
    const copy = paths[0]!.replace('.parquet', ' (1).parquet');
    expect(
      foreignObjectWarnings(listed(copy, ...paths, 'month=2024-01/notes.txt'), 'parquet', facts, decide(facts)),
    ).toEqual([
      `Unexpected files in the archive: ${copy} and 1 other object. Readers take them for part of it. Move away everything that no run wrote.`,
    ]);
    const other = objectPath(first, 'jsonl');
    expect(foreignObjectWarnings(listed(other), 'parquet', facts, decide(facts))).toEqual([
      expect.stringContaining(other),
    ]);
  });

  it('names objects without a record, unless this run reads their slots', () => {
    const unknown = withRecord(facts, second.id, undefined);
    const objects = listed(...paths);
    expect(foreignObjectWarnings(objects, 'parquet', unknown, [])).toEqual([
      `The ledger has no record of ${paths[1]}, outside of this run's range. Check that \`staging\` belongs to this archive, or run over the archive's full range.`,
    ]);
    expect(foreignObjectWarnings(objects, 'parquet', unknown, decide(unknown))).toEqual([]);
  });
});
