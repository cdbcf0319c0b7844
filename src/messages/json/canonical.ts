import { Buffer } from 'node:buffer';
import { textOf } from './tokens.ts';

/** A number by its spelling: 1 and 1.0 differ, and digits beyond double precision are kept. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Compares the content of two valid JSON texts (UTF-8), ignoring whitespace, the order of members and the escapes in
 * strings. Numbers are compared by spelling. The last of several members of the same name counts.
 * @throws SyntaxError if a text is not JSON
 */
export function sameContent(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0 || isSame(parse(a), parse(b));
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(textOf({ bytes, start: 0, end: bytes.length }), keepNumberText);
}

/** TypeScript does not declare `context` yet. `source` is the raw text of a primitive value. */
function keepNumberText(_name: string, value: unknown, context?: { readonly source: string }): unknown {
  return typeof value === 'number' ? new NumberText(context!.source) : value;
}

/** Recursive, since a message is at most `depthMax` deep. */
function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof NumberText) return b instanceof NumberText && a.text === b.text;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (b instanceof NumberText || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && isSame(Reflect.get(a, name), Reflect.get(b, name)));
}
