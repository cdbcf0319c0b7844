import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Row, Rows } from '../../src/archive/rows.ts';
import type { Findings } from '../../src/export/findings.ts';
import { assertContent, type ConfirmedAt, nextRows, planMerge } from '../../src/export/merge.ts';

type State = 'closed' | 'open' | 'unalerted' | 'absent';

/** The state of each id in one read. */
interface Met {
  readonly readAt: number;
  readonly messages: readonly { readonly id: string; readonly state: State; readonly text: string }[];
}

const sha = (text: string) => createHash('sha256').update(text).digest();

function row(id: string, text: string, readAt: number, changes: Partial<Row> = {}): Row {
  return { id, timestamp: 5n, readAt, source: 'api', sha: sha(text), position: 0, length: text.length, ...changes };
}

function rowsOf(...all: readonly Row[]): Rows {
  const rows = new Rows();
  for (const one of all) rows.set(one);
  return rows;
}

function findingsOf({ readAt, messages }: Met): Findings {
  const of = (state: State) => messages.filter((message) => message.state === state);
  return {
    readAt,
    source: 'api',
    closed: rowsOf(...of('closed').map(({ id, text }) => row(id, `${id} ${text}`, readAt))),
    open: of('open').map(({ id }) => ({ id, timestamp: 5n, openAlerts: [], openAlertCount: 1 })),
    unalerted: new Set(of('unalerted').map(({ id }) => id)),
    invalid: [],
    counts: { read: 0, closed: 0, open: 0, unalerted: 0, invalid: 0, duplicates: 0 },
    outside: 0,
    conflicting: [],
    twins: [],
    bytes: 0,
  };
}

const never: ConfirmedAt = () => 0;

/** One merge, in which every payload with other bytes counts as amended. */
function merged(archived: Rows, met: Met, isFull = true, confirmedAt = never): Rows {
  const found = findingsOf(met);
  const { added, differing } = planMerge(archived, found, isFull, confirmedAt);
  return nextRows(
    archived,
    found.closed,
    added,
    differing.map((pair) => pair.found),
  );
}

function content(rows: Rows): [string, string][] {
  return Array.from(rows.order(), (at) => [rows.id(at), Buffer.from(rows.sha(at)).toString('hex')]);
}

/**
 * Reads of a source whose messages change from version to version. A version never comes back: the archive keeps when unchanged
 * content was first read.
 */
