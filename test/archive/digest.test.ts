import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/archive/digest.ts';
import { packShas } from '../../src/archive/rows.ts';
import { describeSchema } from '../../src/archive/schema.ts';

const shas = ['11'.repeat(32), 'ab'.repeat(32), '00'.repeat(32)];
const ids = ['b', 'a "quoted"\n', '\u{1f600}é'];
const schema = describeSchema({ columns: [] });
const digest = (over: Partial<{ schema: string; ids: string[]; shas: string[] }> = {}) =>
  contentDigest(over.schema ?? schema, { ids: over.ids ?? ids, shas: packShas(over.shas ?? shas) });

describe('contentDigest', () => {
  it('is stable across versions', () => {
    expect(digest()).toBe('f9208d72bd8f17b6567b524c09de69a50bc6b8e3131c0ad73d37123fa9f77a35');
  });

  it('is the SHA-256 of the schema line and a line for each row', () => {
    const lines = [schema, ...ids.map((id, n) => `${JSON.stringify(id)} ${shas[n]}`)];
    expect(digest()).toBe(
      createHash('sha256')
        .update(`${lines.join('\n')}\n`)
        .digest('hex'),
    );
  });

  it('depends on every id and hash, on the order and on the schema', () => {
    const others = [
      ...ids.map((_, n) => digest({ ids: ids.with(n, `${ids[n]}x`) })),
      ...shas.map((_, n) => digest({ shas: shas.with(n, 'cd'.repeat(32)) })),
      digest({ ids: ids.toReversed(), shas: shas.toReversed() }),
      digest({ ids: ids.slice(1), shas: shas.slice(1) }),
      digest({ schema: describeSchema({ columns: [{ name: 'subject', pointer: ['subject'], type: 'string' }] }) }),
    ];
    expect(new Set([digest(), ...others]).size).toBe(others.length + 1);
  });

  it('accepts a view of a larger buffer', () => {
    const larger = new Uint8Array(200).fill(7);
    larger.set(packShas(shas), 50);
    const view = larger.subarray(50, 50 + 96);
    expect(contentDigest(schema, { ids, shas: view })).toBe(digest());
  });
});
