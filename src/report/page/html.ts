/** What stands between the tags of a template; nothing where it is undefined. */
export type Content = Html | string | number | undefined | readonly Content[];

/** Markup in which all that came from outside is text: made only by {@link html} and {@link trusted}. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Markup with contents in it, each as text, in elements and in quoted attributes alike; markup stays markup. */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(String.raw({ raw: template }, ...contents.map(markupOf)));
}

/** A text of this project's own that stands as it is: a style or a script. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** A link to an address that a browser may be sent to; any other address as text. */
export function link(address: string, content: Content): Html {
  const isWeb = /^https?:$/.test(URL.parse(address)?.protocol ?? '');
  return isWeb ? html`<a href="${address}" rel="noreferrer">${content}</a>` : html`${content}`;
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

/** Characters that are not seen, end a line, or turn the direction of what follows. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from outside as it can be shown on one line: what is not seen as `\u{202e}`, and cut after so many characters. */
export function shown(text: string, charactersMax: number): string {
  // Two units of UTF-16 make one character at most: no need to take a long text apart.
  const characters = [...text.slice(0, 2 * charactersMax)];
  const isCut = characters.length > charactersMax || text.length > 2 * charactersMax;
  const visible = characters
    .slice(0, charactersMax)
    .join('')
    .replaceAll(unseen, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
  return isCut ? `${visible}…` : visible;
}
