import { safeLine } from './safe-line.ts';
import { maskedParts } from './secrets.ts';

const saidCharsMax = 200;
/** Nesting of errors, as in `{"error":{"reason":"…"}}`. */
const depthMax = 3;
/** Members in which APIs describe an error, most specific first. */
const members = [
  'message',
  'Message',
  'error_description',
  'detail',
  'reason',
  'title',
  'description',
  'error',
  'errors',
] as const;

/**
 * A server's error message from a response body, as one line of at most {@link saidCharsMax} characters with secrets masked;
 * undefined if the body has no readable message. HTML is described by its title.
 * @param body may be truncated
 */
export function saidIn(body: string): string | undefined {
  const text = body.replace(/^\ufeff/, '').trim();
  if (text === '') return undefined;
  if (text.startsWith('<')) return titleOf(text);
  const value = jsonOf(text);
  const said = value === undefined ? plainText(text) : textIn(value, depthMax);
  return said === undefined ? undefined : sayable(said);
}

/** Makes a server's text safe to show: one line, masked, truncated. */
export function sayable(text: string): string {
  const line = maskedParts(safeLine(maskedParts(text)))
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return line.length > saidCharsMax ? `${line.slice(0, saidCharsMax).trimEnd()}…` : line;
}

/** ` (page_size must be between 1 and 100)`, to follow a status code; '' if there is nothing to show. */
export function inBrackets(said: string | undefined): string {
  return said === undefined || said === '' ? '' : ` (${said})`;
}

function titleOf(text: string): string | undefined {
  if (!/^<(?:!doctype html|html|head|body|title)\b/i.test(text)) return undefined;
  const [, title = ''] = /<title[^>]*>([^<]*)/i.exec(text) ?? [];
  const shown = sayable(title);
  return shown === '' ? 'an HTML page' : `an HTML page, "${shown}"`;
}

/** Plain text, truncated: error messages are short. Undefined for broken JSON. */
function plainText(text: string): string | undefined {
  return /^[{[]/.test(text) ? undefined : text.slice(0, saidCharsMax * 4);
}

function textIn(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  if (Array.isArray(value)) return textIn(value[0], depth - 1);
  const parts = value as Readonly<Record<string, unknown>>;
  for (const name of members) {
    const own = Object.hasOwn(parts, name) ? parts[name] : undefined;
    const said = textIn(own, depth - 1);
    if (said !== undefined) return said;
  }
  return undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
