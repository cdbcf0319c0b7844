import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/archive/digest.ts';
import { type Findings, joinFindings } from '../../src/export/findings.ts';
import { Reading } from '../../src/export/reading.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { Spool, segmentBytes } from '../../src/memory/spool.ts';
import { DAY_MS } from '../../src/windows/interval.ts';
import { plainShape } from '../support/messages.ts';
import { type Held, pageOf, type Telling, tell } from '../support/model-source.ts';

const interval = { start: Date.parse('2024-06-01'), end: Date.parse('2024-06-11') };
const readAt = Date.parse('2024-09-01');
let folder = '';
let spools = 0;
const memory = new BufferPool(2 * segmentBytes);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reading-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function newReading(ids?: ReadonlySet<string>, deliversOnce = false): { reading: Reading; spool: Spool } {
  spools += 1;
  const spool = new Spool(memory, join(folder, `${spools}.spool`));
  return {
    reading: new Reading({ interval, source: 'api', readAt, spool, shape: plainShape, ids, deliversOnce }),
    spool,
  };
}

/** The findings of a read of these pages, sorted, with bytes instead of spool positions. */
async function found(pages: readonly (readonly Held[])[], only?: ReadonlySet<string>) {
  const { reading, spool } = newReading(only);
  const scanned = await Promise.all(pages.map((page) => pageOf(plainShape, page)));
  await Promise.all(scanned.map((page) => reading.take(page)));
  const findings = reading.findings();
  const described = await describeFindings(findings, spool);
  await spool.close();
  return { ...described, distinct: reading.distinct, fingerprint: reading.fingerprint() };
}

async function describeFindings(findings: Findings, spool: Spool) {
  const text = async (position: number, length: number) =>
    Buffer.from(await spool.read(position, length)).toString('latin1');
  const { closed } = findings;
  const order = closed.order();
  const rows = [];
  for (const at of order) {
    const { sha, position, length, ...row } = closed.row(at);
    const payload = await text(position, length);
    expect(createHash('sha256').update(payload, 'latin1').digest('hex')).toBe(Buffer.from(sha).toString('hex'));
    rows.push({ ...row, payload });
  }
  const invalid = [];
  for (const { sha, reason, position, length } of findings.invalid)
    invalid.push({ sha, reason, bytes: await text(position, length) });
  const { counts } = findings;
  expect(counts.read).toBe(counts.closed + counts.open + counts.unalerted + counts.invalid + counts.duplicates);
  return {
    rows,
    digest: contentDigest('schema', closed.columns(order)),
    open: findings.open.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    unalerted: [...findings.unalerted].sort(),
    invalid: invalid.sort((a, b) => (a.sha < b.sha ? -1 : 1)),
    counts,
    outside: findings.outside,
    conflicting: findings.conflicting.toSorted(),
  };
}

/** A message that a source may return: of few ids, so that they collide; in and around the interval; at two times; or invalid. */
const anyHeld: fc.Arbitrary<Held> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        id: fc.constantFrom('a', 'b', 'c', 'd', 'é\u{1f600}'),
        day: fc.constantFrom(-1, 0, 5, 9, 10),
        statuses: fc.constantFrom<string[][]>(['closed'], ['closed', 'CLOSED'], ['open'], ['closed', 'new'], []),
        text: fc.constantFrom('one', 'two'),
        changed: fc.constantFrom(undefined, interval.start, interval.start + 1),
      })
      .map(({ id, day, statuses, text, changed }) => {
        const telling: Telling = { id, at: interval.start + day * DAY_MS, statuses, text };
        return tell(changed === undefined ? telling : { ...telling, changed });
      }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Held[]>(
      { id: '', at: interval.start, json: '{"message_id": }' },
      { id: '', at: interval.start, json: '17' },
      { id: 'a', at: interval.start, json: '{"message_id":"a"}' },
      { id: '', at: interval.start, json: '{"timestamp":"2024-06-03T00:00:00Z"}' },
      { id: '', at: interval.start, json: '{"timestamp":"2024-06-11T00:00:00Z"}' },
    ),
  },
);

const anyPages = fc.array(fc.array(anyHeld, { maxLength: 6 }), { maxLength: 5 });

function shuffled<T>(items: readonly T[], keys: readonly number[]): T[] {
  return items
    .map((item, n) => ({ item, key: keys[n % keys.length]! * (n + 1) }))
    .sort((a, b) => (a.key % 97) - (b.key % 97))
    .map(({ item }) => item);
}

