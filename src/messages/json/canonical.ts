import { Buffer } from 'node:buffer';
import { textOf } from './tokens.ts';

/** A number as it is spelled: 1 and 1.0 are two, and digits beyond a double's are kept. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Whether two valid JSON texts (UTF-8) have the same content: whatever the order of members and the whitespace, whatever
 * escapes spell a string; numbers as they are spelled; of members of one name the last.
 * @throws SyntaxError where one is not JSON
 */
export function sameContent(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0 || isSame(parse(a), parse(b));
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(textOf({ bytes, start: 0, end: bytes.length }), keepNumberText);
}

/** `context` is newer than its type declarations: how a number, a string or a literal is spelled. */
function keepNumberText(_name: string, value: unknown, context?: { readonly source: string }): unknown {
  return typeof value === 'number' ? new NumberText(context!.source) : value;
}

/** Recursive: a message is at most `depthMax` deep. */
function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof NumberText) return b instanceof NumberText && a.text === b.text;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (b instanceof NumberText || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && isSame(Reflect.get(a, name), Reflect.get(b, name)));
}
