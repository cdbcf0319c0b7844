/** An HTTP address; undefined where the text is none. URL.parse alone takes `https:host` and `https:\\host`, and drops line breaks. */
export function parseHttp(text: string): URL | undefined {
  const url = /^https?:\/\/[^/\\\s][^\\\s]*$/i.test(text) ? URL.parse(text) : null;
  return url ?? undefined;
}

/** Without what may be a password, also where the text is no address, and without its query string and fragment. */
export function withoutSecrets(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1').replace(/([?#]).*$/s, '$1…');
}
