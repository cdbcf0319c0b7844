/** Characters that are invisible, or that change how others are displayed. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Returns untrusted text on one line, for use outside Markdown. */
export function plain(text: string, charactersMax: number): string {
  return cut(text.replaceAll(/\s+/g, ' ').replaceAll(unseen, '\ufffd').trim(), charactersMax);
}

/**
 * Returns untrusted text as a code span on one line, so that nothing in it is a mention, a link, HTML or Markdown. Backticks
 * become apostrophes, since a code span cannot escape them. Not for table cells, which a `|` would end.
 */
export function code(text: string, charactersMax: number): string {
  const visible = plain(text, charactersMax).replaceAll('`', "'");
  return visible === '' ? '(empty)' : `\`${visible}\``;
}

/** Returns an untrusted id as {@link code}, also for table cells: forbidden characters are escaped as in JSON, `\u007c`. */
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
  // A character has at most two UTF-16 units: the rest of a long text need not be split.
  const characters = [...text.slice(0, 2 * charactersMax + 2)];
  return characters.length > charactersMax ? `${characters.slice(0, charactersMax).join('')}…` : text;
}

const urlCharactersMax = 500;

/** Returns a link, or its words alone if the URL is absent or unsafe. */
export function link(words: string, url: string | undefined): string {
  const isPlain = url !== undefined && url.length <= urlCharactersMax && /^https?:\/\/[^\s<>()[\]\\|"`]+$/.test(url);
  return isPlain ? `[${words}](${url})` : words;
}

/** A part of a document: a head, and rows of which some may be omitted. */
export interface Part {
  readonly head: readonly string[];
  readonly rows?: readonly string[];
  /** The maximum number of rows shown. */
  readonly rowsMax?: number;
  /** Returns the line that replaces the omitted rows. */
  readonly rest?: (count: number) => string;
}

/**
 * Builds Markdown from the parts in order, with as many rows as fit. Stops before the first part whose head does not fit.
 * @param bytesMax the maximum size in UTF-8
 */
export function document(parts: readonly Part[], bytesMax: number): string {
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
    const omitted = rows.length - shown.length;
    return [...head, ...shown, ...(omitted > 0 && rest !== undefined ? [rest(omitted)] : [])].join('\n');
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

/** Returns the size of a part that omits all its rows, including the blank line after it. */
function leastBytes({ head, rows = [], rest }: Part): number {
  const lines = [...head, ...(rows.length > 0 && rest !== undefined ? [rest(rows.length)] : []), ''];
  return lines.reduce((sum, line) => sum + bytesOf(line), 0);
}

/** Returns the size of a line, including its line break. */
function bytesOf(line: string): number {
  return Buffer.byteLength(line) + 1;
}