const anyLives = fc
  .array(
    fc.array(
      fc.record({
        later: fc.integer({ min: 1, max: 2 }),
        state: fc.constantFrom<State>('closed', 'closed', 'open', 'unalerted', 'absent'),
        changed: fc.boolean(),
      }),
      { minLength: 5, maxLength: 5 },
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((lives): Met[] => {
    const instants = lives[0]!.map((_, n) => lives[0]!.slice(0, n + 1).reduce((sum, { later }) => sum + later, 0));
    return instants.map((readAt, n) => ({
      readAt,
      messages: lives.map((life, k) => {
        const version = life.slice(0, n + 1).filter(({ changed }) => changed).length;
        return { id: `m${k}`, state: life[n]!.state, text: `version ${version}` };
      }),
    }));
  });

/** Three reads of messages that alternate between versions, and always have alerts. */
const anyReturns = fc
  .array(
    fc.array(fc.record({ state: fc.constantFrom<State>('closed', 'open'), version: fc.nat({ max: 1 }) }), {
      minLength: 3,
      maxLength: 3,
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((lives): Met[] =>
    [1, 2, 3].map((readAt, n) => ({
      readAt,
      messages: lives.map((life, k) => ({ id: `m${k}`, state: life[n]!.state, text: `version ${life[n]!.version}` })),
    })),
  );

/** The archive after full reads merged in this order, given what ledger and staging know of the latest read. */
function mergedWithLedger(readings: readonly Met[]): Rows {
  let rows = new Rows();
  let latest: Met = { readAt: 0, messages: [] };
  for (const met of readings) {
    const pending = new Set(latest.messages.filter(({ state }) => state === 'open').map(({ id }) => id));
    const { readAt } = latest;
    rows = merged(rows, met, true, (id) => (pending.has(id) ? 0 : readAt));
    if (met.readAt > readAt) latest = met;
  }
  return rows;
}

const anyOrder = fc.array(fc.nat({ max: 4 }), { maxLength: 12 });

describe('merging', () => {
  it('gives the same content in any order, with any retries (promise 2: once)', () => {
    fc.assert(
      fc.property(anyLives, anyOrder, (readings, extra) => {
        const inOrder = readings.reduce((rows, met) => merged(rows, met), new Rows());
        const shuffled = [...extra, 4, 3, 2, 1, 0].reduce((rows, n) => merged(rows, readings[n]!), new Rows());
        expect(content(shuffled)).toEqual(content(inOrder));
        expect(new Set(content(inOrder).map(([id]) => id)).size).toBe(inOrder.size);
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same content in any order if a version comes back (promise 2: once)', () => {
    const orders = [
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    fc.assert(
      fc.property(anyReturns, fc.constantFrom(...orders), (readings, order) => {
        const shuffled = mergedWithLedger(order.map((n) => readings[n]!));
        expect(content(shuffled)).toEqual(content(mergedWithLedger(readings)));
      }),
      { numRuns: 300 },
    );
  });

  it('never loses an archived id, and replaces a row only by a later one (promise 3: never less)', () => {
    fc.assert(
      fc.property(anyLives, anyOrder, fc.boolean(), (readings, order, isFull) => {
        let rows = new Rows();
        for (const n of order) {
          const next = merged(rows, readings[n]!, isFull);
          for (let at = 0; at < rows.size; at += 1) {
            const kept = next.find(rows.id(at))!;
            expect(next.readAt(kept)).toBeGreaterThanOrEqual(rows.readAt(at));
          }
          rows = next;
        }
      }),
      { numRuns: 100 },
    );
  });

  it('archives exactly the ids that a read found closed (promise 6: closed only)', () => {
    fc.assert(
      fc.property(anyLives, (readings) => {
        const closed = readings.flatMap(({ messages }) => messages.filter(({ state }) => state === 'closed'));
        const rows = readings.reduce((all, met) => merged(all, met), new Rows());
        expect(content(rows).map(([id]) => id)).toEqual([...new Set(closed.map(({ id }) => id))].sort());
      }),
    );
  });
});

describe('planMerge', () => {
  const archived = rowsOf(
    ...['same', 'changed', 'older', 'open', 'bare', 'removed'].map((id) => row(id, `${id} 1`, 10)),
  );
  const met: Met = {
    readAt: 20,
    messages: [
      { id: 'same', state: 'closed', text: '1' },
      { id: 'changed', state: 'closed', text: '2' },
      { id: 'new', state: 'closed', text: '1' },
      { id: 'open', state: 'open', text: '' },
      { id: 'bare', state: 'unalerted', text: '' },
      { id: 'elsewhere', state: 'open', text: '' },
      { id: 'older', state: 'closed', text: '1' },
    ],
  };

  it('finds added, differing, re-opened, unalerted and removed messages', () => {
    const found = findingsOf(met);
    const plan = planMerge(archived, found, true, never);
    expect(plan.added.map((at) => found.closed.id(at))).toEqual(['new']);
    expect(plan.differing).toEqual([{ archived: archived.find('changed'), found: found.closed.find('changed') }]);
    expect(plan.reopened).toEqual(['open']);
    expect(plan.unalerted).toEqual(['bare']);
    expect(plan.removed).toEqual(['removed']);
  });

  it('reports no message as removed after a re-check', () => {
    expect(planMerge(archived, findingsOf(met), false, never).removed).toEqual([]);
  });

  it('ignores re-opened, amended or removed messages that a later read archived', () => {
    const since = rowsOf(...['open', 'bare', 'removed', 'changed'].map((id) => row(id, `${id} 1`, 21)));
    expect(planMerge(since, findingsOf(met), true, never)).toMatchObject({
      differing: [],
      reopened: [],
      closedSince: ['open'],
      unalerted: [],
      removed: [],
    });
  });

  it('ignores re-opened, amended or removed messages that a later read confirmed', () => {
    const found = findingsOf({ ...met, readAt: 20 });
    expect(planMerge(archived, found, true, () => 21)).toMatchObject({
      differing: [],
      reopened: [],
      closedSince: ['open'],
      unalerted: [],
      removed: [],
    });
  });

  it('does not count a read of the same instant as later', () => {
    const { reopened, closedSince, removed } = planMerge(archived, findingsOf(met), true, () => 20);
    expect({ reopened, closedSince, removed }).toEqual({ reopened: ['open'], closedSince: [], removed: ['removed'] });
  });

  it('keeps an archived row that was read later than the one found', () => {
    const older = findingsOf({ readAt: 9, messages: [{ id: 'changed', state: 'closed', text: '2' }] });
    expect(planMerge(archived, older, false, never).differing).toEqual([]);
  });

  it('prefers the greater hash of two reads of one instant, whichever is archived', () => {
    const one = { readAt: 10, messages: [{ id: 'm', state: 'closed' as const, text: 'one' }] };
    const two = { readAt: 10, messages: [{ id: 'm', state: 'closed' as const, text: 'two' }] };
    const winner = Buffer.compare(sha('m one'), sha('m two')) > 0 ? 'm one' : 'm two';
    for (const order of [
      [one, two],
      [two, one],
    ]) {
      const rows = order.reduce((all, met) => merged(all, met), new Rows());
      expect(content(rows)).toEqual([['m', sha(winner).toString('hex')]]);
    }
  });

  it('adds messages that the archive lacks', () => {
    const found = findingsOf({
      readAt: 1,
      messages: ['b', 'c', 'a'].map((id) => ({ id, state: 'closed' as const, text: '' })),
    });
    const archived = new Rows();
    archived.take(found.closed, found.closed.find('c')!);
    expect(
      planMerge(archived, found, true, never)
        .added.map((at) => found.closed.id(at))
        .sort(),
    ).toEqual(['a', 'b']);
  });
});

describe('assertContent', () => {
  const slot = { id: 'a-slot', start: 0, end: 10 };
  const good = row('a', 'text', 1, { timestamp: 0n });

  it('accepts content with every archived message, in the slot, with its payload', () => {
    const next = rowsOf(good, row('b', 'text', 1, { timestamp: 9_999n }));
    expect(() => assertContent(next, rowsOf(good), slot)).not.toThrow();
  });

  it.each<[string, Rows, Rows]>([
    ['an archived message is missing', rowsOf(good), rowsOf(good, row('b', 'text', 1))],
    ['a timestamp is outside of the slot', rowsOf(row('a', 'text', 1, { timestamp: -1n })), new Rows()],
    ['a timestamp is outside of the slot', rowsOf(row('a', 'text', 1, { timestamp: 10_000n })), new Rows()],
    ['a payload is missing', rowsOf(row('a', 'text', 1, { position: -1 })), new Rows()],
  ])('refuses content in which %s', (invariant, next, archived) => {
    expect(() => assertContent(next, archived, slot)).toThrow(
      `The next content of slot a-slot violates an invariant: ${invariant}.`,
    );
  });

  it('refuses content in which an id occurs twice', () => {
    class TwiceRows extends Rows {
      override id(): string {
        return 'a';
      }
    }
    const next = new TwiceRows();
    next.set(good);
    next.set({ ...good, id: 'b' });
    expect(() => assertContent(next, new Rows(), slot)).toThrow('an id occurs twice');
  });
});
