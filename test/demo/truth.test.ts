import { describe, expect, it } from 'vitest';
import type { SourceTruth } from '../../demo/source-process.ts';
import { compare, expectation, isSame, type Observation, type Row } from '../../demo/truth.ts';
import { slotAt } from '../../src/windows/slot.ts';

const layout = { windowDays: 365, partitionBy: 'month' } as const;
const recentDays = 60;
const instants = ['2026-01-01', '2026-01-08', '2027-01-01'].map((day) => Date.parse(day));
const settledAt = Date.parse('2025-03-10');

type States = readonly (SourceTruth['state'] | undefined)[];

/** Observations of one message: its state at each instant, undefined if it is not visible; each state has its own text. */
function observe(states: States, timestamp = settledAt, read: readonly string[] = []): Observation[] {
  return states.map((state, n) => ({
    at: instants[n]!,
    read: new Set(read),
    truth: state === undefined ? [] : [{ id: 'm', timestamp: timestamp * 1_000, state, sha256: `${state}-${n}` }],
  }));
}

/** The hashes the message may have in the archive; undefined if it must not be there. */
function shasOf(all: readonly Observation[]): string[] | undefined {
  const one = expectation(all, layout, recentDays).expected.get('m');
  return one && [...one.shas];
}

describe('the expected archive', () => {
  it('holds a message that was closed when its slot was first read', () => {
    expect(shasOf(observe(['closed']))).toEqual(['closed-0']);
    expect(shasOf(observe(['open']))).toBeUndefined();
    expect(shasOf(observe(['unalerted']))).toBeUndefined();
    expect(shasOf(observe(['invalid']))).toBeUndefined();
  });

  it('holds a message that was pending and is closed now, even in a settled slot', () => {
    expect(shasOf(observe(['open', 'open', 'closed']))).toEqual(['closed-2']);
  });

  it('holds a message that arrived late, which the audit finds', () => {
    expect(shasOf(observe([undefined, 'closed', 'closed']))).toEqual(['closed-1']);
    expect(shasOf(observe([undefined, 'open', 'closed']))).toEqual(['closed-2']);
  });

  it('keeps the closed version of a re-opened message', () => {
    expect(shasOf(observe(['closed', 'open', 'open']))).toEqual(['closed-0']);
  });

  it('takes no new version from a settled slot unless a plan reads it', () => {
    expect(shasOf(observe(['closed', 'closed', 'closed']))).toEqual(['closed-0']);
    const chosen = [slotAt(settledAt, layout).id];
    expect(shasOf(observe(['closed', 'closed', 'closed'], settledAt, chosen))).toEqual([
      'closed-0',
      'closed-1',
      'closed-2',
    ]);
  });

  it('takes new versions from a live slot, and once more to settle it', () => {
    const live = Date.parse('2025-12-20');
    expect(shasOf(observe(['unalerted', 'closed', 'closed'], live))).toEqual(['closed-1', 'closed-2']);
  });

  it('holds no message later than the run', () => {
    expect(shasOf(observe(['closed'], instants[0]))).toBeUndefined();
    expect(shasOf(observe(['closed', 'closed'], instants[0]))).toEqual(['closed-1']);
  });

  it('lacks, and counts, a message that got its first alert after its slot settled', () => {
    const { expected, unnoticed } = expectation(observe(['unalerted', 'unalerted', 'closed']), layout, recentDays);
    expect([expected.size, unnoticed]).toEqual([0, 1]);
  });

  it('holds no message without an id', () => {
    const truth = [{ id: null, timestamp: settledAt * 1_000, state: 'closed' as const, sha256: 'x' }];
    expect(expectation([{ at: instants[0]!, read: new Set(), truth }], layout, recentDays).expected.size).toBe(0);
  });
});

describe('compare', () => {
  const row = (change: Partial<Row> = {}): Row => ({ id: 'm', sha: 'closed-2', holds: true, ...change });
  const expected = expectation(
    observe(['closed', 'open', 'closed'], settledAt, [slotAt(settledAt, layout).id]),
    layout,
    60,
  );
  const none = { messages: 1, missing: [], extra: [], twice: [], damaged: [], foreign: [], older: [] };

  it.each([
    ['the expected version', [row()], {}, true],
    ['an earlier closed version', [row({ sha: 'closed-0' })], { older: ['m'] }, true],
    ['a missing message', [], { missing: ['m'] }, false],
    ['an extra message', [row(), row({ id: 'n' })], { extra: ['n'] }, false],
    ['a message twice', [row(), row()], { twice: ['m'] }, false],
    ['a payload that does not match its hash', [row({ holds: false })], { damaged: ['m'] }, false],
    ['a version with an open alert', [row({ sha: 'open-1' })], { foreign: ['m'] }, false],
  ])('finds %s', (_, rows, found, same) => {
    const comparison = compare(expected, rows);
    expect(comparison).toEqual({ ...none, ...found });
    expect(isSame(comparison)).toBe(same);
  });
});
