import { expect, it } from 'vitest';
import { verdict } from '../../demo/verdict.ts';

it('prints the comparison', () => {
  const none = { missing: [], extra: [], twice: [], damaged: [], foreign: [], older: [] };
  expect(verdict({ ...none, messages: 1_234 }, 0)).toEqual([
    '1,234 messages expected: 0 missing, 0 extra, 0 duplicate',
    "payloads: 0 differ from their SHA-256, 0 differ from the source's bytes",
  ]);
  expect(verdict({ ...none, messages: 2, missing: ['a'], older: ['b'] }, 3)).toHaveLength(4);
});
