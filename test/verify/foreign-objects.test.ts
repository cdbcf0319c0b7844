import { describe, expect, it } from 'vitest';
import { objectPath } from '../../src/archive/layout.ts';
import { decide } from '../../src/plan/decide.ts';
import { foreignObjects } from '../../src/verify/foreign-objects.ts';
import { slotsIn } from '../../src/windows/slot.ts';
import { settledFacts, withRecord } from '../windows/facts.ts';

const facts = settledFacts();
const [first, second, third] = slotsIn(facts.range, facts.layout) as [Slot, Slot, Slot];
type Slot = ReturnType<typeof slotsIn>[number];

const listed = (...paths: string[]) => paths.map((path) => ({ path, version: 'v1', bytes: 1 }));
const paths = [first, second, third].map((slot) => objectPath(slot, 'parquet'));

describe('strangers', () => {
  it('are not to be found where every object has its record', () => {
    expect(foreignObjects(listed(...paths), 'parquet', facts, decide(facts))).toEqual([]);
  });

  it('are what no run wrote', () => {
    const copy = paths[0]!.replace('.parquet', ' (1).parquet');
    expect(foreignObjects(listed(copy, ...paths, 'month=2024-01/notes.txt'), 'parquet', facts, decide(facts))).toEqual([
      `No run wrote ${copy} and 1 other object, which readers take for part of the archive: move away what is not its own.`,
    ]);
    const other = objectPath(first, 'jsonl');
    expect(foreignObjects(listed(other), 'parquet', facts, decide(facts))).toEqual([
      `No run wrote ${other}, which readers take for part of the archive: move away what is not its own.`,
    ]);
  });

  it('are what the ledger does not know, unless this run reads it', () => {
    const unknown = withRecord(facts, second.id, undefined);
    const objects = listed(...paths);
    expect(foreignObjects(objects, 'parquet', unknown, [])).toEqual([
      `The ledger has no record of ${paths[1]}, and this run does not read its time: see that \`staging\` names what the archive was made with, or run over all of its time.`,
    ]);
    expect(foreignObjects(objects, 'parquet', unknown, decide(unknown))).toEqual([]);
  });
});
