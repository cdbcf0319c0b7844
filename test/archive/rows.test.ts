import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareIds, isSource, packShas, type Row, Rows, shaBytes, sourceAt } from '../../src/archive/rows.ts';
import { sourceNames } from '../../src/messages/message.ts';
import { anyCharacter } from '../support/texts.ts';

const anyId = fc.oneof(
  fc.string({ unit: anyCharacter, minLength: 1, maxLength: 4 }).filter((id) => id.isWellFormed()),
  fc
    .array(fc.constantFrom('a', '\0', '\u007f', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'))
    .map((parts) => `x${parts.join('')}`),
);

function row(id: string, changes: Partial<Row> = {}): Row {
  const sha = new Uint8Array(shaBytes).fill(id.length);
  return { id, timestamp: 0n, readAt: 1, source: 'api', sha, position: -1, length: 0, ...changes };
}

function idsInOrder(rows: Rows): string[] {
  return Array.from(rows.order(), (at) => rows.id(at));
}

describe('compareIds', () => {
  it('orders ids by their UTF-8 bytes', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(Math.sign(compareIds(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('puts U+FFFF before U+10000, unlike JavaScript', () => {
    expect('\uffff' < '\u{10000}').toBe(false);
    expect(compareIds('\uffff', '\u{10000}')).toBeLessThan(0);
  });
});

describe('Rows', () => {
  it('order sorts by timestamp, then by the bytes of the id', () => {
    const anyRows = fc.uniqueArray(fc.tuple(anyId, fc.bigInt({ min: -2n, max: 2n })), { selector: ([id]) => id });
    fc.assert(
      fc.property(anyRows, (given) => {
        const rows = new Rows();
        for (const [id, timestamp] of given) rows.set(row(id, { timestamp }));
        const expected = given
          .toSorted(([a, x], [b, y]) => Number(x - y) || Buffer.compare(Buffer.from(a), Buffer.from(b)))
          .map(([id]) => id);
        expect(idsInOrder(rows)).toEqual(expected);
      }),
    );
  });

  it('keep every value while they grow far beyond their initial size', () => {
    const rows = new Rows();
    const count = 5000;
    for (let n = 0; n < count; n += 1) {
      const source = n % 2 === 0 ? 'api' : 'elasticsearch';
      const sha = new Uint8Array(shaBytes).fill(n % 256);
      rows.set({
        id: `id-${n}`,
        timestamp: BigInt(-n),
        readAt: n * 1e9,
        source,
        sha,
        position: n * 2 ** 33,
        length: n,
      });
    }
    expect(rows.size).toBe(count);
    for (let n = 0; n < count; n += 7) {
      const at = rows.find(`id-${n}`)!;
      expect(rows.row(at)).toEqual({
        id: `id-${n}`,
        timestamp: BigInt(-n),
        readAt: n * 1e9,
        source: n % 2 === 0 ? 'api' : 'elasticsearch',
        sha: new Uint8Array(shaBytes).fill(n % 256),
        position: n * 2 ** 33,
        length: n,
      });
    }
    expect(rows.find('id-5000')).toBeUndefined();
  });

  it('set replaces the row of an existing id', () => {
    const rows = new Rows();
    const first = rows.set(row('a', { timestamp: 5n }));
    rows.set(row('b'));
    expect(rows.set(row('a', { timestamp: 7n, position: 3, length: 2 }))).toBe(first);
    expect(rows.size).toBe(2);
    expect(rows.row(first)).toMatchObject({ timestamp: 7n, position: 3, length: 2 });
  });

  it('copy hashes and columns', () => {
    const rows = new Rows();
    const sha = new Uint8Array(shaBytes).fill(1);
    const at = rows.set(row('a', { sha }));
    sha.fill(9);
    expect(rows.sha(at)[0]).toBe(1);
    const columns = rows.columns(rows.order());
    rows.set(row('a', { sha }));
    expect(columns.shas[0]).toBe(1);
  });

  it('columns returns them in the requested order', () => {
    const rows = new Rows();
    rows.set(row('b', { timestamp: 2n, source: 'elasticsearch', position: 10, length: 5, readAt: 20 }));
    rows.set(row('a', { timestamp: 1n, position: 20, length: 6, readAt: 10 }));
    const columns = rows.columns(rows.order());
    expect(columns.ids).toEqual(['a', 'b']);
    expect([...columns.timestamps]).toEqual([1n, 2n]);
    expect([...columns.positions]).toEqual([20, 10]);
    expect([...columns.lengths]).toEqual([6, 5]);
    expect([...columns.readAts]).toEqual([10, 20]);
    expect([sourceAt(columns, 0), sourceAt(columns, 1)]).toEqual(['api', 'elasticsearch']);
  });

  it.each(sourceNames)('keep the source %s', (source) => {
    const rows = new Rows();
    rows.set(row('a', { source }));
    expect(rows.source(0)).toBe(source);
    expect(sourceAt(rows.columns(rows.order()), 0)).toBe(source);
    expect(isSource(source)).toBe(true);
  });

  it('place sets the position of a payload later', () => {
    const rows = new Rows();
    const at = rows.set(row('a'));
    rows.place(at, 2 ** 40, 77);
    expect([rows.position(at), rows.length(at)]).toEqual([2 ** 40, 77]);
  });
});

describe('packShas', () => {
  it('gives each hash 32 bytes, even if its text is malformed', () => {
    const hash = 'ab'.repeat(shaBytes);
    const packed = packShas([hash, 'no hex', `${hash}cd`, '']);
    expect(packed.length).toBe(4 * shaBytes);
    const hex = (n: number) => Buffer.from(packed.subarray(n * shaBytes, (n + 1) * shaBytes)).toString('hex');
    expect([0, 1, 2, 3].map(hex)).toEqual([hash, '00'.repeat(shaBytes), hash, '00'.repeat(shaBytes)]);
  });
});
