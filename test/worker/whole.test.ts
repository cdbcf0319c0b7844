import { describe, expect, it } from 'vitest';
import type { MessageShape } from '../../src/messages/message.ts';
import { columnsShape, plainShape } from '../support/messages.ts';
import { messageTexts, messageWithColumns, wholeObjects } from '../support/whole-objects.ts';

const { assertIntact, readAs, assertDamagesFound } = await wholeObjects();

describe.each(['parquet', 'jsonl'] as const)('readObject of a whole object of %s', (format) => {
  it.each<[string, MessageShape, readonly string[]]>([
    ['one row', columnsShape, messageTexts(1)],
    ['many rows', columnsShape, messageTexts(300)],
    ['rows with thousands of alerts', columnsShape, [...messageTexts(9, 9_001), messageWithColumns(9, 1)]],
    ['no declared columns', plainShape, messageTexts(40)],
    [
      'columns without values',
      { ...columnsShape, columns: [{ name: 'none', pointer: ['none'], type: 'string' }] },
      messageTexts(40),
    ],
    [
      'texts with common prefixes longer than statistics, and with all kinds of characters',
      columnsShape,
      ['a', 'z', '\u{10ffff}', 'ÿ', '\u0000', '\ud83d', ''].map((end, n) =>
        messageWithColumns(n)
          .replace('"alerts"', `"subject":${JSON.stringify(`${'\u{1f600}ÿ'.repeat(40)}${end}`)},"alerts"`)
          .replace(/,"subject":"subject[^"]*"/, ''),
      ),
    ],
    [
      'a payload that fills a row group by itself',
      columnsShape,
      [...messageTexts(3), messageWithColumns(7).replace('{', `{"body":"${'x'.repeat(12_000_000)}",`)],
    ],
  ])('accepts %s', (_, shape, texts) => assertIntact(format, shape, texts));

  it('accepts an object older than the last declared columns, and no other columns', async () => {
    const { columns } = columnsShape;
    const older = { ...columnsShape, columns: columns.slice(0, 2) };
    const { whole } = await readAs(format, messageTexts(20), older, columnsShape);
    expect(whole!.difference).toBeUndefined();
    const other = { ...columnsShape, columns: columns.slice(2) };
    await expect(readAs(format, messageTexts(20), older, other)).rejects.toThrow(
      'its columns differ from those of the archive',
    );
  });

  // All 510 are in test/cases/whole.test.ts.
  it('finds random damage, unless no reader sees it', () => assertDamagesFound(format, 60));
});
