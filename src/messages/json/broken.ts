import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COMMA, isSpace, OPEN_LIST, OPEN_OBJECT, QUOTE } from './tokens.ts';

/**
 * The offset after a value that need not be JSON: of an object or a list, after the bracket that balances its first one;
 * of a string, after its closing quote; of anything else, before the next `,`, `]` or `}` and the whitespace before that.
 * Strings are stepped over, brackets are counted whatever their kind. The end of the bytes ends every value.
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
