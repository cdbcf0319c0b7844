import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COMMA, isSpace, OPEN_LIST, OPEN_OBJECT, QUOTE } from './tokens.ts';

/**
 * The offset after a value that may not be valid JSON. An object or a list ends after the bracket that balances its first
 * one; a string ends after its closing quote; anything else ends before the whitespace that precedes the next `,`, `]` or
 * `}`. Strings are skipped, and all kinds of brackets count alike. The end of the bytes ends every value.
 */
export function skipBalanced(bytes: Uint8Array, start: number): number {
  const bare = bytes[start] !== OPEN_LIST && bytes[start] !== OPEN_OBJECT && bytes[start] !== QUOTE;
  let depth = 0;
  let end = start;
  for (let pos = start; pos < bytes.length; ) {
    const byte = bytes[pos]!;
    if (depth === 0 && (byte === COMMA || byte === CLOSE_LIST || byte === CLOSE_OBJECT)) return end;
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
    if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    pos = byte === QUOTE ? looseStringEnd(bytes, pos) : pos + 1;
    if (!isSpace(byte)) end = pos;
    if (depth === 0 && !bare) return end;
  }
  return end;
}

function looseStringEnd(bytes: Uint8Array, start: number): number {
  let pos = start + 1;
  while (pos < bytes.length && bytes[pos] !== QUOTE) pos += bytes[pos] === BACKSLASH ? 2 : 1;
  return Math.min(pos + 1, bytes.length);
}
