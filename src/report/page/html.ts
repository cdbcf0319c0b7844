/** A value in a template; undefined renders as nothing. */
export type Content = Html | string | number | undefined | readonly Content[];

/** Safe markup: made only by {@link html} and {@link trusted}. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Returns markup. Values are escaped, in elements and in quoted attributes; {@link Html} is inserted as it is. */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(String.raw({ raw: template }, ...contents.map(markupOf)));
}

/** Returns unescaped text of this project: a style or a script. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** Returns a link to an HTTP URL, or its content alone for any other URL. */
export function link(url: string, content: Content): Html {
  const isWeb = /^https?:$/.test(URL.parse(url)?.protocol ?? '');
  return isWeb ? html`<a href="${url}" rel="noreferrer">${content}</a>` : html`${content}`;
}

function markupOf(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(markupOf).join('');
  return String(content).replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that are invisible, end a line, or change the direction of text. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Returns untrusted text on one line, with invisible characters as `\u{202e}`, cut after `charactersMax` characters. */
export function shown(text: string, charactersMax: number): string {
  // A character has at most two UTF-16 units: the rest of a long text need not be split.
  const characters = [...text.slice(0, 2 * charactersMax)];
  const isCut = characters.length > charactersMax || text.length > 2 * charactersMax;
  const visible = characters
    .slice(0, charactersMax)
    .join('')
    .replaceAll(unseen, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
  return isCut ? `${visible}…` : visible;
}
