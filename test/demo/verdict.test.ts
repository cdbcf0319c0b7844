import { expect, it } from 'vitest';
import { verdict } from '../../demo/verdict.ts';

it('tells the comparison in one line', () => {
  const none = { missing: [], extra: [], twice: [], damaged: [], foreign: [], older: [] };
  expect(verdict({ ...none, messages: 1_234 }, 0)).toEqual([
    'compared with the source: 1,234 messages, 0 missing, 0 extra, 0 twice',
    "payloads: 0 differ from their SHA-256, 0 from the source's own bytes",
  ]);
  expect(verdict({ ...none, messages: 2, missing: ['a'], older: ['b'] }, 3)).toHaveLength(4);
});
