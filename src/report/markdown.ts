/** Characters that are not seen, or that change how others are. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from outside on one line, for a place that is no Markdown. */
export function plain(text: string, charactersMax: number): string {
  return cut(text.replaceAll(/\s+/g, ' ').replaceAll(unseen, '\ufffd').trim(), charactersMax);
}

/**
 * Text from outside, as a code span on one line: nothing in it mentions a person, links, or is HTML or Markdown. A backtick
 * becomes an apostrophe, since none can be escaped in there. Not for the cell of a table, which a `|` would end.
 */
export function code(text: string, charactersMax: number): string {
  const visible = plain(text, charactersMax).replaceAll('`', "'");
  return visible === '' ? '(empty)' : `\`${visible}\``;
}

/** An id from outside as {@link code}, also for a cell: what cannot stand there is written as in JSON, `\u007c`. */
export function idCode(id: string, charactersMax: number): string {
  const escaped = cut(id, charactersMax)
    .replaceAll('\\', '\\\\')
    .replaceAll(/[`|]/g, asUnicode)
    .replaceAll(unseen, asUnicode);
  return code(escaped, Number.POSITIVE_INFINITY);
}

function asUnicode(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function cut(text: string, charactersMax: number): string {
  // Two units of UTF-16 make one character at most: no need to take a long text apart.
  const characters = [...text.slice(0, 2 * charactersMax + 2)];
  return characters.length > charactersMax ? `${characters.slice(0, charactersMax).join('')}…` : text;
}

const urlCharactersMax = 500;

/** A link, or its words alone where the address is none that a browser should be sent to. */
export function link(words: string, url: string | undefined): string {
  const isPlain = url !== undefined && url.length <= urlCharactersMax && /^https?:\/\/[^\s<>()[\]\\|"`]+$/.test(url);
  return isPlain ? `[${words}](${url})` : words;
}

/** A part of a page: a head, and rows of which it can lack some. */
export interface Part {
  readonly head: readonly string[];
  readonly rows?: readonly string[];
  /** Rows that are shown at most. */
  readonly rowsMax?: number;
  /** What stands in the place of so many rows that are not shown. */
  readonly rest?: (count: number) => string;
}

/**
 * The parts as Markdown, in their order, with as many of their rows as fit. A part whose head does not fit is left out.
 * @param bytesMax of the text in UTF-8
 */
export function page(parts: readonly Part[], bytesMax: number): string {
  const heads = takeWhileFit(parts, bytesMax);
  let room = bytesMax - heads.reduce((sum, part) => sum + leastBytes(part), 0);
  const texts = heads.map((part) => {
    const { head, rows = [], rowsMax = Number.POSITIVE_INFINITY, rest } = part;
    const shown: string[] = [];
    for (const row of rows.slice(0, rowsMax)) {
      if (bytesOf(row) > room) break;
      room -= bytesOf(row);
      shown.push(row);
    }
    const left = rows.length - shown.length;
    return [...head, ...shown, ...(left > 0 && rest !== undefined ? [rest(left)] : [])].join('\n');
  });
  return `${texts.join('\n\n')}\n`;
}

function takeWhileFit(parts: readonly Part[], bytesMax: number): readonly Part[] {
  let bytes = 0;
  const end = parts.findIndex((part) => {
    bytes += leastBytes(part);
    return bytes > bytesMax;
  });
  return end === -1 ? parts : parts.slice(0, end);
}

/** Of a part without rows, with what follows it. */
function leastBytes({ head, rows = [], rest }: Part): number {
  const lines = [...head, ...(rows.length > 0 && rest !== undefined ? [rest(rows.length)] : []), ''];
  return lines.reduce((sum, line) => sum + bytesOf(line), 0);
}

/** Of a line, with its end. */
function bytesOf(line: string): number {
  return Buffer.byteLength(line) + 1;
}
