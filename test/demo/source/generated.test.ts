import { expect, test } from 'vitest';
import { Generated } from '../../../demo/source/generated.ts';
import { Texts } from '../../../demo/source/text.ts';

test('a few subjects are truncated inside an emoji: valid JSON with a lone surrogate as an escape', () => {
  const content = new Generated(6, new Texts(6, 100_000), [1_000, 2_000]);
  const subjects = Array.from({ length: 2_000 }, (_, index) => {
    const value = content.membersOf(index, 0, false).find(([name]) => name === 'subject')?.[1] ?? '""';
    const parts = typeof value === 'string' ? [value] : value;
    return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString())).join(''));
  });
  const cut = subjects.filter((subject: string) => !subject.isWellFormed());
  expect(cut.length).toBeGreaterThan(0);
  expect(cut.length).toBeLessThan(20);
  for (const subject of cut) expect(subject).toMatch(/ \ud83d$/);
});