describe('Reading', () => {
  it.each<[string, string[], number, ReadonlySet<string> | undefined, boolean]>([
    ['keeps a page as it is of which most is wanted', ['closed'], interval.start, undefined, true],
    ['copies what is wanted of a page that is mostly not', [], interval.start, undefined, false],
    ['copies it of a page that mostly belongs to other slots', ['closed'], interval.end, undefined, false],
    ['copies it of a page that mostly was not looked for', ['closed'], interval.start, new Set(['a']), false],
  ])('%s', async (_, statuses, at, only, isKept) => {
    const { reading, spool } = newReading(only);
    const wanted = tell({ id: 'a', at: interval.start, statuses: ['closed'] });
    const other = tell({ id: 'b', at, statuses, text: 'x'.repeat(5_000) });
    const page = await pageOf(plainShape, [wanted, other]);
    await reading.take(page);
    const kept = (await spool.flush()).segments;
    expect(kept.length).toBe(1);
    expect(kept[0] === page.bytes.buffer).toBe(isKept);
    await spool.close();
  });

  it('finds the same in any order of pages and of messages on them', async () => {
    const anyKeys = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 5, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(anyPages, anyKeys, async (pages, keys) => {
        const others = shuffled(
          pages.map((page) => shuffled(page, keys)),
          keys,
        );
        expect(await found(others)).toEqual(await found(pages));
      }),
      { numRuns: 80 },
    );
  });

  it('finds the same messages on any pages, repeated any number of times', async () => {
    const content = ({ counts, outside, ...rest }: Awaited<ReturnType<typeof found>>) => {
      const { read, duplicates, ...states } = counts;
      return { ...rest, states, outside: outside + read - read };
    };
    await fc.assert(
      fc.asyncProperty(anyPages, fc.nat({ max: 7 }), async (pages, cut) => {
        const all = pages.flat();
        const once = await found(all.map((held) => [held]));
        const repeated = await found([all.slice(cut), all.slice(0, cut), all.slice(0, cut + 1), all.slice(cut)]);
        expect({ ...content(repeated), outside: 0 }).toEqual({ ...content(once), outside: 0 });
        expect(once.counts.duplicates).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('counts every message of a response once: in its state, as a duplicate, or outside', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyHeld, { maxLength: 12 }), async (page) => {
        const { counts, outside } = await found([page]);
        expect(counts.read + outside).toBe(page.length);
      }),
      { numRuns: 50 },
    );
  });

  it('determines states by alerts, and keeps open and invalid messages', async () => {
    const held = [
      tell({ id: 'closed', at: interval.start, statuses: ['closed', 'Closed'] }),
      tell({ id: 'open', at: interval.start, statuses: ['closed', 'investigating'] }),
      tell({ id: 'unalerted', at: interval.start, statuses: [] }),
      { id: '', at: interval.start, json: '{"message_id":"x","timestamp":"soon"}' },
      tell({ id: 'before', at: interval.start - 1, statuses: ['closed'] }),
      tell({ id: 'last', at: interval.end - 1, statuses: ['closed'] }),
      tell({ id: 'after', at: interval.end, statuses: ['closed'] }),
    ];
    const result = await found([held]);
    expect(result.counts).toEqual({ read: 5, closed: 2, open: 1, unalerted: 1, invalid: 1, duplicates: 0 });
    expect(result.outside).toBe(2);
    expect(result.rows.map(({ id, payload }) => [id, payload])).toEqual([
      ['closed', held[0]!.json],
      ['last', held[5]!.json],
    ]);
    expect(result.open).toEqual([
      {
        id: 'open',
        timestamp: BigInt(interval.start) * 1000n,
        openAlerts: ['open-1'],
        openAlertCount: 1,
        openStatuses: ['investigating'],
      },
    ]);
    expect(result.unalerted).toEqual(['unalerted']);
    expect(result.invalid).toMatchObject([{ reason: 'timestamp cannot be parsed', bytes: held[3]!.json }]);
  });

  it('keeps the content whose alerts changed last, and names the id', async () => {
    const older = tell({ id: 'a', at: interval.start, statuses: ['closed'], changed: interval.start, text: 'older' });
    const newer = tell({ id: 'a', at: interval.start, statuses: ['open'], changed: interval.start + 1, text: 'newer' });
    for (const pages of [[[older, newer]], [[newer, older]], [[older], [newer]], [[newer], [older]]]) {
      const result = await found(pages);
      expect(result.open.map(({ id }) => id)).toEqual(['a']);
      expect(result.rows).toEqual([]);
      expect(result.conflicting).toEqual(['a']);
    }
  });

  it('prefers content in the slot to content outside, whatever changed last', async () => {
    const inside = tell({ id: 'a', at: interval.start, statuses: ['closed'], changed: interval.start });
    const outside = tell({ id: 'a', at: interval.end, statuses: ['closed'], changed: interval.end });
    for (const page of [
      [inside, outside],
      [outside, inside],
    ]) {
      const result = await found([page]);
      expect(result.rows.map(({ payload }) => payload)).toEqual([inside.json]);
      expect(result.conflicting).toEqual(['a']);
    }
  });

  it('counts messages with other ids than those to search as outside', async () => {
    const held = ['a', 'b', 'c'].map((id) => tell({ id, at: interval.start, statuses: ['closed'] }));
    const result = await found([held], new Set(['b', 'z']));
    expect(result.rows.map(({ id }) => id)).toEqual(['b']);
    expect(result.counts).toMatchObject({ read: 1, closed: 1 });
    expect(result.outside).toBe(2);
  });

  it('has a fingerprint that changes with any changed, missing or added message', async () => {
    const a = tell({ id: 'a', at: interval.start, statuses: ['closed'] });
    const b = tell({ id: 'b', at: interval.start, statuses: [] });
    const invalid = { id: '', at: 0, json: '1' };
    const changed = tell({ id: 'b', at: interval.start, statuses: ['open'] });
    const all = [[a, b], [a], [a, changed], [a, b, invalid], [b], []];
    const prints = await Promise.all(all.map(async (page) => (await found([page])).fingerprint));
    expect(new Set(prints).size).toBe(all.length);
  });
});

