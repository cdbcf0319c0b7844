import { date as dateOf } from '../src/report/dates.ts';

/** `1 January 2026`: the UTC day of an ISO instant. */
export function date(iso: string): string {
  return dateOf(Date.parse(iso));
}

/** A cell of a table: numbers and sizes stand at the right. */
export interface Column {
  readonly name: string;
  readonly align: 'deferred' | 'right';
}

/** Lines of a table: a head, a rule, and a line for each row; as wide as what it holds. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ name }, n) => Math.max(name.length, ...rows.map((row) => row[n]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => (columns[n]!.align === 'right' ? cell.padStart(widths[n]!) : cell.padEnd(widths[n]!)))
      .join('   ')
      .trimEnd();
  return [
    line(columns.map(({ name }) => name)),
    widths.map((width) => '─'.repeat(width)).join('   '),
    ...rows.map(line),
  ];
}

/** A text on one line, of at most so many characters. */
export function shortened(text: string, charsMax: number): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  const characters = [...line];
  return characters.length <= charsMax ? line : `${characters.slice(0, charsMax - 1).join('')}…`;
}
