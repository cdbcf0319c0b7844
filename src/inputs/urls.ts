/** The HTTP URL in a text; undefined if it is none. URL.parse alone accepts `https:host`, `https:\\host` and line breaks. */
export function parseHttp(text: string): URL | undefined {
  const url = /^https?:\/\/[^/\\\s][^\\\s]*$/i.test(text) ? URL.parse(text) : null;
  return url ?? undefined;
}

/** The text of an input without what may be a password, a query or a fragment. Unlike publicUrl, it accepts any text. */
export function withoutSecrets(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1').replace(/([?#]).*$/s, '$1…');
}