describe('isWhole', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => tell({ id, at: interval.start, statuses: ['closed'] })) as [
    Held,
    Held,
    Held,
  ];
  const other = tell({ id: 'a', at: interval.start, statuses: ['open'] });
  const invalid = { id: '', at: 0, json: '1' };
  const outside = tell({ id: 'o', at: interval.end, statuses: ['closed'] });

  it.each<[string, Held[][], number, boolean]>([
    ['nothing of nothing', [], 0, true],
    ['nothing of one', [], 1, false],
    ['all', [[a, b], [c]], 3, true],
    ['one too few', [[a, b]], 3, false],
    ['one too many', [[a, b], [c]], 2, false],
    ['one twice on a page, which the source counts as two', [[a, a, b]], 3, true],
    ['one twice on a page, but counted once', [[a, a, b]], 2, false],
    ['one on two pages, which may have pushed another out', [[a, b], [b]], 3, false],
    [
      'one on two pages, none missing',
      [
        [a, b],
        [b, c],
      ],
      3,
      true,
    ],
    ['one on two pages and twice on the second', [[a], [a, a]], 2, true],
    [
      'one twice on each of two pages',
      [
        [a, a],
        [a, a],
      ],
      2,
      true,
    ],
    ['two contents of one id on a page', [[a, other]], 2, true],
    ['two contents of one id on two pages', [[a], [other]], 2, false],
    ['an invalid one', [[a, invalid]], 2, true],
    ['an invalid one twice on a page', [[invalid, invalid]], 2, true],
    ['an invalid one on two pages', [[invalid], [invalid]], 2, false],
    ['one outside of the slot', [[a, outside]], 2, true],
  ])('%s', async (_, pages, total, expected) => {
    for (const order of [pages, pages.toReversed()]) {
      const { reading, spool } = newReading();
      for (const page of order) await reading.take(await pageOf(plainShape, page));
      expect(reading.isWhole(total)).toBe(expected);
      await spool.close();
    }
  });
});

