import { describe, it } from 'vitest';
import { columnsShape } from '../support/messages.ts';
import { messageTexts, wholeObjects } from '../support/whole-objects.ts';

const { assertIntact, assertDamagesFound } = await wholeObjects();

// The cheaper cases are in test/worker/whole.test.ts.
describe.each(['parquet', 'jsonl'] as const)('readObject of a whole object of %s', (format) => {
  it('accepts many data pages, and more values than a dictionary holds', async () => {
    await assertIntact(format, columnsShape, messageTexts(42_000));
  });

  it('finds 510 random damages, unless no reader sees them', () => assertDamagesFound(format, 510), 240_000);
});
