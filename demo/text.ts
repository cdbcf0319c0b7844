import { date as dateOf } from '../src/report/dates.ts';

/** `1 January 2026`: the UTC date of an ISO instant. */
export function date(iso: string): string {
  return dateOf(Date.parse(iso));
}

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly align: 'left' | 'right';
}

/** Returns the lines of a table: header, rule, and one line per row. Columns are as wide as their content. */
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

/** Returns a text on one line, truncated to `charsMax` characters. */
export function shortened(text: string, charsMax: number): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  const characters = [...line];
  return characters.length <= charsMax ? line : `${characters.slice(0, charsMax - 1).join('')}…`;
}