describe('ranges of a reading', () => {
  const held = (id: string, day = 0, text?: string) =>
    tell({ id, at: interval.start + day * DAY_MS, statuses: ['closed'], ...(text !== undefined && { text }) });
  const take = async (reading: Reading, ...pages: Held[][]) => {
    for (const page of pages) await reading.take(await pageOf(plainShape, page));
  };

  it('are complete each on their own, and share messages', async () => {
    const { reading, spool } = newReading();
    await take(reading, [held('a'), held('b', 1)], [held('c', 2)]);
    expect([reading.isWhole(3), reading.isWhole(2)]).toEqual([true, false]);
    reading.beginRange();
    await take(reading, [held('c', 2), held('d', 3)]);
    expect([reading.isWhole(2), reading.distinctOfRange, reading.distinct, reading.held]).toEqual([true, 2, 4, 4]);
    expect(reading.findings().counts).toMatchObject({ read: 4, closed: 4, duplicates: 0 });
    await spool.close();
  });

  it('are not proven if a message came only in an abandoned one', async () => {
    const { reading, spool } = newReading();
    await take(reading, [held('a'), held('b', 1), tell({ id: '', at: 0, statuses: [] })]);
    reading.beginRange(true);
    await take(reading, [held('a')]);
    reading.beginRange();
    await take(reading, [tell({ id: '', at: 0, statuses: [] })]);
    expect(reading.hasOnlyProven()).toBe(false);
    await take(reading, [held('b', 1)]);
    expect(reading.hasOnlyProven()).toBe(true);
    await spool.close();
  });

  it('count a message on two pages as a duplicate only on request, and name it', async () => {
    const { reading, spool } = newReading();
    await take(reading, [held('a'), held('b', 1)], [held('c', 2), held('a')], [held('b', 1, 'other')]);
    expect([reading.isWhole(5), reading.isWhole(3), reading.isWholeIfTwinsAreHeld(5)]).toEqual([false, true, true]);
    expect(reading.findings()).toMatchObject({ counts: { read: 3, duplicates: 0 }, twins: [], conflicting: ['b'] });
    expect(reading.twinsOfRange()).toBe('["a 1","b 1"]');
    reading.holdTwins();
    expect(reading.findings()).toMatchObject({ counts: { read: 5, duplicates: 2 }, twins: ['a', 'b'] });
    await spool.close();
  });

  it('have the length of their longest page', async () => {
    const { reading, spool } = newReading();
    await take(reading, [held('a')], [held('b', 1), held('c', 2)]);
    expect(reading.pageLengthMax).toBe(2);
    reading.beginRange();
    expect(reading.pageLengthMax).toBe(0);
    await spool.close();
  });
});

describe('joinFindings', () => {
  it('joins several findings, with the earliest time', async () => {
    const { reading: one, spool } = newReading(new Set(['a', 'b', 'c']));
    await one.take(
      await pageOf(plainShape, [
        tell({ id: 'a', at: interval.start, statuses: ['closed'] }),
        tell({ id: 'b', at: interval.start, statuses: [] }),
      ]),
    );
    const ids = new Set(['c', 'd']);
    const two = new Reading({ interval, source: 'api', readAt: readAt - 5, spool, shape: plainShape, ids });
    await two.take(
      await pageOf(plainShape, [
        tell({ id: 'c', at: interval.start, statuses: ['open'] }),
        tell({ id: 'd', at: interval.start, statuses: ['closed'] }),
        tell({ id: 'e', at: interval.start, statuses: ['closed'] }),
      ]),
    );
    const joined = joinFindings([one.findings(), two.findings()]);
    expect(joined.readAt).toBe(readAt - 5);
    expect([joined.closed.find('a'), joined.closed.find('d')]).toEqual([0, 1]);
    expect(joined.open.map(({ id }) => id)).toEqual(['c']);
    expect([...joined.unalerted]).toEqual(['b']);
    expect(joined.counts).toEqual({ read: 4, closed: 2, open: 1, unalerted: 1, invalid: 0, duplicates: 0 });
    expect(joined.outside).toBe(1);
    await spool.close();
  });

  it('refuses an empty list', () => {
    expect(() => joinFindings([])).toThrow('no findings');
  });
});

describe('Reading of a source that delivers once', () => {
  it('counts every repetition as a duplicate, on whatever pages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyHeld, { maxLength: 12 }), fc.nat({ max: 12 }), async (all, cut) => {
        const onOnePage = await found([all]);
        const { reading, spool } = newReading(undefined, true);
        for (const page of [all.slice(0, cut), all.slice(cut)]) await reading.take(await pageOf(plainShape, page));
        expect(reading.isWhole(all.length)).toBe(true);
        const { counts, outside } = reading.findings();
        expect({ counts, outside }).toEqual({ counts: onOnePage.counts, outside: onOnePage.outside });
        await spool.close();
      }),
      { numRuns: 80 },
    );
  });
});
