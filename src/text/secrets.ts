/** Shorter texts are not masked: that would make the log unreadable and protect little. */
const secretCharsMin = 4;
/** In server texts, fragments of this many consecutive characters of a secret are masked, since texts may be truncated. */
const partChars = 8;
const mask = '***';

/** All spellings of all secrets, longest first, so that a shorter one does not split a longer one. */
let spellings: readonly string[] = [];
/** All fragments of {@link partChars} characters; computed on demand. */
let parts: ReadonlySet<string> | undefined;
/** The latest secrets that are soon out of use. */
let brief: readonly string[] = [];
const briefMax = 100;

/**
 * Registers a secret to be masked by {@link masked} and {@link maskedParts} for the lifetime of the process: verbatim,
 * URL-encoded, as a JSON string, in Base64 and in hexadecimal.
 */
export function keepSecret(secret: string): void {
  const lines = secret.split(/[\r\n]+/).filter((line) => line.length >= secretCharsMin);
  const found = new Set([...spellings, ...lines.flatMap(spellingsOf)]);
  if (found.size === spellings.length) return;
  spellings = [...found].sort((a, b) => b.length - a.length);
  parts = undefined;
}

/**
 * Keeps a secret out as {@link keepSecret} does, until so many others of its kind came that it is out of use: each page of an
 * API may bring another one.
 */
export function keepSecretBriefly(secret: string): void {
  if (secret.length < secretCharsMin || brief.includes(secret)) return;
  brief = [...brief.slice(1 - briefMax), secret];
}

/** Replaces every secret by `***`. */
export function masked(text: string): string {
  const brieflyKept = brief.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return [...spellings, ...brieflyKept].reduce((rest, spelling) => rest.replaceAll(spelling, mask), text);
}

/** Replaces every secret, and every fragment of one, by `***`. For texts from servers. */
export function maskedParts(text: string): string {
  const whole = masked(text);
  parts ??= new Set(spellings.flatMap(partsOf));
  if (parts.size === 0) return whole;
  let result = '';
  let shownUntil = 0;
  for (let at = 0; at + partChars <= whole.length; at++) {
    if (!parts.has(whole.slice(at, at + partChars))) continue;
    let end = at + partChars;
    while (end < whole.length && parts.has(whole.slice(end - partChars + 1, end + 1))) end += 1;
    result += whole.slice(shownUntil, at) + mask;
    shownUntil = end;
    at = end - 1;
  }
  return result + whole.slice(shownUntil);
}

function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const encoded = [0, 1, 2].flatMap((shift) => base64Within(bytes, shift));
  const json = JSON.stringify(secret).slice(1, -1);
  const spelled = [secret, encodeURIComponent(secret), json, ...encoded, hex, hex.replaceAll(/..(?!$)/g, '$& ')];
  return spelled.filter((spelling) => spelling.length >= secretCharsMin);
}

/** The Base64 characters of a secret within a longer text, at offset `shift` in a group of three bytes. */
function base64Within(bytes: Buffer, shift: number): string[] {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const own = encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
}

function partsOf(spelling: string): string[] {
  return Array.from({ length: Math.max(0, spelling.length - partChars + 1) }, (_, n) =>
    spelling.slice(n, n + partChars),
  );
}
