import { describe, expect, it } from 'vitest';
import type { SourceTruth } from '../../demo/source-process.ts';
import { compare, expectation, isSame, type Look, type Row } from '../../demo/truth.ts';
import { slotAt } from '../../src/windows/slot.ts';

const layout = { windowDays: 365, partitionBy: 'month' } as const;
const recentDays = 60;
const instants = ['2026-01-01', '2026-01-08', '2027-01-01'].map((day) => Date.parse(day));
const settledAt = Date.parse('2025-03-10');

type States = readonly (SourceTruth['state'] | undefined)[];

/** Looks at one message: its state at each instant, undefined where it cannot be seen; each state has a text of its own. */
function looks(states: States, timestamp = settledAt, read: readonly string[] = []): Look[] {
  return states.map((state, n) => ({
    at: instants[n]!,
    read: new Set(read),
    truth: state === undefined ? [] : [{ id: 'm', timestamp: timestamp * 1_000, state, sha256: `${state}-${n}` }],
  }));
}

/** The hashes that may be found of the message; undefined where it may not be there. */
function shasOf(all: readonly Look[]): string[] | undefined {
  const one = expectation(all, layout, recentDays).owed.get('m');
  return one && [...one.shas];
}

describe('what an archive has to hold', () => {
  it('is what was closed when its slot was first read', () => {
    expect(shasOf(looks(['closed']))).toEqual(['closed-0']);
    expect(shasOf(looks(['open']))).toBeUndefined();
    expect(shasOf(looks(['unalerted']))).toBeUndefined();
    expect(shasOf(looks(['invalid']))).toBeUndefined();
  });

  it('is what waited and was closed since, in a settled slot too', () => {
    expect(shasOf(looks(['open', 'open', 'closed']))).toEqual(['closed-2']);
  });

  it('is what came late, which the audit finds', () => {
    expect(shasOf(looks([undefined, 'closed', 'closed']))).toEqual(['closed-1']);
    expect(shasOf(looks([undefined, 'open', 'closed']))).toEqual(['closed-2']);
  });

  it('stays what it was when it is opened again', () => {
    expect(shasOf(looks(['closed', 'open', 'open']))).toEqual(['closed-0']);
  });

  it('is not looked at in a settled slot, unless a plan chose to', () => {
    expect(shasOf(looks(['closed', 'closed', 'closed']))).toEqual(['closed-0']);
    const chosen = [slotAt(settledAt, layout).id];
    expect(shasOf(looks(['closed', 'closed', 'closed'], settledAt, chosen))).toEqual([
      'closed-0',
      'closed-1',
      'closed-2',
    ]);
  });

  it('is looked at in a live slot, and once more to settle it', () => {
    const live = Date.parse('2025-12-20');
    expect(shasOf(looks(['unalerted', 'closed', 'closed'], live))).toEqual(['closed-1', 'closed-2']);
  });

  it('is not what lies in the future of a look', () => {
    expect(shasOf(looks(['closed'], instants[0]))).toBeUndefined();
    expect(shasOf(looks(['closed', 'closed'], instants[0]))).toEqual(['closed-1']);
  });

  it('lacks a first alert after the slot had settled, and counts it', () => {
    const { owed, unnoticed } = expectation(looks(['unalerted', 'unalerted', 'closed']), layout, recentDays);
    expect([owed.size, unnoticed]).toEqual([0, 1]);
  });

  it('has nothing without an id', () => {
    const truth = [{ id: null, timestamp: settledAt * 1_000, state: 'closed' as const, sha256: 'x' }];
    expect(expectation([{ at: instants[0]!, read: new Set(), truth }], layout, recentDays).owed.size).toBe(0);
  });
});

describe('the comparison', () => {
  const row = (change: Partial<Row> = {}): Row => ({ id: 'm', sha: 'closed-2', holds: true, ...change });
  const expected = expectation(
    looks(['closed', 'open', 'closed'], settledAt, [slotAt(settledAt, layout).id]),
    layout,
    60,
  );
  const none = { messages: 1, missing: [], extra: [], twice: [], damaged: [], foreign: [], older: [] };

  it.each([
    ['the same', [row()], {}, true],
    ['an earlier closed version', [row({ sha: 'closed-0' })], { older: ['m'] }, true],
    ['nothing', [], { missing: ['m'] }, false],
    ['a message too many', [row(), row({ id: 'n' })], { extra: ['n'] }, false],
    ['a message twice', [row(), row()], { twice: ['m'] }, false],
    ['a payload that is not its hash', [row({ holds: false })], { damaged: ['m'] }, false],
    ['the text with an open alert', [row({ sha: 'open-1' })], { foreign: ['m'] }, false],
  ])('finds %s', (_, rows, found, same) => {
    const comparison = compare(expected, rows);
    expect(comparison).toEqual({ ...none, ...found });
    expect(isSame(comparison)).toBe(same);
  });
});
