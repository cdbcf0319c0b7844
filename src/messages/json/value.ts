import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonError,
  type JsonText,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  scalarEnd,
  spaceEnd,
  stringEnd,
} from './tokens.ts';

/** Maximum nesting of objects and lists, including the outermost. */
export const depthMax = 1_000;

/** The text is nested deeper than {@link depthMax}. */
export class JsonDepthError extends JsonError {}

/**
 * The offset after the JSON value (RFC 8259) that begins at `start`, at the given nesting depth. Iterative.
 * @throws JsonError if it is not JSON; JsonDepthError if it is nested too deep
 */
export function valueEnd(text: JsonText, start: number, depth: number): number {
  const { bytes } = text;
  const closings: number[] = [];
  for (let pos = start; ; ) {
    const opened = closingOf(bytes[pos]);
    if (opened === undefined) {
      pos = scalarEnd(text, pos);
    } else {
      checkDepth(depth + closings.length, pos);
      closings.push(opened);
      pos += 1;
    }
    let isFirst = opened !== undefined;
    let innermost = closings[closings.length - 1];
    for (; innermost !== undefined; innermost = closings[closings.length - 1]) {
      pos = spaceEnd(bytes, pos);
      if (bytes[pos] !== innermost) break;
      closings.pop();
      pos += 1;
      isFirst = false;
    }
    if (innermost === undefined) return pos;
    if (!isFirst) pos = afterComma(bytes, pos);
    if (innermost === CLOSE_OBJECT) pos = afterColon(bytes, nameEnd(text, pos));
  }
}

function closingOf(byte: number | undefined): number | undefined {
  return byte === OPEN_OBJECT ? CLOSE_OBJECT : byte === OPEN_LIST ? CLOSE_LIST : undefined;
}

/** @throws JsonDepthError if an object or list at `start`, at the given nesting depth, is too deep */
export function checkDepth(depth: number, start: number): void {
  if (depth >= depthMax) throw new JsonDepthError(`more than ${depthMax} levels of nesting`, start);
}

/** The offset after the name of a member. @throws JsonError */
export function nameEnd(text: JsonText, start: number): number {
  if (text.bytes[start] !== QUOTE) throw new JsonError('missing name in quotes', start);
  return stringEnd(text, start);
}

/** The offset of the value after the colon that must follow at `pos`. @throws JsonError */
export function afterColon(bytes: Uint8Array, pos: number): number {
  const colon = spaceEnd(bytes, pos);
  if (bytes[colon] !== COLON) throw new JsonError('missing colon', colon);
  return spaceEnd(bytes, colon + 1);
}

/** The offset of the next token after the comma that must be at `pos`. @throws JsonError */
export function afterComma(bytes: Uint8Array, pos: number): number {
  if (bytes[pos] !== COMMA) throw new JsonError('missing comma or closing bracket', pos);
  return spaceEnd(bytes, pos + 1);
}
