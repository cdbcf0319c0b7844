import { expect, it } from 'vitest';
import { date, shortened, table } from '../../demo/text.ts';

it('formats a date in UTC', () => {
  expect(date('2026-01-01T00:00:00Z')).toBe('1 January 2026');
  expect(date('2026-12-31T23:59:59.999Z')).toBe('31 December 2026');
});

it('aligns the columns of a table', () => {
  const columns = [
    { name: 'status', align: 'left' },
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

it('truncates a text to one line without splitting a character', () => {
  expect(shortened(' a\r\n\tb\u0000c ', 10)).toBe('a b c');
  expect(shortened('😀😀😀', 3)).toBe('😀😀😀');
  expect(shortened('😀😀😀😀', 3)).toBe('😀😀…');
});
