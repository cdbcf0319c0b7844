import { expect, it } from 'vitest';
import { date, shortened, table } from '../../demo/words.ts';

it('writes a day as UTC has it', () => {
  expect(date('2026-01-01T00:00:00Z')).toBe('1 January 2026');
  expect(date('2026-12-31T23:59:59.999Z')).toBe('31 December 2026');
});

it('aligns a table by what it holds', () => {
  const columns = [
    { name: 'status', align: 'deferred' },
    { name: 'n', align: 'right' },
  ] as const;
  expect(
    table(columns, [
      ['closed', '1,234'],
      ['no', '5'],
    ]),
  ).toEqual(['status       n', '──────   ─────', 'closed   1,234', 'no           5']);
  expect(table(columns, [])).toEqual(['status   n', '──────   ─']);
});

it('shortens a text to one line without cutting a character', () => {
  expect(shortened(' a\r\n\tb\u0000c ', 10)).toBe('a b c');
  expect(shortened('😀😀😀', 3)).toBe('😀😀😀');
  expect(shortened('😀😀😀😀', 3)).toBe('😀😀…');
});
