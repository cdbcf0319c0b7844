/** A URL for people: without user name, password, query and fragment, any of which may be secret. */
export function publicUrl(url: string | URL): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
