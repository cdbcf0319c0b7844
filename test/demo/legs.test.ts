import { expect, it } from 'vitest';
import { legLine } from '../../demo/legs.ts';

it('prints a leg in columns', () => {
  const outputs = { archived: '1431', open: '12', 'objects-written': '3' };
  expect(legLine('2018-12-20..2019-12-20', { outputs, tookMs: 1_540 })).toBe(
    '2018-12-20..2019-12-20  archived 1,431  pending   12  files   3  1.5 s',
  );
});
